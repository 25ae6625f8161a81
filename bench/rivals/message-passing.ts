import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';
import { inBatches, type MessageRival } from './message-rival.js';

/** Recorder and bytes of each message into a ring, for another thread to add up; the push alone is timed. */
const ringbuf: MessageRival = {
  name: 'ringbuf.js, push of one message',
  calls: 1_000,
  prepare(pattern) {
    const ring = new RingBuffer(RingBuffer.getStorageForCapacity(2 * this.calls, Uint32Array), Uint32Array);
    const { order, sizes } = pattern;
    const pushed = new Uint32Array(2);
    const popped = new Uint32Array(2 * this.calls);
    let messages = 0;
    let bytes = 0;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) {
          pushed[0] = order[n]!;
          pushed[1] = sizes[n]!;
          ring.push(pushed);
        }
      }),
      settle() {
        const words = ring.pop(popped);
        messages += words / 2;
        for (let at = 1; at < words; at += 2) bytes += popped[at]!;
      },
      counted: () => ({ messages, bytes }),
    };
  },
};

/** The same with a structured clone a message; the sending alone is timed. */
const postMessage: MessageRival = {
  name: 'postMessage of one message',
  calls: 100,
  prepare(pattern) {
    const { port1, port2 } = new MessageChannel();
    const { order, sizes } = pattern;
    let messages = 0;
    let bytes = 0;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) port1.postMessage({ recorder: order[n]!, bytes: sizes[n]! });
      }),
      settle() {
        for (let got = receiveMessageOnPort(port2); got; got = receiveMessageOnPort(port2)) {
          messages++;
          bytes += (got.message as { bytes: number }).bytes;
        }
      },
      counted() {
        port1.close();
        return { messages, bytes };
      },
    };
  },
};

export const messagePassing: readonly MessageRival[] = [ringbuf, postMessage];
