import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';
import ThreadStream from 'thread-stream';
import type { MessagePattern } from '../harness/message-pattern.js';
import type { SummingData } from './summing-worker.js';

/** What a rival needs of a pattern; it can be sent to another process. */
export type Messages = Pick<MessagePattern, 'recorders' | 'order' | 'sizes'>;

/** Accounts messages in another thread and waits until that has them all. */
export interface ThreadRival {
  readonly name: string;
  /** Messages of one round: a fraction of a second's worth. */
  readonly messages: number;
  /** @returns what the other thread counted */
  run(pattern: Messages, messages: number): Promise<{ messages: number; bytes: number; ms: number }>;
}

const WORKER = new URL('./summing-worker.js', import.meta.url);
const BATCH = 4_096;

async function startWorker(data: SummingData): Promise<Worker> {
  const worker = new Worker(WORKER, { workerData: data });
  await once(worker, 'online');
  return worker;
}

export const postMessageBatches: ThreadRival = {
  name: `postMessage, batches of ${BATCH.toLocaleString('en')}`,
  messages: 8_000_000,
  async run(pattern, messages) {
    const worker = await startWorker({ recorders: pattern.recorders });
    const from = performance.now();
    let batch = new Int32Array(2 * BATCH);
    let filled = 0;
    const { order, sizes } = pattern;
    for (let n = 0, at = 0; n < messages; n++) {
      batch[filled++] = order[at]!;
      batch[filled++] = sizes[at]!;
      if (++at === order.length) at = 0;
      if (filled < batch.length) continue;
      worker.postMessage(batch, [batch.buffer]);
      batch = new Int32Array(2 * BATCH);
      filled = 0;
    }
    worker.postMessage(batch.subarray(0, filled));
    worker.postMessage('total');
    const [total] = (await once(worker, 'message')) as [{ messages: number; bytes: number }];
    const ms = performance.now() - from;
    await worker.terminate();
    return { ...total, ms };
  },
};

export const ringbufWorker: ThreadRival = {
  name: 'ringbuf.js, one message a push',
  messages: 2_000_000,
  async run(pattern, messages) {
    const storage = RingBuffer.getStorageForCapacity(2 ** 17, Uint32Array);
    const expected = new Int32Array(new SharedArrayBuffer(8));
    expected[0] = -1;
    const worker = await startWorker({ recorders: pattern.recorders, ring: storage, expected });
    const ring = new RingBuffer(storage, Uint32Array);
    const pair = new Uint32Array(2);
    const { order, sizes } = pattern;
    const from = performance.now();
    for (let n = 0, at = 0; n < messages; n++) {
      pair[0] = order[at]!;
      pair[1] = sizes[at]!;
      if (++at === order.length) at = 0;
      // Half a pair must not go in: one that does not fit whole waits.
      while (ring.availableWrite() < 2);
      ring.push(pair);
    }
    Atomics.store(expected, 0, messages);
    const [total] = (await once(worker, 'message')) as [{ messages: number; bytes: number }];
    const ms = performance.now() - from;
    await worker.terminate();
    return { ...total, ms };
  },
};

export const threadStream: ThreadRival = {
  name: 'thread-stream, one line a message',
  messages: 200_000,
  async run(pattern, messages) {
    const totals = new Float64Array(new SharedArrayBuffer(16));
    const stream = new ThreadStream({
      filename: new URL('./thread-stream-target.js', import.meta.url).href,
      workerData: { totals },
      sync: false,
    });
    await once(stream, 'ready');
    const { order, sizes } = pattern;
    const from = performance.now();
    for (let n = 0, at = 0; n < messages; n++) {
      const hasRoom = stream.write(`${order[at]} ${sizes[at]}\n`);
      if (++at === order.length) at = 0;
      if (!hasRoom) await once(stream, 'drain');
    }
    stream.end();
    await once(stream, 'close');
    const ms = performance.now() - from;
    return { messages: totals[0]!, bytes: totals[1]!, ms };
  },
};
