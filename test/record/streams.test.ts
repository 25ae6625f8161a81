import { describe, expect, test } from 'vitest';
import { StreamCells } from '../../dist/src/memory/cells.js';
import { HANDLE_SLOTS } from '../../dist/src/record/slot-table.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { RecordingBench } from '../helpers/recording.js';
import { until } from '../helpers/until.js';

interface StreamTotals {
  ssrc: number;
  packets: number;
  bytes: number;
  lost: number;
}

/** A track's SSRCs as the timer thread reads them: along the chain in shared memory. */
function streamsOf(bench: RecordingBench, track: TrackRecorder): StreamTotals[] {
  const { buffer, layout } = bench.memory.cells;
  const ints = new Int32Array(buffer);
  const words = new Float64Array(buffer);
  const streams: StreamTotals[] = [];
  let next = ints[bench.thread.slots.firstStreamWord(track.handle % HANDLE_SLOTS)]!;
  until(() => {
    if (next === 0) return true;
    const at = layout.streamBase + (next - 1) * StreamCells.WORDS;
    streams.push({
      ssrc: ints[2 * at + StreamCells.I32_SSRC]! >>> 0,
      packets: words[at + StreamCells.PACKETS]!,
      bytes: words[at + StreamCells.BYTES]!,
      lost: words[at + StreamCells.LOST]!,
    });
    next = ints[2 * at + StreamCells.I32_NEXT]!;
    return false;
  });
  return streams;
}

describe('the SSRCs of a track', () => {
  test('are shown one by one, the latest first, with all packets and bytes and the loss', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({
      streams: [
        { ssrc: 7, primaryPackets: 1, retransmitPackets: 2, paddingPackets: 4, packetsLost: 3 },
        { ssrc: 2 ** 32 - 1, primaryBytes: 10, retransmitBytes: 20, paddingBytes: 40 },
      ],
    });
    track.recordDelta({ streams: [{ ssrc: 7, primaryPackets: 10, packetsLost: -1 }] });
    expect(streamsOf(bench, track)).toEqual([
      { ssrc: 2 ** 32 - 1, packets: 0, bytes: 70, lost: 0 },
      { ssrc: 7, packets: 17, bytes: 0, lost: 2 },
    ]);
  });

  test('count wraps and restarts as the track does', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const primaryPackets of [1000, 1500, 20]) track.record({ streams: [{ primaryPackets }] });
    expect(streamsOf(bench, track)).toMatchObject([{ ssrc: 0, packets: 1520 }]);
  });

  test('belong to their track: another has its own, of the same number too', () => {
    const bench = new RecordingBench();
    const [one, two] = ['TR_1', 'TR_2'].map((track) => bench.openTrack({ track }));
    one!.record({ streams: [{ ssrc: 5, primaryPackets: 1 }] });
    two!.record({ streams: [{ ssrc: 5, primaryPackets: 2 }] });
    one!.record({ streams: [{ ssrc: 6, primaryPackets: 4 }] });
    expect(streamsOf(bench, one!).map(({ ssrc, packets }) => [ssrc, packets])).toEqual([
      [6, 4],
      [5, 1],
    ]);
    expect(streamsOf(bench, two!).map(({ ssrc, packets }) => [ssrc, packets])).toEqual([[5, 2]]);
  });

  test('of a closed track stay until its last window was taken, then start from nothing for others', () => {
    const bench = new RecordingBench({ streams: 2 });
    const first = bench.openTrack();
    first.record({ streams: [1, 2].map((ssrc) => ({ ssrc, primaryPackets: 100, frames: 7 })) });
    first.close();
    bench.thread.publishAll();
    expect(streamsOf(bench, first)).toHaveLength(2);
    bench.flush();
    bench.thread.publishAll();
    expect(bench.thread.streams.inUse).toBe(0);
    const second = bench.openTrack({ track: 'TR_2' });
    second.record({ streams: [{ ssrc: 9, primaryPackets: 3, frames: 2 }] });
    expect(streamsOf(bench, second)).toEqual([{ ssrc: 9, packets: 3, bytes: 0, lost: 0 }]);
    expect(bench.flush()).toMatchObject([{ deltas: { primaryPackets: 3, frames: 2 } }]);
  });

  test('are found again in any order, however many they are', () => {
    const bench = new RecordingBench({ streams: 64 });
    const track = bench.openTrack();
    const ssrcs = Array.from({ length: 40 }, (_, n) => 1000 + n);
    const orders = [ssrcs.slice(0, 3), ssrcs, [...ssrcs].reverse(), ssrcs.slice(20), ssrcs.slice(0, 5)];
    for (const order of orders) {
      track.recordDelta({ streams: order.map((ssrc) => ({ ssrc, primaryPackets: 1 })) });
    }
    expect(bench.thread.streams.inUse).toBe(40);
    const packets = new Map(streamsOf(bench, track).map((stream) => [stream.ssrc, stream.packets]));
    for (const ssrc of ssrcs) {
      expect(packets.get(ssrc)).toBe(orders.filter((order) => order.includes(ssrc)).length);
    }
  });
});
