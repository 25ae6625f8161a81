import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Counts looks, not time: on a machine that stood still the watchdog did so, too. CommonJS in a text: Node 20 runs
 * neither TypeScript nor ES modules in a thread. Standard error of a thread goes through the one that hangs.
 */
const WATCHDOG = `
const { writeSync } = require('node:fs');
const { workerData: { running, name, seed, everyMs, looks } } = require('node:worker_threads');
let last = 0;
let same = 0;
setInterval(() => {
  const now = Atomics.load(running, 0);
  same = now === last ? same + 1 : 0;
  last = now;
  if (now === 0 || same < looks) return;
  const ms = looks * everyMs;
  writeSync(2, name + ': case ' + (now - 1) + ' of seed ' + seed + ' hangs, for ' + ms + ' ms\\n');
  process.kill(process.pid, 'SIGKILL');
}, everyMs);
`;
const LOOKS = 20;

/** Ends the process, with a word on standard error, when one case goes on for too long: no test could, where it loops. */
export class FuzzWatchdog implements AsyncDisposable {
  /** One more than the case that runs; 0 between cases. */
  readonly #running = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  private constructor(name: string, seed: number, longestMs: number) {
    const workerData = { running: this.#running, name, seed, everyMs: longestMs / LOOKS, looks: LOOKS };
    this.#worker = new Worker(WATCHDOG, { eval: true, execArgv: [], workerData });
  }

  static async start(name: string, seed: number, longestMs: number): Promise<FuzzWatchdog> {
    const watchdog = new FuzzWatchdog(name, seed, longestMs);
    await once(watchdog.#worker, 'online');
    watchdog.#worker.unref();
    return watchdog;
  }

  began(n: number): void {
    Atomics.store(this.#running, 0, n + 1);
  }

  ended(): void {
    Atomics.store(this.#running, 0, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
