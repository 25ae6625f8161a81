import { expect, test } from 'vitest';
import { BALANCED, balance } from '../helpers/engine.js';
import { ExporterDeathRun } from '../helpers/exporter-deaths.js';
import { inForm } from '../helpers/fault-form.js';

const KILLS = inForm(32, 1_000);
const SEED = 606;

test(`${KILLS} timer threads die with all exporters and webhooks attached (seed ${SEED}): all is as in a run without`, async () => {
  const rounds = Math.ceil(1.2 * KILLS);
  const undisturbed = await ExporterDeathRun.play({ seed: SEED, rounds, kills: 0 });
  expect(undisturbed).toMatchObject({ problems: [], deaths: 0 });
  const run = await ExporterDeathRun.play({ seed: SEED, rounds, kills: KILLS });
  console.info(
    JSON.stringify(
      run.exporters.map(({ name, accepted, sent, dropped }) => ({ name, accepted, sent, lost: dropped.timerRestart })),
    ),
    JSON.stringify(run.webhooks),
  );
  expect(run.problems).toEqual([]);
  expect(run.deaths).toBeGreaterThanOrEqual(KILLS);
  expect(run.told).toEqual(undisturbed.told);
  expect(run.known).toEqual(undisturbed.known);
  expect(run.metrics).toEqual(undisturbed.metrics);
  expect(balance(run.audit)).toEqual(BALANCED);
  expect(run.audit.reported).toEqual(undisturbed.audit.reported);
}, 3_600_000);
