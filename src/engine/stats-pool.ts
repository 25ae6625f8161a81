import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { LogLevel } from '../exporters/exporter.js';
import { Board } from '../memory/board.js';
import { Control, laneWord, type ShardMemory, Stop } from '../memory/shard.js';
import { monotonicMs } from './monotonic.js';

/** A shard nobody drains for this long gets another try, and after as long again a new pool. */
const NO_OWNER_MS = 1_500;
/** A drain that stands still this long while records wait is terminated. */
const STALLED_MS = 5_000;
const RETRY_MS = 5;
/**
 * Of a turn of the timer thread that took longer no more is counted: the machine was suspended or starved, and the
 * workers stood still as it did.
 */
const LONGEST_TURN_MS = 200;
/**
 * Piscina's workers try `require` before `import`. A thread that is terminated while it requires an ES module takes the
 * whole process with it, by an assertion of Node's own (20 to 24): with this they are refused at once, and imported.
 */
const NO_REQUIRED_MODULES = '--no-experimental-require-module';
const WORKER_FLAGS = process.allowedNodeEnvironmentFlags.has(NO_REQUIRED_MODULES)
  ? [NO_REQUIRED_MODULES]
  : [];

type Log = (level: LogLevel, fields: object, message: string) => void;

interface Watched {
  readonly ints: Int32Array;
  readonly lanes: number;
  /** Since when nobody owns the shard. */
  ownerlessSince: number;
  runAgain: boolean;
  beat: number;
  beatSince: number;
}

/**
 * The stats workers: a Piscina pool in which each shard's drain is one task that does not end. When a worker
 * dies its task is run again, on the same memory, by the next one. Timer thread.
 */
export class StatsPool {
  readonly #shards: readonly ShardMemory[];
  readonly #url: string;
  readonly #board: Float64Array;
  readonly #log: Log;
  readonly #watched: Watched[];
  /** Workers whose exit gives their shard back. */
  readonly #seen = new WeakSet<Worker>();
  #pool: Piscina;
  #stopping = false;
  #watchedAt = monotonicMs();
  /** For how long the workers were watched, ms: what they are judged by. */
  #watchedMs = 0;

