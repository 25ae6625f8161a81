import { describe, expect, test } from 'vitest';
import { LaneBench } from '../helpers/lane.js';
import type { LaneReaderAnswer, LaneReaderTask } from '../helpers/lane-reader-thread.js';
import { RecordSequence } from '../helpers/record-sequence.js';
import { ShardBench } from '../helpers/shard.js';
import { startThread } from '../helpers/thread.js';

const RECORDS = 15_000;

describe('two threads at one lane', () => {
  test.each([
    ['a small ring that is often full', 128, 0, 1],
    ['a ring whose positions pass 2^31', 1024, 2 ** 31 - 100_000, 2],
    ['a ring whose positions pass 2^32', 1024, 2 ** 32 - 100_000, 3],
  ])('%s: every record arrives, whole and in order', async (_, ringWords, position, seed) => {
    const shard = new ShardBench({ ringWords }, position);
    const task: LaneReaderTask = { memory: shard.memory, seed, records: RECORDS };
    const reader = await startThread<LaneReaderAnswer>('./lane-reader-thread.ts', task);
    try {
      const bench = new LaneBench(shard.memory);
      const sequence = new RecordSequence(seed);
      let full = 0;
      for (let n = 0; n < RECORDS; n++) {
        const record = sequence.next();
        while (!bench.put(record)) {
          full++;
          bench.publish();
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      bench.publish();
      expect(await reader.answer).toEqual({ records: RECORDS, wrong: '' });
      expect(full).toBeGreaterThan(0);
      expect(((bench.lane.position - position) | 0) > 200_000).toBe(true);
    } finally {
      await reader.stop();
    }
  });
});
