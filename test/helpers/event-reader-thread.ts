import { parentPort, workerData } from 'node:worker_threads';
import { EventRingReader } from '../../dist/src/memory/event-ring.js';
import { FrameSequence } from './frame-sequence.js';

/** What the reading thread is told, and what it answers. */
export interface EventReaderTask {
  ring: SharedArrayBuffer;
  seed: number;
  frames: number;
}
export interface EventReaderAnswer {
  frames: number;
  bytes: number;
  /** The first frame that was not as the sequence says; "" for none. */
  wrong: string;
}

const { ring, seed, frames } = workerData as EventReaderTask;
const reader = new EventRingReader(ring);
const expected = new FrameSequence(seed, ring);
const tail = new Int32Array(ring);
const answer: EventReaderAnswer = { frames: 0, bytes: 0, wrong: '' };

while (answer.frames < frames && answer.wrong === '') {
  const before = Atomics.load(tail, 0);
  const taken = reader.drain((frame) => {
    const next = expected.next();
    if (answer.wrong === '' && Buffer.compare(frame, next) !== 0) {
      answer.wrong = `frame ${answer.frames}: ${frame.length} bytes, expected ${next.length}`;
    }
    answer.frames++;
    answer.bytes += frame.length;
  });
  // Nobody notifies on the tail: look again soon, and leave the core to the writer meanwhile.
  if (taken === 0) Atomics.wait(tail, 0, before, 1);
}
parentPort?.postMessage(answer);
