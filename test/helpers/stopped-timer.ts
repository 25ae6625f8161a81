import { Threads } from './thread-drill.js';

const STOPPED_TIMER_THREAD = `
import { BroadcastChannel } from 'node:worker_threads';
const channel = new BroadcastChannel(CHANNEL);
channel.unref();
channel.onmessage = ({ data }) => {
  channel.postMessage('stopped');
  Atomics.wait(data, 0, 0);
};
await import(ENTRY);
`;

/** Timer threads that stand still when they are told to. For `using`. */
export class StoppedTimer extends Threads {
  readonly #goes = new Int32Array(new SharedArrayBuffer(4));

  constructor() {
    super(STOPPED_TIMER_THREAD, 'export { default } from ENTRY;');
    this.channel.unref();
  }

  /** Resolves when the thread takes nothing any more. */
  async stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.channel.onmessage = () => resolve();
    });
    this.channel.postMessage(this.#goes);
    await stopped;
  }

  goOn(): void {
    Atomics.store(this.#goes, 0, 1);
    Atomics.notify(this.#goes, 0);
  }
}
