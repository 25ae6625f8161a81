import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { FrameType } from '../../dist/src/memory/frames.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';
import { until } from '../helpers/until.js';

const { UPSTREAM, DOWNSTREAM } = Direction;

/** A bench where nobody has joined yet. */
function benchBeforeJoin(sizes: ConstructorParameters<typeof RecordingBench>[0] = {}) {
  const bench = new RecordingBench(sizes);
  bench.directory.setKnown('PA_1', false);
  return bench;
}

/** Fills the event ring, as a burst of calls would; what is sent from now on waits. */
function fillEvents(bench: RecordingBench): void {
  until(() => !bench.thread.events.send([FrameType.MIME, 60_000, 'x'.repeat(100)]));
}

describe('a sample of a participant nobody knows', () => {
  test('is counted as unattributed with what it brought, and not reported', () => {
    const bench = benchBeforeJoin();
    const track = bench.openTrack({ direction: DOWNSTREAM });
    const streams = [{ primaryPackets: 10, primaryBytes: 1000, paddingPackets: 2, paddingBytes: 50 }];
    expect(track.record({ score: 4, mimeType: 'video/VP8', streams })).toBe(RecordResult.UNATTRIBUTED);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED, DOWNSTREAM)).toEqual({
      samples: 1,
      messages: 0,
      packets: 12,
      bytes: 1050,
    });
    expect(bench.flush()).toEqual([]);
  });

  test('is the new base of what comes once the participant is known', () => {
    const bench = benchBeforeJoin();
    const track = bench.openTrack();
    const layersOf = (bytes: number) => [{ layer: 1, bytes }];
    track.record({ streams: [{ primaryPackets: 100, packetsLost: 9, layers: layersOf(500) }] });
    bench.directory.setKnown('PA_1', true);
    const streams = [{ primaryPackets: 103, packetsLost: 10, layers: layersOf(520) }];
    expect(track.record({ streams })).toBe(RecordResult.RECORDED);
    const [row] = bench.flush();
    expect(row?.deltas).toMatchObject({ samples: 1, primaryPackets: 3, packetsLost: 1 });
    expect(row?.layers[1]).toEqual([0, 20, 0]);
  });

  test('leaves no score, mime, rtt or time behind', () => {
    const bench = benchBeforeJoin();
    const track = bench.openTrack();
    bench.nowMs = 100;
    track.record({ score: 1, mimeType: 'video/VP8', streams: [{ rttMs: 99, jitterUs: 99 }] });
    bench.directory.setKnown('PA_1', true);
    bench.nowMs = 500;
    track.record({ score: 5, streams: [{ rttMs: 3, jitterUs: 4 }] });
    expect(bench.flush()).toMatchObject([
      { startMs: 500, endMs: 500, rttMs: 3, jitterUs: 4, scores: 1, scoreMin: 5, mime: undefined },
    ]);
  });

  test('is unattributed also where it is invalid, and counted once', () => {
    const bench = benchBeforeJoin();
    const track = bench.openTrack();
    expect(track.record({ streams: [{ frames: -1, primaryPackets: 5 }] })).toBe(RecordResult.UNATTRIBUTED);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, packets: 5 });
    expect(bench.booked(ThreadBooks.INVALID).samples).toBe(0);
    expect(bench.invalidReasons).toEqual({});
  });

  test('may come after they were known: what was recorded before is still reported', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.recordDelta({ streams: [{ primaryPackets: 5 }] });
    bench.directory.setKnown('PA_1', false);
    expect(track.recordDelta({ streams: [{ primaryPackets: 7 }] })).toBe(RecordResult.UNATTRIBUTED);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryPackets: 5 } }]);
  });

  test('costs only that participant: others are reported', () => {
    const bench = benchBeforeJoin();
    bench.openTrack().record({ streams: [] });
    bench.openTrack({ participant: 'PA_2', track: 'TR_2' }).record({ streams: [] });
    expect(bench.flush().map(({ track }) => track)).toEqual(['TR_2']);
  });
});

