import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { RecordingBench } from '../helpers/recording.js';
import { until } from '../helpers/until.js';

/** Three records without layers, and a rest. */
const RING_WORDS = 64;
const IN_RING = 3;

const aPacket = { primaryPackets: 1, primaryBytes: 100 };

/** Records until the ring is full; returns how many samples were taken, the folded one among them. */
function fill(track: TrackRecorder): number {
  let samples = 0;
  until(() => {
    samples++;
    return track.recordDelta({ score: 3, streams: [aPacket] }) === RecordResult.FOLDED;
  });
  return samples;
}

/** Frees the ring: publishes what was put and has it applied. */
function drain(bench: RecordingBench): void {
  for (const lane of bench.thread.lanes) lane.publish();
  bench.drain();
}

describe('a record that finds the ring full', () => {
  test('is folded: the next that is put carries its totals', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    expect(fill(track)).toBe(IN_RING + 1);
    drain(bench);
    expect(track.recordDelta({ streams: [aPacket] })).toBe(RecordResult.RECORDED);
    expect(bench.flush()[0]?.deltas).toMatchObject({
      samples: IN_RING + 2,
      primaryPackets: IN_RING + 2,
      primaryBytes: (IN_RING + 2) * 100,
    });
  });

  test('is complete in the next flush, though nothing is recorded any more', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    bench.nowMs = 100;
    fill(track);
    bench.nowMs = 200;
    track.recordDelta({ streams: [aPacket] });
    bench.nowMs = 300;
    drain(bench);
    expect(bench.flush()[0]).toMatchObject({ deltas: { samples: IN_RING + 2 }, startMs: 100, endMs: 200 });
    expect(bench.flush()).toEqual([]);
  });

  test('keeps the largest rtt and jitter, whichever of the samples had it', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    fill(track);
    track.recordDelta({ streams: [{ rttMs: 70, jitterUs: 10 }] });
    track.recordDelta({ streams: [{ rttMs: 20, jitterUs: 900 }] });
    drain(bench);
    expect(bench.flush()[0]).toMatchObject({ rttMs: 70, jitterUs: 900 });
    track.recordDelta({ streams: [{ rttMs: 1, jitterUs: 1 }] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 1, jitterUs: 1 });
  });

  test('keeps the last mime that was named', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    fill(track);
    for (const mimeType of ['video/VP8', 'video/AV1']) track.recordDelta({ mimeType, streams: [] });
    track.recordDelta({ streams: [] });
    drain(bench);
    expect(bench.flush()[0]?.mime).toBe('video/AV1');
  });

  test('keeps what its layers brought', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    fill(track);
    track.recordDelta({ streams: [{ layers: [{ layer: 2, bytes: 77 }] }] });
    drain(bench);
    expect(track.recordDelta({ streams: [{ layers: [{ layer: 0, bytes: 5 }] }] })).toBe(
      RecordResult.RECORDED,
    );
    expect(bench.flush()[0]).toMatchObject({
      layers: [[0, 5, 0], [0, 0, 0], [0, 77, 0], expect.anything()],
      layersBrought: 3,
      keptLayer: 2,
    });
  });

  test('loses its score, and only that: it is counted, and takes no number', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    fill(track);
    track.recordDelta({ streams: [aPacket] });
    expect(bench.count(ThreadBooks.SCORES_LOST)).toBe(1);
    expect(bench.count(ThreadBooks.FOLDED)).toBe(2);
    drain(bench);
    track.recordDelta({ score: 5, streams: [] });
    expect(bench.flush()[0]).toMatchObject({
      scores: IN_RING + 1,
      scoresDropped: 0,
      scoreSum: IN_RING * 3 + 5,
    });
  });

  test('costs other tracks nothing but the room', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const [one, two] = ['TR_1', 'TR_2'].map((track) => bench.openTrack({ track }));
    fill(one!);
    expect(two!.recordDelta({ streams: [aPacket] })).toBe(RecordResult.FOLDED);
    drain(bench);
    expect(bench.flush().map(({ track, deltas }) => [track, deltas.samples])).toEqual([
      ['TR_1', IN_RING + 1],
      ['TR_2', 1],
    ]);
  });

  test('is as if it came in the window in which there was room', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    fill(track);
    // The tick finds the ring still full; the flush then makes room.
    expect(bench.flush()[0]?.deltas.samples).toBe(IN_RING);
    expect(bench.flush()[0]?.deltas.samples).toBe(1);
  });

  test('makes the thread wait until it was put: it is not settled before', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    expect(bench.thread.isSettled()).toBe(true);
    fill(track);
    expect(bench.thread.isSettled()).toBe(false);
    expect(bench.thread.hasRoom()).toBe(false);
    drain(bench);
    expect(bench.thread.hasRoom()).toBe(false);
    bench.flush();
    bench.drain();
    expect(bench.thread.isSettled()).toBe(true);
    expect(bench.thread.hasRoom()).toBe(true);
  });
});

