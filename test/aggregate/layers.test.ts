import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneBench } from '../helpers/lane.js';
import { type LayerTotals, type RowFields, ShardBench } from '../helpers/shard.js';

/** A track whose layers have these running bytes at the end of each window; packets and frames go along. */
function windowsOf(...bytesByWindow: (readonly number[])[]): RowFields[] {
  const shard = new ShardBench();
  const lane = new LaneBench(shard.memory);
  return bytesByWindow.map((bytes, n) => {
    const layers = bytes.map((total): LayerTotals => [total / 10, total, total / 100]);
    lane.put({ slot: 0, totals: { samples: n + 1 }, layers });
    lane.publish();
    return shard.flush()[0]!;
  });
}

const keptIn = (...bytesByWindow: (readonly number[])[]): (number | undefined)[] =>
  windowsOf(...bytesByWindow).map(({ keptLayer }) => keptLayer);

describe('the kept layer', () => {
  test('is the one with the most bytes in the window', () => {
    expect(keptIn([100, 900, 500])).toEqual([1]);
    expect(keptIn([900, 100, 500])).toEqual([0]);
    expect(keptIn([1, 2, 3, 4])).toEqual([3]);
  });

  test('is the higher of two with as many bytes', () => {
    expect(keptIn([500, 500])).toEqual([1]);
    expect(keptIn([500, 500, 100, 500])).toEqual([3]);
    expect(keptIn([700, 500, 500])).toEqual([0]);
  });

  test('goes by the bytes of this window, not by running totals: a stopped layer never wins', () => {
    expect(keptIn([1000, 90_000], [2000, 90_000], [3000, 90_100])).toEqual([1, 0, 0]);
  });

  test('follows the layers as they are switched off and on', () => {
    const high = [100, 200, 10_000];
    const low = [5000, 200, 10_000];
    const highAgain = [5100, 300, 30_000];
    expect(keptIn(high, low, highAgain)).toEqual([2, 0, 2]);
  });

  test('is none where no layer had bytes in the window', () => {
    expect(keptIn([0, 0, 0])).toEqual([undefined]);
    expect(keptIn([100, 200], [100, 200])).toEqual([1, undefined]);
  });

  test('is none for a track that brings no layers, and none of its deltas is anything', () => {
    const [row] = windowsOf([]);
    expect(row).toMatchObject({ keptLayer: undefined, layersBrought: 0 });
    expect(row?.layers.flat().every((delta) => delta === 0)).toBe(true);
  });
});

describe('layers', () => {
  test('give their own deltas of packets, bytes and frames, all of them', () => {
    const [, row] = windowsOf([100, 200, 300, 400], [200, 400, 600, 1400]);
    expect(row?.layers).toEqual([
      [10, 100, 1],
      [20, 200, 2],
      [30, 300, 3],
      [100, 1000, 10],
    ]);
    expect(row?.layersBrought).toBe(4);
  });

  test('count in full in the window in which they first appear', () => {
    const [first, second] = windowsOf([100], [200, 5000]);
    expect(first).toMatchObject({ layersBrought: 1, keptLayer: 0 });
    expect(second).toMatchObject({ layersBrought: 2, keptLayer: 1 });
    expect(second?.layers[1]).toEqual([500, 5000, 50]);
  });

  test('stay as they were through windows in which the track brought none', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    const flushAfter = (samples: number, layers: readonly LayerTotals[]): RowFields => {
      lane.put({ slot: 0, totals: { samples }, layers });
      lane.publish();
      return shard.flush()[0]!;
    };
    flushAfter(1, [
      [1, 100, 0],
      [1, 300, 0],
    ]);
    expect(flushAfter(2, [])).toMatchObject({ layersBrought: 2, keptLayer: undefined });
    expect(flushAfter(3, [[1, 100, 0]])).toMatchObject({ layersBrought: 2, keptLayer: undefined });
    const row = flushAfter(4, [
      [1, 100, 0],
      [2, 350, 0],
    ]);
    expect(row.layers.slice(0, 2)).toEqual([
      [0, 0, 0],
      [1, 50, 0],
    ]);
    expect(row.keptLayer).toBe(1);
  });

  test("of a slot's last owner are not its next owner's", () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1 }, layers: [[9, 900, 9]] });
    lane.publish();
    shard.flush();
    lane.put({ slot: 0, generation: 2, totals: { samples: 1 } });
    lane.publish();
    expect(shard.flush()[0]).toMatchObject({ generation: 2, layersBrought: 0, keptLayer: undefined });
  });

  test('sum up over any windows to their running totals', () => {
    const growth = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(growth, (steps) => {
        const totals = steps.map((_, n) =>
          [0, 1, 2].map((id) => steps.slice(0, n + 1).reduce((sum, step) => sum + step[id]!, 0)),
        );
        const rows = windowsOf(...totals);
        const sums = [0, 1, 2].map((id) => rows.reduce((sum, { layers }) => sum + layers[id]![1], 0));
        expect(sums).toEqual(totals.at(-1));
      }),
    );
  });
});
