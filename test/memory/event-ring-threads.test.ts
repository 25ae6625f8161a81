import { describe, expect, test } from 'vitest';
import { createEventRing, EventRingWriter } from '../../dist/src/memory/event-ring.js';
import type { EventReaderAnswer, EventReaderTask } from '../helpers/event-reader-thread.js';
import { FrameSequence } from '../helpers/frame-sequence.js';
import { startThread } from '../helpers/thread.js';

const FRAMES = 20_000;

describe('two threads at one event ring', () => {
  test.each([
    ['a small ring that is often full', 512, 0, 1],
    ['a ring whose positions pass 2^31', 4096, 2 ** 31 - 32_768, 2],
    ['a ring whose positions pass 2^32', 4096, 2 ** 32 - 32_768, 3],
  ])('%s: every frame arrives, whole and in order', async (_, capacity, position, seed) => {
    const ring = createEventRing(capacity);
    const ints = new Int32Array(ring);
    ints[0] = position;
    ints[128 / 4] = position;
    const task: EventReaderTask = { ring, seed, frames: FRAMES };
    const reader = await startThread<EventReaderAnswer>('./event-reader-thread.ts', task);
    try {
      const writer = new EventRingWriter(ring);
      const sequence = new FrameSequence(seed, ring);
      let bytes = 0;
      let full = 0;
      for (let n = 0; n < FRAMES; n++) {
        const frame = sequence.next();
        bytes += frame.length;
        while (!writer.write(frame)) {
          full++;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      expect(await reader.answer).toEqual({ frames: FRAMES, bytes, wrong: '' });
      expect(full).toBeGreaterThan(0);
    } finally {
      await reader.stop();
    }
  });
});
