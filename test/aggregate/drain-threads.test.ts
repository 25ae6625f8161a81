import { afterEach, describe, expect, test, vi } from 'vitest';
import { Control, Stop, wakeShard } from '../../dist/src/memory/shard.js';
import type { DrainAnswer } from '../helpers/drain-thread.js';
import { LaneBench } from '../helpers/lane.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { type RowFields, ShardBench, type TakenWindow } from '../helpers/shard.js';
import { startThread, type TestThread } from '../helpers/thread.js';

const SLOTS = 16;
const threads: TestThread<DrainAnswer>[] = [];

async function startDrain(shard: ShardBench): Promise<TestThread<DrainAnswer>> {
  const thread = await startThread<DrainAnswer>('./drain-thread.ts', shard.memory);
  threads.push(thread);
  return thread;
}

/** What a supervisor does when a stats worker is gone. */
async function kill(shard: ShardBench, thread: TestThread<DrainAnswer>): Promise<void> {
  await thread.stop();
  Atomics.store(shard.ints, Control.I32_OWNER, 0);
}

const otherTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
});

/** Tracks of random growth; the lane waits for room, as a replay does. */
class Source {
  readonly samples: number[] = [];
  readonly bytes: number[] = [];
  readonly scores: number[] = [];
  readonly #lane: LaneBench;
  readonly #random: SeededRandom;

  constructor(shard: ShardBench, seed: number) {
    this.#lane = new LaneBench(shard.memory);
    this.#random = new SeededRandom(seed);
    for (const totals of [this.samples, this.bytes, this.scores]) totals.push(...Array(SLOTS).fill(0));
  }

  async put(records: number): Promise<void> {
    const random = this.#random;
    for (let n = 0; n < records; n++) {
      const slot = random.int(0, SLOTS - 1);
      this.samples[slot]! += 1;
      this.bytes[slot]! += random.int(0, 1500);
      const score = random.chance(0.5) ? random.int(1, 5) : 0;
      const totals = { samples: this.samples[slot]!, primaryBytes: this.bytes[slot]! };
      const record = { slot, totals, score, scoreNumber: this.scores[slot]!, rttMs: slot };
      while (!this.#lane.put(record)) {
        this.#lane.publish();
        await otherTurn();
      }
      if (score > 0) this.scores[slot]! += 1;
    }
    this.#lane.publish();
  }
}

/** Asks for a flush and waits for its window. */
async function flushed(shard: ShardBench): Promise<RowFields[]> {
  const flush = shard.request();
  wakeShard(shard.ints);
  const windows: TakenWindow[] = [];
  await vi.waitFor(() => {
    windows.push(...shard.take());
    expect(windows.at(-1)?.flush).toBe(flush);
  });
  return windows.flatMap(({ rows }) => rows);
}

function sums(rows: readonly RowFields[], value: (row: RowFields) => number): number[] {
  const bySlot = Array<number>(SLOTS).fill(0);
  for (const row of rows) bySlot[row.slot]! += value(row);
  return bySlot;
}

describe('a stats worker in its own thread', () => {
  test.each([
    ['in a ring that is often full', 256, 0, 1],
    ['where the positions pass 2^31', 1024, 2 ** 31 - 40_000, 2],
    ['where the positions pass 2^32', 1024, 2 ** 32 - 40_000, 3],
  ])('gives in its windows exactly what was put, %s', async (_, ringWords, position, seed) => {
    const shard = new ShardBench({ laneSlots: SLOTS, ringWords, scoreBlocks: 500 }, position);
    await startDrain(shard);
    const source = new Source(shard, seed);
    const rows: RowFields[] = [];
    for (let window = 0; window < 10; window++) {
      await source.put(500);
      rows.push(...(await flushed(shard)));
    }
    expect(sums(rows, ({ deltas }) => deltas.samples)).toEqual(source.samples);
    expect(sums(rows, ({ deltas }) => deltas.primaryBytes)).toEqual(source.bytes);
    expect(sums(rows, ({ scores }) => scores)).toEqual(source.scores);
    expect(rows.every(({ rttMs, slot }) => rttMs === slot)).toBe(true);
  });

  test('is made good by its successor when it is terminated while it works', async () => {
    const shard = new ShardBench({ laneSlots: SLOTS, ringWords: 2048, scoreBlocks: 500 });
    const source = new Source(shard, 5);
    const rows: RowFields[] = [];
    for (let death = 0; death < 8; death++) {
      const thread = await startDrain(shard);
      await source.put(400);
      shard.request();
      wakeShard(shard.ints);
      await kill(shard, thread);
      rows.push(...shard.take().flatMap((window) => window.rows));
    }
    await startDrain(shard);
    rows.push(...(await flushed(shard)));
    expect(sums(rows, ({ deltas }) => deltas.samples)).toEqual(source.samples);
    expect(sums(rows, ({ deltas }) => deltas.primaryBytes)).toEqual(source.bytes);
    expect(sums(rows, ({ scores }) => scores)).toEqual(source.scores);
  });

  test('sleeps when there is nothing to do, and wakes for what is published', async () => {
    const shard = new ShardBench({ laneSlots: SLOTS });
    await startDrain(shard);
    await vi.waitFor(() => expect(shard.control(Control.I32_SLEEPING)).toBe(1));
    await new Source(shard, 6).put(1);
    await vi.waitFor(() => expect(shard.reader.isDrained()).toBe(true));
  });

  test('has at most one owner: a second drain leaves at once', async () => {
    const shard = new ShardBench();
    await startDrain(shard);
    await vi.waitFor(() => expect(shard.control(Control.I32_OWNER)).not.toBe(0));
    const owner = shard.control(Control.I32_OWNER);
    const second = await startDrain(shard);
    expect(await second.answer).toBe('owned');
    expect(shard.control(Control.I32_OWNER)).toBe(owner);
  });

  test('leaves when it is told to, and gives the shard back', async () => {
    const shard = new ShardBench();
    const thread = await startDrain(shard);
    Atomics.store(shard.ints, Control.I32_STOP, Stop.LEAVE);
    wakeShard(shard.ints);
    expect(await thread.answer).toBe('stopped');
    expect(shard.control(Control.I32_OWNER)).toBe(0);
  });
});
