import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/helpers/longest-first.js';

/** `npm test`; `npm run test:faults` kills threads, `:long` for half an hour; `npm run test:model` checks the model. */
const suite =
  process.env.SFU_STATS_FAULTS !== undefined
    ? 'faults'
    : process.env.SFU_STATS_MODEL !== undefined
      ? 'model'
      : '';

export default defineConfig({
  test: {
    include: [suite === '' ? 'test/**/*.test.ts' : `test/${suite}/**/*.test.ts`],
    exclude: suite === '' ? ['test/faults/**', 'test/model/model.test.ts'] : [],
    // Tests start real threads; two cores are shared by all of them. Those of faults wait much of their time.
    pool: 'forks',
    // A mutant's copy has no source maps that could be read.
    server: { deps: { external: [/sfu-stats-mutant-/] } },
    maxWorkers: suite === 'faults' ? 3 : 2,
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
