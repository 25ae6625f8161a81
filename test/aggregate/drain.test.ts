import { describe, expect, test } from 'vitest';
import { DrainEnd, runDrain } from '../../dist/src/aggregate/drain.js';
import { Control, Stop } from '../../dist/src/memory/shard.js';
import { LaneBench } from '../helpers/lane.js';
import { ShardBench } from '../helpers/shard.js';

const THREAD = 7;

function benchThatLeaves() {
  const shard = new ShardBench();
  Atomics.store(shard.ints, Control.I32_STOP, Stop.LEAVE);
  return { shard, lane: new LaneBench(shard.memory) };
}

describe('a turn of the drain', () => {
  test('applies what was published and nothing beyond', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    for (let samples = 1; samples <= 3; samples++) lane.put({ slot: 0, totals: { samples } });
    lane.publish();
    lane.put({ slot: 0, totals: { samples: 4 } });
    expect(shard.step()).toBe(3);
    expect(shard.applied()).toBe(shard.published());
    expect(shard.step()).toBe(0);
    lane.publish();
    expect(shard.step()).toBe(1);
  });

  test('gives room back while it goes, not only at its end', () => {
    const shard = new ShardBench({ ringWords: 16_384 });
    const lane = new LaneBench(shard.memory);
    for (let samples = 1; samples <= 200; samples++) lane.put({ slot: 0, totals: { samples } });
    lane.publish();
    const seen = new Set<number>();
    const { store } = Atomics;
    Object.assign(Atomics, {
      store(view: Int32Array, at: number, value: number) {
        seen.add(value);
        return store(view, at, value);
      },
    });
    try {
      shard.step();
    } finally {
      Object.assign(Atomics, { store });
    }
    expect(seen.size).toBeGreaterThanOrEqual(4);
  });

  test('closes no window that nobody asked for', () => {
    const shard = new ShardBench();
    shard.step();
    shard.step();
    expect(shard.control(Control.I32_WINDOW)).toBe(1);
  });

  test('closes the window of each request once', () => {
    const shard = new ShardBench();
    shard.request();
    for (let n = 0; n < 3; n++) shard.step();
    expect(shard.control(Control.I32_WINDOW)).toBe(2);
  });

  test('answers only the last of two requests that came before it looked', () => {
    const shard = new ShardBench();
    shard.request();
    const last = shard.request();
    shard.step();
    expect(shard.take().map(({ flush }) => flush)).toEqual([last]);
    expect(shard.control(Control.I32_ANSWERED)).toBe(last);
  });

  test('puts a record that comes while it closes into the next window', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1 } });
    lane.publish();
    shard.request();
    shard.step();
    lane.put({ slot: 0, totals: { samples: 3 } });
    lane.publish();
    shard.step();
    expect(shard.take()[0]?.rows.map(({ deltas }) => deltas.samples)).toEqual([1]);
    expect(shard.flush().map(({ deltas }) => deltas.samples)).toEqual([2]);
  });
});

describe('a drain that runs', () => {
  test('owns its shard, and leaves it when it is told to', () => {
    const { shard } = benchThatLeaves();
    expect(runDrain(shard.memory, THREAD)).toBe(DrainEnd.STOPPED);
    expect(shard.control(Control.I32_OWNER)).toBe(0);
  });

  test('does nothing to a shard that another thread owns', () => {
    const { shard, lane } = benchThatLeaves();
    lane.put({ slot: 0, totals: { samples: 1 } });
    lane.publish();
    Atomics.store(shard.ints, Control.I32_OWNER, THREAD + 1);
    expect(runDrain(shard.memory, THREAD)).toBe(DrainEnd.OWNED);
    expect(shard.control(Control.I32_OWNER)).toBe(THREAD + 1);
    expect(shard.reader.isDrained()).toBe(false);
  });

  test('applies everything and answers the last flush before it leaves', () => {
    const { shard, lane } = benchThatLeaves();
    lane.put({ slot: 0, totals: { samples: 1 } });
    lane.publish();
    shard.request();
    runDrain(shard.memory, THREAD);
    expect(shard.reader.isDrained()).toBe(true);
    expect(shard.take()).toMatchObject([{ rows: [{ deltas: { samples: 1 } }] }]);
  });

  test('shows that it lives: the beat rises with every turn', () => {
    const { shard } = benchThatLeaves();
    const before = shard.control(Control.I32_BEAT);
    runDrain(shard.memory, THREAD);
    expect(shard.control(Control.I32_BEAT)).toBeGreaterThan(before);
  });

  test('gives its shard back though it fails', () => {
    const { shard } = benchThatLeaves();
    const broken = { ...shard.memory, layout: undefined as never };
    expect(() => runDrain(broken, THREAD)).toThrow(TypeError);
    expect(shard.control(Control.I32_OWNER)).toBe(0);
  });
});
