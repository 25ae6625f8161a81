import { Threads } from './thread-drill.js';

const SKEWED_TIMER_THREAD = `
import { BroadcastChannel } from 'node:worker_threads';
const channel = new BroadcastChannel(CHANNEL);
channel.unref();
let skew = { wallMs: 0, monotonicMs: 0 };
channel.onmessage = ({ data }) => {
  skew = data;
  channel.postMessage('skewed');
};
const wall = Date.now;
const hrtime = process.hrtime;
const now = performance.now.bind(performance);
Date.now = () => wall() + skew.wallMs;
process.hrtime = () => {
  const [seconds, nanoseconds] = hrtime();
  return [seconds, nanoseconds + 1e6 * skew.monotonicMs];
};
performance.now = () => now() + skew.monotonicMs;
await import(ENTRY);
`;

/** By how much a thread's clocks are off, milliseconds. */
export interface Skew {
  readonly wallMs?: number;
  readonly monotonicMs?: number;
}

/** Timer threads whose clocks jump when they are told to. For `using`. */
export class SkewedTimer extends Threads {
  /** @param dist the compiled package whose threads these are */
  constructor(dist?: URL) {
    super(SKEWED_TIMER_THREAD, 'export { default } from ENTRY;', dist);
    this.channel.unref();
  }

  /** Resolves when the clocks have jumped. */
  async jump({ wallMs = 0, monotonicMs = 0 }: Skew): Promise<void> {
    const jumped = new Promise<void>((resolve) => {
      this.channel.onmessage = () => resolve();
    });
    this.channel.postMessage({ wallMs, monotonicMs });
    await jumped;
  }
}
