import { describe, expect, test } from 'vitest';
import { Control, Entry, Stop } from '../../dist/src/memory/shard.js';
import { LaneBench } from '../helpers/lane.js';
import { type ShardBench as Bench, ShardBench } from '../helpers/shard.js';

const SLOTS = 4;

/** Tracks that get one sample of ten bytes each whenever a test says so. */
function benchWith(laneSlots = SLOTS) {
  const shard = new ShardBench({ laneSlots, ringWords: 16_384 });
  const lane = new LaneBench(shard.memory);
  const samples = Array.from({ length: laneSlots }, () => 0);
  return {
    shard,
    sample(...slots: number[]): void {
      for (const slot of slots) {
        samples[slot]!++;
        const totals = { samples: samples[slot]!, primaryBytes: 10 * samples[slot]! };
        lane.put({ slot, timeMs: 100 * samples[slot]!, totals, score: 3, scoreNumber: samples[slot]! - 1 });
      }
      lane.publish();
    },
  };
}

/** Asks for a flush that nobody takes; says whether its window was closed. */
function closes(shard: Bench): boolean {
  const before = shard.control(Control.I32_WINDOW);
  shard.request();
  shard.step();
  return shard.control(Control.I32_WINDOW) !== before;
}

const merged = (shard: Bench): number => shard.control(Control.I32_MERGED);

describe('a window without room', () => {
  test('in the directory goes on: eight windows can wait, the ninth merges', () => {
    const { shard, sample } = benchWith();
    sample(0);
    expect(closes(shard)).toBe(true);
    // Windows without rows take an entry too.
    for (let n = 1; n < Entry.COUNT; n++) expect(closes(shard)).toBe(true);
    sample(0);
    expect(closes(shard)).toBe(false);
    expect(merged(shard)).toBe(1);
    expect(shard.take()).toHaveLength(Entry.COUNT);
    expect(shard.flush()[0]?.deltas).toMatchObject({ samples: 1, primaryBytes: 10 });
  });

  test('among the rows goes on, and what was written of it is written again', () => {
    const { shard, sample } = benchWith();
    sample(0, 1, 2);
    expect(closes(shard)).toBe(true);
    // One row is free, two are needed.
    sample(0, 3);
    expect(closes(shard)).toBe(false);
    expect(merged(shard)).toBe(1);
    sample(0, 1);
    const [first] = shard.take();
    expect(first?.rows.map(({ slot, deltas }) => [slot, deltas.samples])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    const rows = shard.flush();
    expect(rows.map(({ slot, deltas, scores }) => [slot, deltas.samples, scores])).toEqual([
      [0, 2, 2],
      [1, 1, 1],
      [3, 1, 1],
    ]);
  });

  test('has a start and an end that span both, and loses nothing', () => {
    const { shard, sample } = benchWith(1);
    sample(0);
    closes(shard);
    sample(0);
    closes(shard);
    sample(0);
    shard.take();
    expect(shard.flush()[0]).toMatchObject({ startMs: 100, endMs: 300, deltas: { samples: 2 } });
  });

  test('never keeps a window from closing when all before it were taken: there is a row for every slot', () => {
    const { shard, sample } = benchWith();
    for (let n = 0; n < 20; n++) {
      sample(0, 1, 2, 3);
      expect(shard.flush().map(({ deltas }) => deltas.samples)).toEqual([1, 1, 1, 1]);
    }
    expect(merged(shard)).toBe(0);
  });

  test('writes over no row that is still to be taken, wherever in the ring of rows it is', () => {
    const { shard, sample } = benchWith();
    for (let n = 0; n < 12; n++) {
      sample(0);
      closes(shard);
      sample(1, 2);
      closes(shard);
      sample(3);
      expect(closes(shard)).toBe(true);
      sample(0, 1);
      expect(closes(shard)).toBe(false);
      const rows = shard.take().flatMap(({ rows: taken }) => taken);
      expect(rows.map(({ slot }) => slot)).toEqual([0, 1, 2, 3]);
      expect(rows.every(({ deltas }) => deltas.samples === 1)).toBe(true);
      expect(shard.flush().map(({ slot, deltas }) => [slot, deltas.samples])).toEqual([
        [0, 1],
        [1, 1],
      ]);
    }
  });

  test('answers the flush that it could not close, so that nobody waits for it', () => {
    const { shard, sample } = benchWith(1);
    sample(0);
    closes(shard);
    sample(0);
    const flush = shard.request();
    shard.step();
    expect(shard.control(Control.I32_ANSWERED)).toBe(flush);
    shard.step();
    expect(merged(shard)).toBe(1);
  });

  test('does not merge while the engine stops: the same flush is tried again until there is room', () => {
    const { shard, sample } = benchWith(1);
    sample(0);
    closes(shard);
    sample(0);
    Atomics.store(shard.ints, Control.I32_STOP, Stop.NO_MERGING);
    const flush = shard.request(500);
    shard.step();
    shard.step();
    expect(merged(shard)).toBe(0);
    expect(shard.control(Control.I32_ANSWERED)).not.toBe(flush);
    shard.take();
    shard.step();
    expect(shard.take()).toMatchObject([{ flush, timeMs: 500, rows: [{ deltas: { samples: 1 } }] }]);
    expect(shard.control(Control.I32_ANSWERED)).toBe(flush);
  });
});
