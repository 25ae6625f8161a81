import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { MetricFamily } from '../../dist/src/exporters/prometheus/families.js';

const builtUrl = (file: string): string =>
  JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href);

/** Where in its work a timer thread is to die, once. */
export type Death =
  | { readonly at: 'once' }
  /** At once, too, by an error that nobody catches. */
  | { readonly at: 'error' }
  /** Before it makes its n-th store to shared memory from now on (0: the next). */
  | { readonly at: 'store'; readonly n: number }
  /** When it has posted the next message of a kind: `snapshot`, `reaped`, `answer`. */
  | { readonly at: 'posted'; readonly kind: string };

const TIMER_THREAD = `
import { parentPort, workerData, BroadcastChannel } from 'node:worker_threads';
const channel = new BroadcastChannel(CHANNEL);
channel.unref();
const store = Atomics.store;
const post = parentPort.postMessage.bind(parentPort);
channel.onmessage = async ({ data }) => {
  if (data === 'scrape') {
    const { TelemetryLedger } = await import(LEDGER);
    const { EventMetrics } = await import(METRICS);
    channel.postMessage(new EventMetrics(new TelemetryLedger(workerData.telemetry)).collect());
    return;
  }
  if (data.at === 'once') process.exit(1);
  if (data.at === 'error') throw new Error('a drill');
  let left = data.n;
  if (data.at === 'store') Atomics.store = (...args) => {
    if (left-- === 0) process.exit(1);
    return store(...args);
  };
  if (data.at === 'posted') parentPort.postMessage = (message, transfer) => {
    post(message, transfer);
    if (message.kind === data.kind) process.exit(1);
  };
  channel.postMessage('armed');
};
await import(ENTRY);
`;

const HELD_STATS_WORKER = `
import { BroadcastChannel } from 'node:worker_threads';
import drain from ENTRY;
export default async (shard) => {
  const channel = new BroadcastChannel(CHANNEL);
  const go = new Promise((resolve) => { channel.onmessage = ({ data }) => data === 'go' && resolve(); });
  channel.postMessage('waiting');
  await go;
  channel.close();
  return drain(shard);
};
`;

function fill(source: string, file: string, channel: string): string {
  return source.replace('CHANNEL', JSON.stringify(channel)).replace('ENTRY', builtUrl(`workers/${file}`));
}

/** The engine's own thread entries, in a folder of their own, with something before them. For `using`. */
abstract class Threads implements Disposable {
  /** The option `threadsUrl`. */
  readonly url: URL;
  readonly channel: BroadcastChannel;
  readonly #folder: string;

  constructor(timer: string, worker: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sfu-stats-threads-'));
    writeFileSync(join(this.#folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(this.#folder, 'timer-thread.js'), fill(timer, 'timer-thread.js', this.#folder));
    writeFileSync(join(this.#folder, 'stats-worker.js'), fill(worker, 'stats-worker.js', this.#folder));
    this.url = new URL(`${pathToFileURL(this.#folder)}/`);
    this.channel = new BroadcastChannel(this.#folder);
  }

  [Symbol.dispose](): void {
    this.channel.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Timer threads that die when they are told to. */
export class MortalTimer extends Threads {
  constructor() {
    const timer = TIMER_THREAD.replace('LEDGER', builtUrl('src/memory/telemetry-ledger.js')).replace(
      'METRICS',
      builtUrl('src/telemetry/event-metrics.js'),
    );
    super(timer, 'export { default } from ENTRY;');
    this.channel.unref();
  }

  /** Resolves when the thread knows where it is to die; for those that die at once, when it was told. */
  async kill(death: Death): Promise<void> {
    const armed = new Promise<void>((resolve) => {
      this.channel.onmessage = () => resolve();
    });
    this.channel.postMessage(death);
    if (death.at === 'store' || death.at === 'posted') await armed;
  }

  /** The metrics of calls and webhooks, as the thread that runs would show them. */
  async scrape(): Promise<MetricFamily[]> {
    const families = new Promise<MetricFamily[]>((resolve) => {
      this.channel.onmessage = (event) => resolve((event as { data: MetricFamily[] }).data);
    });
    this.channel.postMessage('scrape');
    return families;
  }
}

/** Stats workers that do not begin before they are released. */
export class HeldWorkers extends Threads {
  #released = false;

  constructor() {
    super('await import(ENTRY);', HELD_STATS_WORKER);
    this.channel.unref();
    this.channel.onmessage = () => {
      if (this.#released) this.channel.postMessage('go');
    };
  }

  release(): void {
    this.#released = true;
    this.channel.postMessage('go');
  }
}
