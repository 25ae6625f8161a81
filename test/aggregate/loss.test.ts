import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneBench } from '../helpers/lane.js';
import { ShardBench } from '../helpers/shard.js';

/** The loss reported in each window; `undefined` is a window without a sample. */
function reported(...lossByWindow: (readonly number[] | undefined)[]): number[] {
  const shard = new ShardBench();
  const lane = new LaneBench(shard.memory);
  let samples = 0;
  return lossByWindow.flatMap((losses) => {
    for (const packetsLost of losses ?? []) {
      lane.put({ slot: 0, totals: { samples: ++samples, packetsLost } });
    }
    lane.publish();
    return shard.flush().map(({ deltas }) => deltas.packetsLost);
  });
}

describe('reported loss', () => {
  test('is what was lost in the window', () => {
    expect(reported([3], [3, 5], [5], [12])).toEqual([3, 2, 0, 7]);
  });

  test('is judged when the window closes: what falls and rises within one does not matter', () => {
    expect(reported([10, 2, 7], [1, 20, 9])).toEqual([7, 2]);
  });

  test('is 0 while the total is below what was reported before, then only what exceeds it', () => {
    expect(reported([10], [4], [8], [13], [13])).toEqual([10, 0, 0, 3, 0]);
  });

  test('is 0 for a track whose first loss is negative, until it exceeds 0', () => {
    expect(reported([-13], [-5], [2])).toEqual([0, 0, 2]);
  });

  test('remembers the highest through windows without a sample', () => {
    expect(reported([10], undefined, [4], undefined, [11])).toEqual([10, 0, 1]);
  });

  test('does not take over what the last owner of the slot lost', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1, packetsLost: 100 } });
    lane.publish();
    shard.flush();
    lane.put({ slot: 0, generation: 2, totals: { samples: 1, packetsLost: 4 } });
    lane.publish();
    expect(shard.flush()[0]?.deltas.packetsLost).toBe(4);
  });

  test('never falls, and sums up to the highest total at any close', () => {
    const windows = fc.array(fc.array(fc.integer({ min: -50, max: 100 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(windows, (losses) => {
        const all = reported(...losses);
        for (const loss of all) expect(loss).toBeGreaterThanOrEqual(0);
        const highest = Math.max(0, ...losses.map((window) => window.at(-1)!));
        expect(all.reduce((sum, loss) => sum + loss, 0)).toBe(highest);
      }),
    );
  });
});