  constructor(shards: readonly ShardMemory[], url: string, board: Float64Array, log: Log) {
    this.#shards = shards;
    this.#url = url;
    this.#board = board;
    this.#log = log;
    this.#watched = shards.map(({ buffer, layout }) => ({
      ints: new Int32Array(buffer),
      lanes: layout.lanes,
      ownerlessSince: 0,
      runAgain: false,
      beat: 0,
      beatSince: 0,
    }));
    // T2: a close that the timer thread before this one had begun begins anew.
    for (const { ints } of this.#watched) Atomics.store(ints, Control.I32_STOP, Stop.RUN);
    this.#pool = this.#createPool();
    for (const shard of shards.keys()) this.#keepDraining(shard, this.#pool); // T3
  }

  #createPool(): Piscina {
    const pool = new Piscina({
      filename: this.#url,
      minThreads: this.#shards.length,
      maxThreads: this.#shards.length,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      recordTiming: false,
      // A drain allocates nothing to speak of: one that does ends itself, and not the host's memory.
      resourceLimits: { maxOldGenerationSizeMb: 64 },
      // Without both, the host's preloads and flags run in every worker.
      env: {},
      execArgv: WORKER_FLAGS,
    });
    // Before its first task: a worker that dies at once gives its shard back all the same.
    pool.on('workerCreate', () => this.#watchExits(pool));
    pool.on('error', (error) => this.#log('warn', { error: String(error) }, 'a stats worker failed'));
    return pool;
  }

  /** Runs the shard's drain, and again whenever it ends, until the pool is replaced or stopped. */
  async #keepDraining(shard: number, pool: Piscina): Promise<void> {
    for (let runs = 0; !this.#stopping && pool === this.#pool; runs++) {
      if (runs > 0) this.#board[Board.STATS_WORKER_RESTARTS]!++;
      const end = await pool.run(this.#shards[shard]).catch((error: unknown) => String(error));
      if (this.#stopping || end === 'stopped') return;
      if (end === 'owned') await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      else this.#log('debug', { shard, end }, 'the drain of a shard ended and is run again');
    }
  }

  /**
   * Looks after the workers; to be called on every tick. A worker that dies while it boots leaves its task
   * pending for ever, so a shard without an owner is noticed here and not by a promise.
   * @param nowMs monotonic
   */
  watch(nowMs: number): void {
    if (this.#stopping) return;
    this.#watchedMs += Math.min(nowMs - this.#watchedAt, LONGEST_TURN_MS);
    this.#watchedAt = nowMs;
    const now = this.#watchedMs;
    for (const [shard, watched] of this.#watched.entries()) {
      const { ints } = watched;
      if (Atomics.load(ints, Control.I32_OWNER) !== 0) {
        watched.ownerlessSince = now;
        watched.runAgain = false;
        this.#watchBeat(watched, now);
      } else if (now - watched.ownerlessSince > 2 * NO_OWNER_MS) {
        this.#replacePool(now);
        return;
      } else if (now - watched.ownerlessSince > NO_OWNER_MS && !watched.runAgain) {
        watched.runAgain = true;
        this.#log('warn', { shard }, 'nobody drains a shard; its task is run once more');
        void this.#keepDraining(shard, this.#pool);
      }
    }
  }

  #watchExits(pool: Piscina): void {
    for (const worker of pool.threads) {
      if (this.#seen.has(worker)) continue;
      this.#seen.add(worker);
      const id = worker.threadId;
      worker.once('exit', () => {
        for (const { ints } of this.#watched) Atomics.compareExchange(ints, Control.I32_OWNER, id, 0); // O1
      });
    }
  }

  #watchBeat(watched: Watched, now: number): void {
    const { ints } = watched;
    const beat = Atomics.load(ints, Control.I32_BEAT);
    let waits = false;
    for (let lane = 0; lane < watched.lanes; lane++) {
      const published = Atomics.load(ints, laneWord(lane, Control.LANE_PUBLISHED));
      if (Atomics.load(ints, laneWord(lane, Control.LANE_APPLIED)) !== published) waits = true;
    }
    if (beat !== watched.beat || !waits) {
      watched.beat = beat;
      watched.beatSince = now;
    } else if (now - watched.beatSince > STALLED_MS) {
      watched.beatSince = now;
      const owner = Atomics.load(ints, Control.I32_OWNER);
      this.#log('error', { threadId: owner }, 'a stats worker stands still while records wait: terminated');
      void this.#pool.threads.find((worker) => worker.threadId === owner)?.terminate();
    }
  }

  #replacePool(now: number): void {
    this.#board[Board.POOL_REBUILDS]!++;
    this.#log('error', {}, 'the pool of stats workers does not recover; it is replaced');
    const old = this.#pool;
    for (const watched of this.#watched) {
      watched.ownerlessSince = now;
      watched.runAgain = false;
    }
    this.#pool = this.#createPool();
    for (const shard of this.#shards.keys()) void this.#keepDraining(shard, this.#pool);
    old.destroy().catch((error: unknown) => this.#log('warn', { error: String(error) }, 'the old pool'));
  }

  /** Kills the worker that drains a shard; false when nobody does at the moment. */
  async terminateDrain(shard: number): Promise<boolean> {
    const ints = this.#watched[shard]?.ints;
    const owner = ints === undefined ? 0 : Atomics.load(ints, Control.I32_OWNER);
    const worker = this.#pool.threads.find(({ threadId }) => threadId === owner);
    if (owner === 0 || worker === undefined) return false;
    await worker.terminate();
    return true;
  }

  /** Ends all workers; drains that were told to leave have left before. */
  async destroy(): Promise<void> {
    this.#stopping = true;
    await this.#pool.destroy();
  }
}
