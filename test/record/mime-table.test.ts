import { describe, expect, test } from 'vitest';
import { createEventRing } from '../../dist/src/memory/event-ring.js';
import { FrameType, type MimeFrame } from '../../dist/src/memory/frames.js';
import { EventWriter } from '../../dist/src/record/event-writer.js';
import { MimeTable } from '../../dist/src/record/mime-table.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';

const MAX_MIMES = 4096;
const newTable = (): MimeTable => new MimeTable(new EventWriter(createEventRing(2 ** 20)));

describe('the mime table', () => {
  test('gives each mime a number of its own, and the same every time', () => {
    const table = newTable();
    const numbers = ['video/VP8', 'audio/opus', 'video/VP8'].map((mime) => table.idOf(mime));
    expect(numbers[0]).toBe(numbers[2]);
    expect(numbers[0]).not.toBe(numbers[1]);
    expect(numbers.every((number) => number > 0)).toBe(true);
  });

  test('takes none and the empty one for none, and counts neither as refused', () => {
    const table = newTable();
    expect(table.idOf(undefined)).toBe(0);
    expect(table.idOf('')).toBe(0);
    expect(table.refused).toBe(0);
    expect(table.frames()).toEqual([]);
  });

  test('refuses what is longer than 255 characters or no text, and counts it', () => {
    const table = newTable();
    expect(table.idOf('x'.repeat(255))).toBeGreaterThan(0);
    expect(table.idOf('x'.repeat(256))).toBe(0);
    expect(table.idOf(5 as never)).toBe(0);
    expect(table.idOf(null as never)).toBe(0);
    expect(table.refused).toBe(3);
  });

  test('refuses more than 4,096 different ones, and still knows those it has', () => {
    const table = newTable();
    const first = table.idOf('video/0');
    for (let n = 1; n < MAX_MIMES; n++) expect(table.idOf(`video/${n}`)).toBeGreaterThan(0);
    expect(table.idOf('video/one-too-many')).toBe(0);
    expect(table.idOf('video/one-too-many')).toBe(0);
    expect(table.refused).toBe(2);
    expect(table.idOf('video/0')).toBe(first);
    expect(table.frames()).toHaveLength(MAX_MIMES);
  });

  test('tells the timer thread what a number stands for, once', () => {
    const bench = new RecordingBench();
    const id = bench.thread.mimes.idOf('video/VP8');
    bench.thread.mimes.idOf('video/VP8');
    expect(bench.readEvents()).toEqual([[FrameType.MIME, id, 'video/VP8']]);
    expect(bench.thread.mimes.frames()).toEqual([[FrameType.MIME, id, 'video/VP8']]);
  });
});

describe('a track whose mime was refused', () => {
  test('is reported all the same, with the last mime that was taken', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.recordDelta({ mimeType: 'video/VP8', streams: [{ frames: 1 }] });
    track.recordDelta({ mimeType: 'x'.repeat(256), streams: [{ frames: 2 }] });
    expect(bench.flush()).toMatchObject([{ mime: 'video/VP8', deltas: { samples: 2, frames: 3 } }]);
  });
});

test('a record does not come before what its mime stands for: while the event ring is full it is folded', () => {
  const bench = new RecordingBench({ eventRingBytes: 65_536 });
  const track = bench.openTrack();
  track.recordDelta({ mimeType: 'video/VP8', streams: [{ primaryPackets: 1 }] });
  bench.flush();
  // Nobody reads the ring meanwhile.
  const large: MimeFrame = [FrameType.MIME, 999, 'x'.repeat(30_000)];
  while (bench.thread.events.send(large));
  const sample = { mimeType: 'video/AV1', streams: [{ primaryPackets: 20 }] };
  expect(track.recordDelta(sample)).toBe(RecordResult.FOLDED);
  bench.thread.publishAll();
  bench.drain();
  expect(bench.shard.take()).toEqual([]);
  bench.readEvents();
  expect(bench.flush()).toMatchObject([{ mime: 'video/AV1', track: 'TR_1' }]);
  expect(track.recordDelta(sample)).toBe(RecordResult.RECORDED);
});
