import { afterEach, describe, expect, test, vi } from 'vitest';
import { Board } from '../../dist/src/memory/board.js';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { type Frame, FrameType } from '../../dist/src/memory/frames.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { type AttachedRecorder, attach } from '../../dist/src/record/attach.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';
import { until } from '../helpers/until.js';

const somebody = { room: 'RM_1', participant: 'PA_1' };
const attached: AttachedRecorder[] = [];

/** A bench whose memory another recorder writes; its own recording thread keeps still. */
function attachedTo(bench: RecordingBench): AttachedRecorder {
  const recorder = attach({ memory: bench.memory, publishIntervalMs: 1000 });
  attached.push(recorder);
  return recorder;
}

afterEach(() => {
  for (const recorder of attached.splice(0)) recorder.close();
  vi.useRealTimers();
});

/** What the timer thread gets, without a publish of the bench's own. */
function reported(bench: RecordingBench) {
  bench.shard.request();
  bench.drain();
  return bench.take();
}

describe('an attached recorder', () => {
  test('records tracks, messages and signalling like the engine’s own thread', () => {
    const bench = new RecordingBench();
    const recorder = attachedTo(bench);
    const track = recorder.openTrackRecorder({ ...somebody, track: 'TR_1', direction: Direction.UPSTREAM });
    track.record({ streams: [{ primaryPackets: 5 }] });
    const data = recorder.openDataRecorder(somebody);
    expect(recorder.add(data.handle(Direction.UPSTREAM), 100)).toBe(RecordResult.RECORDED);
    const signal = recorder.openSignalRecorder();
    signal.addBytes(Direction.DOWNSTREAM, 7);
    signal.resolve(somebody);
    recorder.publish();
    expect(reported(bench).map(({ track: sid, deltas }) => [sid, deltas.primaryPackets])).toEqual([
      ['TR_1', 5],
      ['TR_DTPA_1', 1],
      ['TR_SGPA_1', 1],
    ]);
  });

  test('takes everybody for known: who that is, is decided when the window is reported', () => {
    const bench = new RecordingBench();
    const recorder = attachedTo(bench);
    const whose = { ...somebody, participant: 'PA_nobody', track: 'TR_1', direction: Direction.UPSTREAM };
    const track = recorder.openTrackRecorder(whose);
    expect(track.record({ streams: [] })).toBe(RecordResult.RECORDED);
  });

  test('publishes by itself, every publishIntervalMs', () => {
    vi.useFakeTimers();
    const bench = new RecordingBench();
    const data = attachedTo(bench).openDataRecorder(somebody);
    data.addBytes(Direction.UPSTREAM, 100);
    vi.advanceTimersByTime(999);
    expect(bench.drain()).toBe(0);
    vi.advanceTimersByTime(1);
    expect(bench.drain()).toBe(1);
  });

  test('publishes for the last time when it is closed, and then opens nothing', () => {
    vi.useFakeTimers();
    const bench = new RecordingBench();
    const recorder = attachedTo(bench);
    recorder.openDataRecorder(somebody).addBytes(Direction.UPSTREAM, 100);
    recorder.close();
    recorder.close();
    expect(reported(bench)).toMatchObject([{ deltas: { samples: 1, primaryBytes: 100 } }]);
    const closed = expect.objectContaining({ code: 'SFU_STATS_CLOSED' });
    expect(() => recorder.openDataRecorder(somebody)).toThrow(closed);
    expect(() => recorder.openSignalRecorder()).toThrow(closed);
    const whose = { ...somebody, track: 'TR_1', direction: Direction.UPSTREAM };
    expect(() => recorder.openTrackRecorder(whose)).toThrow(closed);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('refuses everything once the engine has begun to end, and still publishes what it has', () => {
    vi.useFakeTimers();
    const bench = new RecordingBench();
    const recorder = attachedTo(bench);
    const data = recorder.openDataRecorder(somebody);
    const track = recorder.openTrackRecorder({ ...somebody, track: 'TR_1', direction: Direction.UPSTREAM });
    data.addBytes(Direction.UPSTREAM, 100);
    bench.memory.board[Board.CLOSED] = 1;
    vi.advanceTimersByTime(1000);
    expect(data.addBytes(Direction.UPSTREAM, 1)).toBe(RecordResult.CLOSED);
    expect(recorder.add(data.handle(Direction.DOWNSTREAM), 1)).toBe(RecordResult.CLOSED);
    expect(track.record({ streams: [] })).toBe(RecordResult.CLOSED);
    expect(reported(bench)).toMatchObject([{ deltas: { samples: 1, primaryBytes: 100 } }]);
  });

  test('tells a timer thread that was started anew whose its slots are, and says when it has', () => {
    vi.useFakeTimers();
    const bench = new RecordingBench({ eventRingBytes: 1024, laneSlots: 9 });
    const recorder = attachedTo(bench);
    const announced = (): number => bench.count(ThreadBooks.ANNOUNCED);
    expect(announced()).toBe(1);
    const whose = { ...somebody, track: 'TR_1', direction: Direction.UPSTREAM };
    recorder.openTrackRecorder(whose).record({ mimeType: 'video/VP8', streams: [] });
    const told = bench.readEvents().map(([type]) => type);
    expect(told).toEqual([FrameType.SLOT, FrameType.MIME]);
    vi.advanceTimersByTime(1000);
    expect(bench.readEvents()).toEqual([]);
    // More than the ring holds at once.
    for (let n = 0; n < 8; n++) recorder.openTrackRecorder({ ...whose, track: `TR_${'x'.repeat(50)}${n}` });
    bench.memory.board[Board.TIMER_RESTARTS] = 1;
    vi.advanceTimersByTime(1000);
    expect(announced()).toBe(1);
    const again: Frame[] = [];
    until(() => {
      again.push(...bench.readEvents());
      vi.advanceTimersByTime(1000);
      return announced() !== 1;
    });
    again.push(...bench.readEvents());
    expect(announced()).toBe(2);
    const slots = again.filter(([type]) => type === FrameType.SLOT).map(([, , slot]) => slot);
    // Eight at their opening, nine for the new timer thread.
    expect(slots).toHaveLength(8 + 9);
    expect(new Set(slots).size).toBe(9);
    expect(again.filter(([type]) => type === FrameType.MIME)).toHaveLength(1);
  });

  test('is no longer waited for when it is closed', () => {
    const bench = new RecordingBench();
    const recorder = attachedTo(bench);
    recorder.close();
    expect(bench.count(ThreadBooks.ANNOUNCED)).toBe(0);
  });
});
