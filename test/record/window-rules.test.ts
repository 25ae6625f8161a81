import { describe, expect, test } from 'vitest';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';

const INVALID_STREAM = { primaryPackets: -1 };

describe('a track has a row in a window', () => {
  test('for every track that brought a sample, and none for the others', () => {
    const bench = new RecordingBench();
    const [one] = ['TR_1', 'TR_2'].map((track) => bench.openTrack({ track }));
    one!.record({ streams: [] });
    expect(bench.flush().map(({ track }) => track)).toEqual(['TR_1']);
    expect(bench.flush()).toEqual([]);
  });

  test('not for samples that were all invalid', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    expect(track.record({ streams: [INVALID_STREAM] })).toBe(RecordResult.INVALID);
    expect(bench.flush()).toEqual([]);
  });

  test('for a data track when a message came, though it was empty, and for a sample of no messages', () => {
    const bench = new RecordingBench();
    const data = bench.openData({ track: 'TR_DT' });
    data.addBytes(Direction.UPSTREAM, 0);
    data.addBytes(Direction.DOWNSTREAM, 0, 0);
    expect(bench.flush().map(({ identity, deltas }) => [identity?.direction, deltas.samples])).toEqual([
      [Direction.UPSTREAM, 1],
      [Direction.DOWNSTREAM, 1],
    ]);
    expect(bench.flush()).toEqual([]);
  });

  test('that names its room, participant, track and direction', () => {
    const bench = new RecordingBench();
    const whose = { room: 'RM_a', participant: 'PA_b', track: 'TR_c', direction: Direction.DOWNSTREAM };
    bench.openTrack(whose).record({ streams: [] });
    expect(bench.flush()[0]?.identity).toEqual({
      room: { sid: 'RM_a' },
      participant: { sid: 'PA_b' },
      track: 'TR_c',
      direction: Direction.DOWNSTREAM,
    });
  });
});

describe('the mime of a window', () => {
  test('is the last that a sample named', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const mimeType of ['video/VP8', 'video/AV1']) track.record({ mimeType, streams: [] });
    track.record({ streams: [] });
    track.record({ mimeType: '', streams: [] });
    expect(bench.flush()[0]?.mime).toBe('video/AV1');
  });

  test('is none where no sample of this window named one', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ mimeType: 'video/VP8', streams: [] });
    bench.flush();
    track.record({ streams: [] });
    expect(bench.flush()[0]?.mime).toBeUndefined();
  });

  test('is not that of an invalid sample', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ mimeType: 'video/VP8', streams: [] });
    track.record({ mimeType: 'video/AV1', streams: [INVALID_STREAM] });
    expect(bench.flush()[0]?.mime).toBe('video/VP8');
  });
});

describe('the scores of a window', () => {
  test('are those above 0, rounded to float32, summed in double precision', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const score of [4.4, 0, undefined, -3, 4.3, 0.1, -0]) {
      track.record(score === undefined ? { streams: [] } : { score, streams: [] });
    }
    const scores = [4.4, 4.3, 0.1].map(Math.fround);
    expect(bench.flush()[0]).toMatchObject({
      scores: 3,
      scoreSum: scores.reduce((sum, score) => sum + score, 0),
      scoreMin: Math.fround(0.1),
      scoreMedian: Math.fround(4.3),
    });
  });

  test('do not have one that float32 rounds to 0', () => {
    const bench = new RecordingBench();
    bench.openTrack().record({ score: 1e-60, streams: [] });
    expect(bench.flush()[0]?.scores).toBe(0);
  });

  test('are numbered on from window to window', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (let window = 1; window <= 3; window++) {
      for (let n = 0; n < 20; n++) track.record({ score: window, streams: [] });
      expect(bench.flush()[0]).toMatchObject({ scores: 20, scoreSum: 20 * window, scoreMin: window });
    }
  });

  test('do not have that of an invalid sample', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ score: 5, streams: [] });
    track.record({ score: 1, streams: [INVALID_STREAM] });
    expect(bench.flush()[0]).toMatchObject({ scores: 1, scoreMin: 5 });
  });
});

