import { BroadcastChannel } from 'node:worker_threads';
import './heap.js';
import type { Change } from './mutant.js';

const WEIGH = new URL('../faults/fixtures/weigh.mjs', import.meta.url).href;
const FIRST = "import { parentPort, workerData } from 'node:worker_threads';";

/** For a mutant whose timer thread is to be weighed: its heap is its own, the host's says nothing of it. */
export const WEIGHED: Change = {
  file: 'workers/timer-thread.js',
  from: FIRST,
  to: `${FIRST} import ${JSON.stringify(WEIGH)};`,
};

/** Bytes that are really in use in the heap of the one timer thread that is weighed. */
export async function timerHeap(): Promise<number> {
  const channel = new BroadcastChannel('timer heap');
  try {
    return await new Promise<number>((resolve) => {
      channel.onmessage = (message) => resolve((message as { readonly data: number }).data);
      channel.postMessage('weigh');
    });
  } finally {
    channel.close();
  }
}
