import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { monotonicMs } from '../../dist/src/engine/monotonic.js';
import { StatsPool } from '../../dist/src/engine/stats-pool.js';
import { createBoard } from '../../dist/src/memory/board.js';
import { Control, createShard, laneWord } from '../../dist/src/memory/shard.js';
import { HeldWorkers } from '../helpers/thread-drill.js';

const TICK_MS = 50;
const SUSPENDED_MS = 600_000;
const NOBODY = 1_000_000;

/** A pool that is watched tick by tick; its one shard is drained by nobody, or by a worker that stands still. */
class Watch {
  readonly errors: string[] = [];
  readonly ints: Int32Array;
  readonly pool: StatsPool;
  readonly #workers = new HeldWorkers();
  #nowMs = monotonicMs();

  constructor() {
    const shard = createShard({ lanes: 1, laneSlots: 2, ringWords: 256, scoreBlocks: 0 });
    this.ints = new Int32Array(shard.buffer);
    const url = new URL('stats-worker.js', this.#workers.url).href;
    this.pool = new StatsPool([shard], url, createBoard(), (level, _, message) => {
      if (level === 'error') this.errors.push(message);
    });
  }

  /** A worker that does not beat owns the shard, while a record waits. */
  standStill(): void {
    this.ints[Control.I32_OWNER] = NOBODY;
    this.ints[laneWord(0, Control.LANE_PUBLISHED)] = 64;
  }

  /** So much time passes, in turns of so long. */
  pass(ms: number, turnMs = TICK_MS): void {
    for (let passed = 0; passed < ms; passed += turnMs) {
      this.#nowMs += turnMs;
      this.pool.watch(this.#nowMs);
    }
  }

  async end(): Promise<void> {
    await this.pool.destroy();
    this.#workers[Symbol.dispose]();
  }
}

let watch: Watch;
beforeEach(() => {
  watch = new Watch();
});
afterEach(() => watch.end());

describe('a worker that stands still while records wait', () => {
  const terminated = ['a stats worker stands still while records wait: terminated'];

  test('is terminated after five seconds', () => {
    watch.standStill();
    watch.pass(4_900);
    expect(watch.errors).toEqual([]);
    watch.pass(200);
    expect(watch.errors).toEqual(terminated);
  });

  test('is not, when the timer thread stood still as well; a second later it is judged as before', () => {
    watch.standStill();
    watch.pass(1_000);
    watch.pass(SUSPENDED_MS, SUSPENDED_MS);
    watch.pass(3_500);
    expect(watch.errors).toEqual([]);
    watch.pass(500);
    expect(watch.errors).toEqual(terminated);
  });
});

describe('a pool that drains nothing', () => {
  const replaced = ['the pool of stats workers does not recover; it is replaced'];

  test('is replaced after three seconds', () => {
    watch.pass(2_900);
    expect(watch.errors).toEqual([]);
    watch.pass(200);
    expect(watch.errors).toEqual(replaced);
  });

  test('is not, when the machine was suspended while it began', () => {
    watch.pass(1_000);
    watch.pass(SUSPENDED_MS, SUSPENDED_MS);
    expect(watch.errors).toEqual([]);
    watch.pass(2_100);
    expect(watch.errors).toEqual(replaced);
  });
});
