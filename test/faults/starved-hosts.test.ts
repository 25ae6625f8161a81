import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { BookTotals, EngineStatus } from '../../dist/src/index.js';
import { exportedPackets } from '../helpers/exported-packets.js';
import { inForm } from '../helpers/fault-form.js';
import { Mutant } from '../helpers/mutant.js';
import { type TimedSnapshot, timeProblems } from '../helpers/window-times.js';

const HOST = fileURLToPath(new URL('./fixtures/busy-host.mjs', import.meta.url));
const DIST = new URL('../../dist/', import.meta.url);
const INTERVAL_MS = 200;
const BLOCKED_MS = 5_000;
const SUSPENDED_MS = inForm(8_000, 120_000);
const STARVED_MS = 30_000;
/** The share of a processor that a starved host gets: so much of every period. */
const AWAKE_MS = 4;
const PERIOD_MS = 200;

/** What fixtures/busy-host.mjs says at its end. */
interface Story {
  readonly made: { readonly packets: number; readonly messages: number; readonly events: number };
  readonly balanced: boolean;
  readonly reported: BookTotals;
  /** Of the flushes that came by themselves. */
  readonly snapshots: readonly TimedSnapshot[];
  readonly heard: { readonly events: number; readonly snapshots: number };
  readonly drops: EngineStatus['drops'];
  readonly threads: EngineStatus['threads'];
  readonly flushes: number;
  readonly complete: boolean;
  /** Packets in the file. */
  readonly exported: number;
}

class BusyHost implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sfu-stats-busy-'));
  readonly #path = join(this.#folder, 'stats.jsonl');
  readonly #lines: AsyncIterator<string>;

  private constructor(dist: URL) {
    this.child = spawn(process.execPath, [HOST, this.#path, dist.href]);
    this.child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @param dist the compiled package it uses */
  static async start(dist = DIST): Promise<BusyHost> {
    const host = new BusyHost(dist);
    expect(await host.#says()).toBe('records');
    // Some windows before anything happens.
    await pause(4 * INTERVAL_MS);
    return host;
  }

  async #says(): Promise<string> {
    return (await this.#lines.next()).value as string;
  }

  async block(ms: number): Promise<void> {
    this.child.stdin.write(`block ${ms}\n`);
    expect(await this.#says()).toBe('blocked');
  }

  async end(): Promise<Story> {
    const exit = once(this.child, 'exit');
    this.child.stdin.write('end\n');
    const story = JSON.parse(await this.#says()) as Story;
    expect(await exit).toEqual([0, null]);
    return { ...story, exported: await exportedPackets(this.#path) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

/** Everything is reported, and what there was no time for is counted. */
function expectWhole(story: Story): void {
  const { made, reported, drops, heard, threads } = story;
  expect(timeProblems(story.snapshots, INTERVAL_MS, drops.snapshotsDropped)).toEqual([]);
  expect(story).toMatchObject({ balanced: true, complete: true, exported: made.packets });
  expect(reported).toMatchObject({ packets: made.packets, messages: made.messages });
  expect(heard.events).toBe(made.events);
  expect(heard.snapshots + drops.snapshotsDropped!).toBe(story.flushes);
  expect([drops.recordsFolded, drops.telemetryDropped]).toEqual([0, 0]);
  expect(threads).toMatchObject({ timerRestarts: 0, statsWorkerRestarts: 0, poolRebuilds: 0 });
}

/** The largest distance of two flushes that the host heard of, by the engine's time. */
function longestGapMs({ snapshots }: Story): number {
  return Math.max(...snapshots.slice(1).map(({ engineMs }, n) => engineMs - snapshots[n]!.engineMs));
}

async function blocked(dist?: URL): Promise<Story> {
  await using host = await BusyHost.start(dist);
  await host.block(BLOCKED_MS);
  return await host.end();
}

// The longest first: the others run beside it.
test.concurrent(`a host that gets ${(100 * AWAKE_MS) / PERIOD_MS} % of a processor for ${STARVED_MS} ms loses nothing but flushes, which are counted`, async () => {
  await using host = await BusyHost.start();
  for (const until = performance.now() + STARVED_MS; performance.now() < until; ) {
    host.child.kill('SIGSTOP');
    await pause(PERIOD_MS - AWAKE_MS);
    host.child.kill('SIGCONT');
    await pause(AWAKE_MS);
  }
  await pause(4 * INTERVAL_MS);
  const story = await host.end();
  expectWhole(story);
  expect(story.drops.missedTicks).toBeGreaterThan(0);
});

test.concurrent(`a host whose loop is blocked for ${BLOCKED_MS} ms loses nothing; snapshots it could not take are counted`, async () => {
  const story = await blocked();
  expectWhole(story);
  expect(story.made.events).toBeGreaterThan(BLOCKED_MS / 200);
  expect(story.drops.snapshotsDropped).toBeGreaterThan(0);
});

async function stopped(ms: number, dist?: URL): Promise<Story> {
  await using host = await BusyHost.start(dist);
  host.child.kill('SIGSTOP');
  await pause(ms);
  host.child.kill('SIGCONT');
  await pause(4 * INTERVAL_MS);
  return await host.end();
}

function expectSpanned(story: Story, ms: number): void {
  expectWhole(story);
  expect(longestGapMs(story)).toBeGreaterThan(ms - 2 * INTERVAL_MS);
  expect(story.drops.missedTicks, 'missed flushes').toBeGreaterThanOrEqual(ms / INTERVAL_MS - 2);
}

test.concurrent(
  `a process that is stopped for ${SUSPENDED_MS} ms goes on as if nothing had been, with one window that spans it`,
  async () => {
    expectSpanned(await stopped(SUSPENDED_MS), SUSPENDED_MS);
  },
  60_000 + 2 * SUSPENDED_MS,
);

test.concurrent('the control shows it where flushes that did not come in time are not counted', async () => {
  using mutant = new Mutant([
    {
      file: 'src/engine/timer-loop.js',
      from: 'this.#board[Board.MISSED_TICKS] += busy ? passed : passed - 1;',
      to: '',
    },
  ]);
  const ms = 3_000;
  const story = await stopped(ms, mutant.url);
  expect(() => expectSpanned(story, ms)).toThrow(/^missed flushes: /);
});

test.concurrent('the control shows it where snapshots that are dropped are not counted', async () => {
  using mutant = new Mutant([
    {
      file: 'src/exporters/export-queue.js',
      from: 'this.#books.dropped(this.#closed ? ExportDrop.CLOSED : ExportDrop.FULL, batch);',
      to: '',
    },
  ]);
  const story = await blocked(mutant.url);
  expect(story.drops.snapshotsDropped).toBe(0);
  expect(story.heard.snapshots).toBeLessThan(story.flushes);
});
