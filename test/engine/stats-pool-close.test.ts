import { expect, test, vi } from 'vitest';
import { StatsPool } from '../../dist/src/engine/stats-pool.js';
import { createBoard } from '../../dist/src/memory/board.js';
import { Control, Stop, wakeShard } from '../../dist/src/memory/shard.js';
import { ShardBench } from '../helpers/shard.js';

const WORKER = new URL('../../dist/workers/stats-worker.js', import.meta.url).href;

test('a pool that is started after its timer thread died in a close drains all the same', async () => {
  const { ints, memory } = new ShardBench();
  Atomics.store(ints, Control.I32_STOP, Stop.LEAVE);
  const pool = new StatsPool([memory], WORKER, createBoard(), () => {});
  try {
    await vi.waitUntil(() => Atomics.load(ints, Control.I32_BEAT) > 0, { timeout: 10_000 });
    Atomics.store(ints, Control.I32_REQUEST, 1);
    wakeShard(ints);
    await vi.waitUntil(() => Atomics.load(ints, Control.I32_ANSWERED) === 1, { timeout: 5_000 });
  } finally {
    Atomics.store(ints, Control.I32_STOP, Stop.LEAVE);
    wakeShard(ints);
    await pool.destroy();
  }
  expect(ints[Control.I32_OWNER]).toBe(0);
});