describe('messages of a participant nobody knows', () => {
  test('are taken out again when they would be published, and counted', () => {
    const bench = benchBeforeJoin();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100, 3);
    data.addBytes(UPSTREAM, 10);
    data.addBytes(DOWNSTREAM, 7, 0);
    expect(bench.flush()).toEqual([]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED, UPSTREAM)).toEqual({
      samples: 2,
      messages: 4,
      packets: 0,
      bytes: 110,
    });
    expect(bench.booked(ThreadBooks.UNATTRIBUTED, DOWNSTREAM)).toEqual({
      samples: 1,
      messages: 0,
      packets: 0,
      bytes: 7,
    });
  });

  test('are the base of what comes once the participant is known', () => {
    const bench = benchBeforeJoin();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100, 3);
    bench.directory.setKnown('PA_1', true);
    data.addBytes(UPSTREAM, 5);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryPackets: 1, primaryBytes: 5 } }]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, messages: 3, bytes: 100 });
  });

  test('may come after they were known: what was counted before is still reported', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100);
    bench.directory.setKnown('PA_1', false);
    data.addBytes(UPSTREAM, 7);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryBytes: 100 } }]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, messages: 1, bytes: 7 });
  });

  test('are settled again and again as the participant comes and goes', () => {
    const bench = benchBeforeJoin();
    const data = bench.openData();
    let reported = 0;
    for (let n = 0; n < 6; n++) {
      data.addBytes(UPSTREAM, 2 ** (2 * n));
      bench.directory.setKnown('PA_1', true);
      data.addBytes(UPSTREAM, 2 ** (2 * n + 1), 2);
      bench.directory.setKnown('PA_1', false);
      if (n % 2 === 0) for (const { deltas } of bench.flush()) reported += deltas.primaryBytes;
    }
    for (const { deltas } of bench.flush()) reported += deltas.primaryBytes;
    expect(reported).toBe(0b101010101010);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED).bytes).toBe(0b010101010101);
  });

  test('are in the traffic totals like all others', () => {
    const bench = benchBeforeJoin();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100, 3);
    data.addBytes(DOWNSTREAM, 50);
    bench.flush();
    bench.directory.setKnown('PA_1', true);
    data.addBytes(UPSTREAM, 1);
    const totals = { receivedBytes: 101, receivedMessages: 4, sentBytes: 50, sentMessages: 1 };
    expect(data.getTrafficTotals()).toMatchObject(totals);
    bench.flush();
    expect(data.getTrafficTotals()).toMatchObject(totals);
    data.close();
    expect(data.getTrafficTotals()).toMatchObject(totals);
  });

  test('are counted at the close', () => {
    const bench = benchBeforeJoin();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100);
    data.close();
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, bytes: 100 });
    bench.flush();
    expect(bench.thread.slots.inUse).toBe(0);
  });
});

describe('until the timer thread has been told whose a slot is', () => {
  test('a track puts nothing, and then all its totals', () => {
    const bench = new RecordingBench({ eventRingBytes: 1024 });
    fillEvents(bench);
    const track = bench.openTrack();
    expect(track.recordDelta({ streams: [{ primaryPackets: 5, rttMs: 9 }] })).toBe(RecordResult.FOLDED);
    bench.thread.publishAll();
    expect(bench.thread.lanes[0]!.position).toBe(0);
    bench.readEvents();
    expect(bench.flush()).toMatchObject([
      { track: 'TR_1', deltas: { samples: 1, primaryPackets: 5 }, rttMs: 9 },
    ]);
  });

  test('messages are held, also those of a recorder that was closed', () => {
    const bench = new RecordingBench({ eventRingBytes: 1024 });
    fillEvents(bench);
    const [open, closed] = ['TR_1', 'TR_2'].map((track) => bench.openData({ track }));
    for (const data of [open, closed]) data!.addBytes(UPSTREAM, 100);
    closed!.close();
    // News of the participant does not release them either.
    bench.directory.setKnown('PA_1', true);
    bench.thread.publishAll();
    expect(bench.thread.lanes[0]!.position).toBe(0);
    for (let n = 0; n < 3; n++) {
      bench.readEvents();
      bench.thread.publishAll();
    }
    expect(bench.flush()).toMatchObject([
      { track: 'TR_1', deltas: { samples: 1, primaryBytes: 100 } },
      { track: 'TR_2', deltas: { samples: 1, primaryBytes: 100 } },
    ]);
    expect(bench.thread.isSettled()).toBe(true);
  });

  test('a slot that was closed and opened again meanwhile answers to its new owner alone', () => {
    const bench = new RecordingBench({ eventRingBytes: 1024, laneSlots: 2 });
    bench.directory.setKnown('PA_2', false);
    fillEvents(bench);
    bench.openData({ participant: 'PA_1', track: 'TR_1' }).close();
    // Room for the first owner's two frames, not for the second's.
    const second = bench.openData({ participant: 'PA_2', track: `TR_2${'x'.repeat(300)}` });
    second.addBytes(UPSTREAM, 100);
    for (let n = 0; n < 4; n++) {
      bench.readEvents();
      bench.thread.publishAll();
      bench.drain();
    }
    expect(bench.flush()).toEqual([]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, bytes: 100 });
  });
});