describe('a track that is closed while its totals wait', () => {
  test('has them put later; only then is its slot released', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS, laneSlots: 1 });
    const track = bench.openTrack();
    const samples = fill(track);
    track.close();
    expect(bench.flush()[0]?.deltas.samples).toBe(samples - 1);
    expect(() => bench.openTrack({ track: 'TR_2' })).toThrow('no free slot');
    expect(bench.flush()[0]?.deltas.samples).toBe(1);
    expect(bench.openTrack({ track: 'TR_2' }).handle).not.toBe(track.handle);
  });

  test('is released once, also if they went with a later sample', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS, laneSlots: 2 });
    const track = bench.openTrack();
    fill(track);
    drain(bench);
    track.recordDelta({ streams: [aPacket] });
    track.close();
    for (let n = 0; n < 3; n++) bench.flush();
    expect(bench.thread.slots.inUse).toBe(0);
    const slots = ['TR_2', 'TR_3'].map((sid) => bench.openTrack({ track: sid }).handle % 2 ** 24);
    expect(new Set(slots).size).toBe(2);
  });

  test('is released once, also if it was folded twice', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS, laneSlots: 2 });
    const track = bench.openTrack();
    fill(track);
    drain(bench);
    track.recordDelta({ streams: [aPacket] });
    fill(track);
    track.close();
    for (let n = 0; n < 4; n++) bench.flush();
    expect(bench.thread.slots.inUse).toBe(0);
    expect(bench.thread.isSettled()).toBe(true);
  });
});

describe('a data recorder that finds the ring full', () => {
  test('keeps its totals in its cells until there is room', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS });
    const track = bench.openTrack();
    const data = bench.openData();
    fill(track);
    // The rest of the ring holds one counter record.
    for (const bytes of [7, 100]) {
      data.addBytes(Direction.UPSTREAM, bytes);
      data.publish();
    }
    expect(bench.count(ThreadBooks.FOLDED)).toBe(2);
    data.addBytes(Direction.UPSTREAM, 50);
    drain(bench);
    const rows = bench.flush().filter(({ track: sid }) => sid === 'TR_DTPA_1');
    expect(rows).toMatchObject([{ deltas: { samples: 3, primaryPackets: 3, primaryBytes: 157 } }]);
  });

  test('and is closed has them put later; only then are its slots released', () => {
    const bench = new RecordingBench({ ringWords: RING_WORDS, laneSlots: 3 });
    const track = bench.openTrack();
    const data = bench.openData();
    fill(track);
    data.addBytes(Direction.UPSTREAM, 7);
    data.publish();
    data.addBytes(Direction.DOWNSTREAM, 100);
    data.close();
    expect(bench.thread.isSettled()).toBe(false);
    expect(bench.flush().map(({ track: sid, deltas }) => [sid, deltas.primaryBytes])).toEqual([
      ['TR_1', IN_RING * 100],
      ['TR_DTPA_1', 7],
    ]);
    expect(bench.flush().map(({ track: sid, deltas }) => [sid, deltas.primaryBytes])).toEqual([
      ['TR_1', 100],
      ['TR_DTPA_1', 100],
    ]);
    bench.flush();
    bench.thread.publishAll();
    expect(bench.thread.slots.inUse).toBe(1);
    expect(bench.thread.isSettled()).toBe(true);
  });
});
