import { defineConfig } from 'vitest/config';

/** `npm run test:faults` kills threads, `:long` for an hour; everything else is `npm test`. */
const faults = process.env.SFU_STATS_FAULTS !== undefined;

export default defineConfig({
  test: {
    include: faults ? ['test/faults/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: faults ? [] : ['test/faults/**'],
    // Tests start real threads; two cores are shared by all of them.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
