import { describe, expect, test } from 'vitest';
import { BALANCED, balance, recordPackets, startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { DrainGaps, runKills } from '../helpers/kill-run.js';
import { Mutant } from '../helpers/mutant.js';
import { MortalWorkers } from '../helpers/thread-drill.js';

const KILLS = inForm(120, 1_700);

describe.each([
  [1, 101],
  [2, 202],
  [4, 404],
])('with %i shards (seed %i), stats workers that end in every way there is', (shards, seed) => {
  test('lose not a byte: every window of every track is exact, and there once', async () => {
    const { problems, audit, samples, ends, gaps, drops } = await runKills({ seed, shards, kills: KILLS });
    console.info(
      `${shards} shards, ended: ${JSON.stringify(ends)}; without a drain: ${JSON.stringify(gaps)}`,
    );
    expect(problems).toEqual([]);
    expect(Object.values(ends).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(KILLS);
    expect(Object.entries(ends).filter(([, count]) => count === 0)).toEqual([]);
    expect(balance(audit)).toEqual(BALANCED);
    expect(audit.reported.UPSTREAM.samples).toBe(samples);
    expect(drops).toMatchObject({ scoresLost: 0, flushesIncomplete: 0 });
  }, 3_600_000);
});

/** Three workers that die while they boot: the pool hands out no task any more. */
async function wedge(mutant?: Mutant): Promise<void> {
  let deadBorn = 0;
  let isPlagued = false;
  using workers = new MortalWorkers(({ asks }) => {
    if (!isPlagued || asks !== 'boot' || deadBorn === 3) return { how: 'live', after: 0 };
    deadBorn++;
    return { how: 'exit', after: 0 };
  }, mutant?.url);
  await using sfu = await startEngine({ threadsUrl: workers.url });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  expect(await sfu.flush()).toEqual([]);
  using gaps = new DrainGaps(sfu);
  isPlagued = true;
  expect(await sfu.engine.terminateStatsWorker(0)).toBe(true);
  recordPackets(recorder, 7);
  expect(await sfu.flush()).toMatchObject([{ primaryPackets: 7 }]);
  expect(deadBorn).toBe(3);
  expect(sfu.engine.status().threads.poolRebuilds).toBeGreaterThan(0);
  expect(sfu.logged('warn')).toContain('nobody drains a shard; its task is run once more');
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  console.info(`wedged, without a drain: ${JSON.stringify(gaps.figures())}`);
}

test('workers that die while they boot wedge the pool, which is noticed, and replaced; nothing is lost', async () => {
  await wedge();
});

test('the control stays wedged where nobody watches the pool', async () => {
  using mutant = new Mutant([
    { file: 'src/engine/timer-loop.js', from: 'this.#parts.pool.watch(', to: 'void (' },
    // Still longer than it takes to replace a pool.
    { file: 'src/engine/flusher.js', from: 'ANSWER_DEADLINE_MS = 10_000', to: 'ANSWER_DEADLINE_MS = 5_000' },
  ]);
  await expect(wedge(mutant)).rejects.toThrow(/^expected \[\] to match object/);
});
