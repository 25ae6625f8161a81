import { parentPort, workerData } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';

/** What the other thread does for each rival: adds up messages by recorder, and says its totals when asked. */
export interface SummingData {
  readonly recorders: number;
  /** Absent: batches come by postMessage. */
  readonly ring?: SharedArrayBuffer;
  /** Messages put into the ring in all, once that is known; else -1. */
  readonly expected?: Int32Array;
}

const { recorders, ring, expected } = workerData as SummingData;
const cells = new Float64Array(2 * recorders);

function add(pairs: ArrayLike<number>, words: number): void {
  for (let at = 0; at < words; at += 2) {
    const cell = 2 * pairs[at]!;
    cells[cell]! += pairs[at + 1]!;
    cells[cell + 1]! += 1;
  }
}

function tell(): void {
  let bytes = 0;
  let messages = 0;
  for (let at = 0; at < cells.length; at += 2) {
    bytes += cells[at]!;
    messages += cells[at + 1]!;
  }
  parentPort!.postMessage({ messages, bytes });
}

if (ring === undefined) {
  parentPort!.on('message', (batch: Int32Array | 'total') => {
    if (batch === 'total') tell();
    else add(batch, batch.length);
  });
} else {
  const from = new RingBuffer(ring, Uint32Array);
  const piece = new Uint32Array(8_192);
  let taken = 0;
  for (;;) {
    const words = from.pop(piece);
    add(piece, words);
    taken += words / 2;
    if (words > 0) continue;
    if (taken === Atomics.load(expected!, 0)) break;
    Atomics.wait(expected!, 1, 0, 0.1);
  }
  tell();
}
