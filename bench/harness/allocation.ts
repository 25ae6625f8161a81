const CALLS = 100_000;
const TRIES = 5;

/**
 * Bytes of heap a call allocates: what the heap has grown by after a hundred thousand calls, which is too little for a
 * collection in between. The least of some tries, because what the runtime does beside it only adds.
 */
export function bytesACall(batch: () => void, callsABatch: number): number {
  const batches = Math.ceil(CALLS / callsABatch);
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES; tries++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < batches; n++) batch();
    const grown = process.memoryUsage().heapUsed - before;
    least = Math.min(least, grown / (batches * callsABatch));
  }
  return least;
}
