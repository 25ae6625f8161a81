import { describe, expect, test } from 'vitest';
import { RecordResult } from '../../dist/src/record/result.js';
import type { StreamSample } from '../../dist/src/record/sample.js';
import { RecordingBench } from '../helpers/recording.js';

/** The loss reported in each window of a track whose samples, one a window, have these streams. */
function reported(...windows: StreamSample[][]): number[] {
  const bench = new RecordingBench();
  const track = bench.openTrack();
  return windows.map((streams) => {
    expect(track.record({ streams })).toBe(RecordResult.RECORDED);
    return bench.flush()[0]!.deltas.packetsLost;
  });
}

const lost = (packetsLost: number, ssrc = 1): StreamSample => ({ ssrc, packetsLost });

describe('the loss of a track', () => {
  test('is what its SSRC lost since', () => {
    expect(reported([lost(3)], [lost(10)], [lost(10)])).toEqual([3, 7, 0]);
  });

  test('is 0 while late packets make it fall, until it exceeds what was reported', () => {
    expect(reported([lost(10)], [lost(4)], [lost(9)], [lost(12)])).toEqual([10, 0, 0, 2]);
  });

  test('is signed, also where a source shows it as u32: 4294967283 is -13', () => {
    expect(reported([lost(4_294_967_283)], [lost(2)], [lost(5)])).toEqual([0, 2, 3]);
    expect(reported([lost(5)], [lost(4_294_967_283)], [lost(6)])).toEqual([5, 0, 1]);
  });

  test('never wraps and never restarts: its change is now less before', () => {
    expect(reported([lost(2 ** 31 - 1)], [lost(5)], [lost(2 ** 31 - 1)])).toEqual([2 ** 31 - 1, 0, 0]);
  });

  test('is judged over all its SSRCs: what one takes back another must exceed', () => {
    expect(reported([lost(10, 1), lost(5, 2)], [lost(4, 1), lost(9, 2)], [lost(4, 1), lost(20, 2)])).toEqual([
      15, 0, 9,
    ]);
  });

  test('counts in full for an SSRC that comes later', () => {
    expect(reported([lost(10, 1)], [lost(10, 1), lost(3, 2)])).toEqual([10, 3]);
  });

  test('is judged when the window closes, not a sample at a time', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const packetsLost of [10, 2, 7]) track.record({ streams: [lost(packetsLost)] });
    expect(bench.flush()[0]!.deltas.packetsLost).toBe(7);
    for (const packetsLost of [1, 30, 8]) track.record({ streams: [lost(packetsLost)] });
    expect(bench.flush()[0]!.deltas.packetsLost).toBe(1);
  });

  test('given as a delta may be negative', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    const losses = [10, -4, 2, 5].map((packetsLost) => {
      expect(track.recordDelta({ streams: [lost(packetsLost)] })).toBe(RecordResult.RECORDED);
      return bench.flush()[0]!.deltas.packetsLost;
    });
    expect(losses).toEqual([10, 0, 0, 3]);
  });

  test('may be negative and large: only a rise of 2^31 or more is invalid', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    expect(track.record({ streams: [lost(-(2 ** 31))] })).toBe(RecordResult.RECORDED);
    expect(track.record({ streams: [lost(-1)] })).toBe(RecordResult.RECORDED);
    expect(track.record({ streams: [lost(2 ** 31 - 1)] })).toBe(RecordResult.INVALID);
  });
});
