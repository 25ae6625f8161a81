import { Unpackr } from 'msgpackr/unpack';
import { describe, expect, test } from 'vitest';
import { createEventRing, EventRingReader, maxFrameBytes } from '../../dist/src/memory/event-ring.js';
import { FrameType, type MimeFrame } from '../../dist/src/memory/frames.js';
import { EventWriter } from '../../dist/src/record/event-writer.js';
import { until } from '../helpers/until.js';

/** Two frames of a hundred bytes and more fill the ring. */
const RING_BYTES = 256;

const frameOf = (id: number): MimeFrame => [FrameType.MIME, id, `${'x'.repeat(96)} ${id}`];

function aRing() {
  const ring = createEventRing(RING_BYTES);
  const reader = new EventRingReader(ring);
  const unpackr = new Unpackr({ useRecords: false });
  return {
    ring,
    writer: new EventWriter(ring),
    /** The numbers of the frames that are there. */
    read(): number[] {
      const ids: number[] = [];
      reader.drain((bytes) => ids.push((unpackr.unpack(bytes) as MimeFrame)[1]));
      return ids;
    },
  };
}

describe('the event writer', () => {
  test('writes at once while there is room', () => {
    const { writer, read } = aRing();
    let told = 0;
    expect(writer.send(frameOf(1), () => told++)).toBe(true);
    expect(writer.waiting).toBe(0);
    // Only what had to wait is told of: the caller of `send` knows the rest.
    expect(told).toBe(0);
    expect(read()).toEqual([1]);
  });

  test('keeps what finds the ring full, and says when it was written', () => {
    const { writer, read } = aRing();
    const written: number[] = [];
    for (let id = 1; id <= 5; id++) writer.send(frameOf(id), () => written.push(id));
    expect(writer.waiting).toBe(3);
    writer.flush();
    expect(writer.waiting).toBe(3);
    expect(read()).toEqual([1, 2]);
    writer.flush();
    expect([writer.waiting, written]).toEqual([1, [3, 4]]);
    expect(read()).toEqual([3, 4]);
    writer.flush();
    expect([writer.waiting, written]).toEqual([0, [3, 4, 5]]);
    expect(read()).toEqual([5]);
  });

  test('keeps the order: a small frame does not overtake a large one that waits', () => {
    const { writer, read } = aRing();
    for (let id = 1; id <= 3; id++) writer.send(frameOf(id));
    expect(writer.send([FrameType.MIME, 4, ''])).toBe(false);
    const seen: number[] = [];
    for (let n = 0; n < 4; n++) {
      seen.push(...read());
      writer.flush();
    }
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test('keeps what waits as it was, however much is packed after it', () => {
    const { writer, read } = aRing();
    for (let id = 1; id <= 30; id++) writer.send(frameOf(id));
    const seen: number[] = [];
    until(() => {
      seen.push(...read());
      writer.flush();
      return seen.length === 30;
    });
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  });

  test('offers without waiting: what does not fit, or would overtake, is refused', () => {
    const { writer, read } = aRing();
    expect(writer.offer(frameOf(1))).toBe(true);
    expect(writer.offer(frameOf(2))).toBe(true);
    expect(writer.offer(frameOf(3))).toBe(false);
    expect(writer.waiting).toBe(0);
    writer.send(frameOf(4));
    expect(read()).toEqual([1, 2]);
    expect(writer.offer([FrameType.MIME, 5, ''])).toBe(false);
    writer.flush();
    expect(writer.offer([FrameType.MIME, 6, ''])).toBe(true);
    expect(read()).toEqual([4, 6]);
  });

  test('has room while any frame would be written at once', () => {
    const { writer, read } = aRing();
    expect(writer.hasRoom()).toBe(true);
    writer.send(frameOf(1));
    expect(writer.hasRoom()).toBe(true);
    writer.send(frameOf(2));
    expect(writer.hasRoom()).toBe(false);
    // A small frame still fits.
    expect(writer.offer([FrameType.MIME, 3, ''])).toBe(true);
    for (let id = 4; id <= 6; id++) writer.send(frameOf(id));
    read();
    expect(writer.hasRoom()).toBe(false);
    until(() => {
      writer.flush();
      read();
      return writer.waiting === 0;
    });
    expect(writer.hasRoom()).toBe(true);
  });

  test('refuses a frame that would never fit, so that nothing waits behind it for ever', () => {
    const { ring, writer, read } = aRing();
    const tooLong: MimeFrame = [FrameType.MIME, 1, 'x'.repeat(maxFrameBytes(ring))];
    const error = expect.objectContaining({ code: 'SFU_STATS_INVALID_ARGUMENT' });
    expect(() => writer.send(tooLong)).toThrow(error);
    expect(() => writer.offer(tooLong)).toThrow(error);
    expect(writer.waiting).toBe(0);
    writer.send(frameOf(2));
    expect(read()).toEqual([2]);
  });
});
