import { join } from 'node:path';
import { describe, test } from 'vitest';
import { findProgram } from '../helpers/programs.js';
import { MODELS, searchAll, traceMistake } from '../helpers/spin.js';
import { SCENARIOS } from './scenarios.js';

/** `npm run test:model:traces`: the shortest way to each error, as it lies in docs/model/traces. */
const tellsTraces = process.env.SFU_STATS_MODEL === 'traces';
const INSTALL = 'apt-get install spin gcc libc6-dev';

const isInstalled = findProgram('spin') !== undefined && findProgram('gcc') !== undefined;
const testWithSpin = isInstalled || process.env.CI === 'true' ? test.concurrent : test.skip;
if (!isInstalled) console.warn(`the model is checked with spin: ${INSTALL}`);

describe.each(Object.entries(SCENARIOS))('%s', (_, { model, bounds = [], states, reaches, mistakes }) => {
  testWithSpin('no state has an error, and what must happen does', async ({ expect }) => {
    const search = await searchAll(model, bounds);
    console.info(`${[model, ...bounds].join(' ')}: ${search.states.toLocaleString('en')} states`);
    expect(search).toMatchObject({ errors: 0, isExhaustive: true, reached: [...reaches].sort() });
    expect(search.states).toBeGreaterThan(states);
  });

  for (const [mistake, within] of Object.entries(mistakes)) {
    testWithSpin(`${mistake} is caught`, async ({ expect }) => {
      const trace = await traceMistake(model, mistake, within, tellsTraces);
      if (tellsTraces) await expect(trace).toMatchFileSnapshot(join(MODELS, 'traces', `${mistake}.txt`));
      expect(trace).toMatch(/^(assertion violated|invalid end state)/m);
    });
  }
});