describe('round trip and jitter of a window', () => {
  test('are the largest over all samples and SSRCs', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ streams: [{ ssrc: 1, rttMs: 20, jitterUs: 400 }] });
    track.record({
      streams: [
        { ssrc: 1, rttMs: 7, jitterUs: 900 },
        { ssrc: 2, rttMs: 31 },
      ],
    });
    track.record({ streams: [{ ssrc: 1, rttMs: 5, jitterUs: 1 }] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 31, jitterUs: 900 });
    track.record({ streams: [{ ssrc: 1, rttMs: 5, jitterUs: 1 }] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 5, jitterUs: 1 });
  });

  test('are whole numbers of 32 bits: fractions are cut off, what is above is the largest there is', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ streams: [{ rttMs: 20.9, jitterUs: 0.5 }] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 20, jitterUs: 0 });
    track.record({ streams: [{ rttMs: 2 ** 32, jitterUs: Number.MAX_VALUE }] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 2 ** 32 - 1, jitterUs: 2 ** 32 - 1 });
  });

  test('are not those of an invalid sample', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ streams: [{ rttMs: 20, jitterUs: 20 }] });
    track.record({ streams: [{ rttMs: 99, jitterUs: 99, primaryPackets: -1 }] });
    track.record({ streams: [] });
    expect(bench.flush()[0]).toMatchObject({ rttMs: 20, jitterUs: 20 });
  });
});

describe('the time of a window', () => {
  test("starts at the track's previous sample, for its first at that sample, and ends at its last", () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    const recordAt = (ms: number): void => {
      bench.nowMs = ms;
      track.record({ streams: [] });
    };
    recordAt(1000);
    recordAt(4000);
    expect(bench.flush(30_000)[0]).toMatchObject({ startMs: 1000, endMs: 4000 });
    expect(bench.flush(60_000)).toEqual([]);
    recordAt(70_000);
    recordAt(80_000);
    expect(bench.flush(90_000)[0]).toMatchObject({ startMs: 4000, endMs: 80_000 });
  });

  test('may start at 0', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    bench.nowMs = 0;
    track.record({ streams: [] });
    bench.nowMs = 500;
    track.record({ streams: [] });
    expect(bench.flush()[0]).toMatchObject({ startMs: 0, endMs: 500 });
    bench.nowMs = 900;
    track.record({ streams: [] });
    expect(bench.flush()[0]).toMatchObject({ startMs: 500, endMs: 900 });
  });

  test('does not look at invalid samples', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    bench.nowMs = 1000;
    track.record({ streams: [] });
    bench.nowMs = 2000;
    track.record({ streams: [INVALID_STREAM] });
    expect(bench.flush()[0]).toMatchObject({ startMs: 1000, endMs: 1000 });
  });
});

describe('layers of a window', () => {
  test('are summed per id over all SSRCs, and the one with the most bytes is kept', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({
      streams: [
        { ssrc: 1, layers: [{ layer: 0, bytes: 600 }] },
        {
          ssrc: 2,
          layers: [
            { layer: 0, bytes: 500 },
            { layer: 2, bytes: 1000, packets: 4, frames: 2 },
          ],
        },
      ],
    });
    expect(bench.flush()[0]).toMatchObject({
      layers: [
        [0, 1100, 0],
        [0, 0, 0],
        [4, 1000, 2],
        [0, 0, 0],
      ],
      layersBrought: 3,
      keptLayer: 0,
    });
  });

  test('do not depend on the mime, and a track that brings none has none', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ mimeType: 'audio/opus', streams: [{ layers: [{ layer: 1, bytes: 9 }] }] });
    expect(bench.flush()[0]?.keptLayer).toBe(1);
    const plain = bench.openTrack({ track: 'TR_2' });
    plain.record({ mimeType: 'video/VP8', streams: [{ primaryBytes: 1000 }] });
    expect(bench.flush()[0]).toMatchObject({ keptLayer: undefined, layersBrought: 0 });
  });
});
