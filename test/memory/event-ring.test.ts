import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createEventRing,
  EventRingReader,
  EventRingWriter,
  maxFrameBytes,
} from '../../dist/src/memory/event-ring.js';

const frameOf = (length: number, seed = length): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed + i * 7) & 0xff);

/** A ring and its two ends, standing where it would after so many bytes. */
function ringAt(capacity: number, position = 0) {
  const ring = createEventRing(capacity);
  const ints = new Int32Array(ring);
  ints[0] = position;
  ints[128 / 4] = position;
  const reader = new EventRingReader(ring);
  const read = (): Uint8Array[] => {
    const frames: Uint8Array[] = [];
    reader.drain((frame) => frames.push(Uint8Array.from(frame)));
    return frames;
  };
  return { ring, ints, writer: new EventRingWriter(ring), reader, read };
}

describe('the event ring', () => {
  test('hands frames on in the order they were written, and each once', () => {
    const { writer, reader, read } = ringAt(1024);
    const frames = [frameOf(3), frameOf(0), frameOf(17), frameOf(8)];
    for (const frame of frames) expect(writer.write(frame)).toBe(true);
    expect(reader.isEmpty()).toBe(false);
    expect(read()).toEqual(frames);
    expect(reader.isEmpty()).toBe(true);
    expect(read()).toEqual([]);
  });

  test('says how many frames were there', () => {
    const { writer, reader } = ringAt(1024);
    for (let n = 0; n < 5; n++) writer.write(frameOf(n));
    expect(reader.drain(() => undefined)).toBe(5);
    expect(reader.drain(() => undefined)).toBe(0);
  });

  test('takes a frame of every length at every place, across its end too', () => {
    const capacity = 256;
    for (let place = 0; place < capacity; place += 8) {
      for (let length = 0; length <= capacity / 2 - 8; length++) {
        const { writer, read } = ringAt(capacity, place);
        expect(writer.write(frameOf(length))).toBe(true);
        expect(read()).toEqual([frameOf(length)]);
      }
    }
  });

  test('has room for a frame of the longest length whenever it is empty, and says so', () => {
    const capacity = 256;
    const longest = maxFrameBytes(createEventRing(capacity));
    expect(longest).toBe(120);
    const fits = (length: number): boolean => {
      const places = Array.from({ length: capacity / 8 }, (_, n) => 8 * n);
      return places.every((place) => ringAt(capacity, place).writer.write(frameOf(length)));
    };
    expect(fits(longest)).toBe(true);
    expect(fits(longest + 8)).toBe(false);
  });

  test('refuses what does not fit and stays as it was, then takes it when there is room', () => {
    const { ring, writer, read } = ringAt(256);
    const frames = [frameOf(60), frameOf(60, 2), frameOf(60, 3)];
    for (const frame of frames) expect(writer.write(frame)).toBe(true);
    const before = Uint8Array.from(new Uint8Array(ring));
    expect(writer.write(frameOf(61))).toBe(false);
    expect(new Uint8Array(ring)).toEqual(before);
    expect(read()).toEqual(frames);
    expect(writer.write(frameOf(61))).toBe(true);
    expect(read()).toEqual([frameOf(61)]);
  });

  test('can be filled to the last byte, and is then full and not empty', () => {
    const { writer, reader, read } = ringAt(256);
    for (let n = 0; n < 4; n++) expect(writer.write(frameOf(60, n))).toBe(true);
    expect(reader.isEmpty()).toBe(false);
    expect(writer.write(frameOf(0))).toBe(false);
    expect(read()).toHaveLength(4);
    for (let n = 0; n < 4; n++) expect(writer.write(frameOf(60, n))).toBe(true);
  });

  test('counts the bytes it must skip at its end as taken', () => {
    // 240 of 256 bytes are behind: 16 are left, so a frame of 32 skips them and needs 48.
    const { ints, writer, read } = ringAt(256, 240);
    ints[128 / 4] = 24;
    expect(writer.write(frameOf(28))).toBe(false);
    ints[128 / 4] = 32;
    expect(writer.write(frameOf(28))).toBe(true);
    expect(ints[0]).toBe(240 + 16 + 32);
    ints[128 / 4] = 240;
    expect(read()).toEqual([frameOf(28)]);
  });

  test.each([
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
  ])('goes on when its positions pass %s', (_, edge) => {
    const { ints, writer, read } = ringAt(256, (edge - 512) | 0);
    for (let n = 0; n < 40; n++) {
      const frames = [frameOf(n), frameOf(40, n)];
      for (const frame of frames) expect(writer.write(frame)).toBe(true);
      expect(read()).toEqual(frames);
    }
    // More than a ring's length beyond the edge by now.
    expect((ints[0]! - (edge | 0)) | 0).toBeGreaterThan(256);
  });

  test.each([
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
  ])('is full on both sides of %s', (_, edge) => {
    const { writer, read } = ringAt(256, (edge - 128) | 0);
    for (let n = 0; n < 4; n++) expect(writer.write(frameOf(60, n))).toBe(true);
    expect(writer.write(frameOf(0))).toBe(false);
    expect(read()).toHaveLength(4);
  });

  test('gives a frame again whose reader failed, and not those before it', () => {
    const { writer, reader, read } = ringAt(256);
    for (const length of [1, 2, 3]) writer.write(frameOf(length));
    let seen = 0;
    const failAtSecond = (): void => {
      if (++seen === 2) throw new Error('the reader failed');
    };
    expect(() => reader.drain(failAtSecond)).toThrow('the reader failed');
    expect(read()).toEqual([frameOf(2), frameOf(3)]);
  });

  test('gives room back frame by frame, so that a slow reader holds only what it has not read', () => {
    const { writer, reader } = ringAt(256);
    for (let n = 0; n < 4; n++) writer.write(frameOf(60, n));
    const written: boolean[] = [];
    reader.drain(() => written.push(writer.write(frameOf(60))));
    expect(written).toEqual([false, true, true, true]);
  });

  test('keeps the two positions on lines of their own: each end stores only its own', () => {
    const { ints, writer, read } = ringAt(1024);
    writer.write(frameOf(5));
    expect([ints[0], ints[32]]).toEqual([16, 0]);
    expect([...ints.subarray(1, 64)].every((word) => word === 0)).toBe(true);
    read();
    expect([ints[0], ints[32]]).toEqual([16, 16]);
  });

  test('is a queue, whatever is written and read in whatever order', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 120 }) },
      { weight: 1, arbitrary: fc.constant('read' as const) },
    );
    const position = fc.constantFrom(0, 2 ** 31 - 200, 2 ** 32 - 200).map((at) => (at - (at % 8)) | 0);
    fc.assert(
      fc.property(position, fc.array(step, { maxLength: 60 }), (at, steps) => {
        const { writer, read } = ringAt(256, at);
        let queue: Uint8Array[] = [];
        for (const [n, todo] of steps.entries()) {
          if (todo === 'read') {
            expect(read()).toEqual(queue);
            queue = [];
            continue;
          }
          const hadRoom = writer.hasRoom(todo);
          expect(writer.write(frameOf(todo, n))).toBe(hadRoom);
          if (hadRoom) queue.push(frameOf(todo, n));
          else expect(queue.length).toBeGreaterThan(0);
        }
        expect(read()).toEqual(queue);
      }),
    );
  });
});
