import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { TimerData } from '../../dist/src/engine/messages.js';
import type { MetricFamily } from '../../dist/src/exporters/prometheus/families.js';
import { TelemetryLedger } from '../../dist/src/memory/telemetry-ledger.js';
import { EventMetrics } from '../../dist/src/telemetry/event-metrics.js';

/** The compiled package. */
const DIST = new URL('../../dist/', import.meta.url);

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
channel.onmessage = ({ data }) => {
  const { shards, threads, ledger, telemetry } = workerData;
  if (data.at === 'never') channel.postMessage({ shards, threads, ledger, telemetry });
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

/** How a stats worker that was born is to end: not at all, or at its n-th Atomics operation from now on. */
export interface Fate {
  readonly how: 'live' | 'throw' | 'exit' | 'memory';
  readonly after: number;
}

/** How one has ended. */
export type FateEnd = Exclude<Fate['how'], 'live'> | 'boot';

/** What a worker asks before it boots, and again before each drain of a shard. */
export interface Birth {
  readonly asks: 'boot' | 'drain';
  readonly thread: number;
}

const MORTAL_STATS_WORKER = `
import { BroadcastChannel, threadId } from 'node:worker_threads';
import drain from ENTRY;
const channel = new BroadcastChannel(CHANNEL);
const ask = (asks) => new Promise((resolve) => {
  channel.onmessage = ({ data }) => { if (data.to === threadId && data.asks === asks) resolve(data.fate); };
  channel.postMessage({ asks, thread: threadId });
});
const natural = { ...Object.fromEntries(['load', 'store', 'add', 'wait'].map((name) => [name, Atomics[name]])) };
const ends = {
  throw: () => { throw new Error('a drill'); },
  exit: () => process.exit(1),
  memory: () => { for (const hog = []; ; ) hog.push(new Array(100_000).fill(hog.length)); },
};
function die({ how, after }) {
  Object.assign(Atomics, natural);
  if (how === 'live') return;
  let left = after;
  for (const name of Object.keys(natural)) {
    Atomics[name] = (...args) => {
      if (--left === 0) {
        Object.assign(Atomics, natural);
        channel.postMessage({ ends: how });
        ends[how]();
      }
      return natural[name](...args);
    };
  }
}
const boots = await ask('boot');
if (boots.how !== 'live') channel.postMessage({ ends: 'boot' });
if (boots.how === 'exit') process.exit(1);
if (boots.how === 'throw') throw new Error('a drill');
export default async (shard) => {
  die(await ask('drain'));
  try {
    return drain(shard);
  } finally {
    Object.assign(Atomics, natural);
  }
};
`;

function fill(source: string, entry: URL, channel: string): string {
  return source.replace('CHANNEL', JSON.stringify(channel)).replace('ENTRY', JSON.stringify(entry.href));
}

/** The engine's own thread entries, in a folder of their own, with something before them. For `using`. */
export abstract class Threads implements Disposable {
  /** The option `threadsUrl`. */
  readonly url: URL;
  readonly channel: BroadcastChannel;
  readonly #folder: string;

  constructor(timer: string, worker: string, dist = DIST) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sfu-stats-threads-'));
    writeFileSync(join(this.#folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(this.#folder, 'timer-thread.js'),
      fill(timer, new URL('workers/timer-thread.js', dist), this.#folder),
    );
    writeFileSync(
      join(this.#folder, 'stats-worker.js'),
      fill(worker, new URL('workers/stats-worker.js', dist), this.#folder),
    );
    this.url = new URL(`${pathToFileURL(this.#folder)}/`);
    this.channel = new BroadcastChannel(this.#folder);
  }

  [Symbol.dispose](): void {
    this.channel.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type SeenMemory = Pick<TimerData, 'shards' | 'threads' | 'ledger' | 'telemetry'>;

/** Timer threads that die when they are told to. */
export class MortalTimer extends Threads {
  /** @param dist the compiled package whose threads these are */
  constructor(dist?: URL) {
    super(TIMER_THREAD, 'export { default } from ENTRY;', dist);
    this.channel.unref();
  }

  /** The engine's memory, as the thread sees it. */
  memory(): Promise<SeenMemory> {
    const answer = new Promise<SeenMemory>((resolve) => {
      this.channel.onmessage = (event) => resolve((event as { data: SeenMemory }).data);
    });
    this.channel.postMessage({ at: 'never' });
    return answer;
  }

  /** Resolves when the thread knows where it is to die; for those that die at once, when it was told. */
  async kill(death: Death): Promise<void> {
    const armed = new Promise<void>((resolve) => {
      this.channel.onmessage = () => resolve();
    });
    this.channel.postMessage(death);
    if (death.at === 'store' || death.at === 'posted') await armed;
  }

  /** The metrics of calls and webhooks, as they are committed. */
  async scrape(): Promise<readonly MetricFamily[]> {
    const { telemetry } = await this.memory();
    return new EventMetrics(new TelemetryLedger(telemetry)).collect();
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

/** Stats workers whose ends the test decides, each when it is born. */
export class MortalWorkers extends Threads {
  /**
   * @param fateOf of a birth: what is said to it
   * @param dist the compiled package whose threads these are
   * @param ended hears of each that ends now
   */
  constructor(fateOf: (birth: Birth) => Fate, dist?: URL, ended: (how: FateEnd) => void = () => {}) {
    super('await import(ENTRY);', MORTAL_STATS_WORKER, dist);
    this.channel.unref();
    this.channel.onmessage = ({ data }) => {
      if ('ends' in (data as object)) {
        ended((data as { ends: FateEnd }).ends);
        return;
      }
      const birth = data as Birth;
      this.channel.postMessage({ to: birth.thread, asks: birth.asks, fate: fateOf(birth) });
    };
  }
}
