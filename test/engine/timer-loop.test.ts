import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TimerData, TimerMessage, TimerRequest } from '../../dist/src/engine/messages.js';
import { monotonicMs } from '../../dist/src/engine/monotonic.js';
import { TimerLoop, type TimerParts } from '../../dist/src/engine/timer-loop.js';
import { Board, createBoard } from '../../dist/src/memory/board.js';
import { createLedger } from '../../dist/src/memory/ledger.js';
import { createTelemetryMemory } from '../../dist/src/memory/telemetry-ledger.js';

const INTERVAL_MS = 1_000;

/** A loop whose parts do as the test says; its time is that of the fake timers. */
class Drill {
  readonly board = createBoard();
  readonly posted: TimerMessage[] = [];
  /** Engine times at which a flush began, and how to end those that were held. */
  readonly flushes: { readonly flush: number; readonly atMs: number; end: (stats?: number) => void }[] = [];
  readonly done: string[] = [];
  /** Whether flushes wait for `end`. */
  holdFlushes = false;
  failing: Error | undefined;
  readonly loop: TimerLoop;

  constructor(clock: TimerData['clock'] = { monotonicStartMs: monotonicMs() }) {
    const parts: TimerParts = {
      data: {
        shards: [],
        threads: [],
        board: this.board,
        ledger: createLedger({ shards: 0, lanes: 1, metricWords: 0 }),
        exporters: [],
        telemetry: createTelemetryMemory(0),
        statsWorkerUrl: '',
        reportIntervalMs: INTERVAL_MS,
        reapAfterMs: 0,
        nodeId: '',
        analyticsKey: '',
        seed: '',
        webhooks: undefined,
        clock,
        known: { calls: [], slots: [], mimes: [] },
      } as Partial<TimerData> as TimerData,
      port: { postMessage: (message: TimerMessage) => this.posted.push(message) },
      pool: {
        watch: () => {},
        terminateDrain: async (shard) => {
          this.done.push(`terminated ${shard}`);
          return true;
        },
        destroy: async () => {
          this.done.push('pool destroyed');
        },
      },
      flusher: {
        flush: (flush, time) => this.#flush(flush, time),
        drained: async () => {
          this.done.push('drained');
          return true;
        },
        stop: async () => {
          this.done.push('last flush');
          return true;
        },
      },
      drainEvents: () => {},
      reap: () => ({ reaped: [], tracks: [], callsTaken: 0 }),
      snapshotTaken: (flush) => this.done.push(`taken ${flush}`),
      reportRooms: () => this.done.push('rooms'),
      finish: async () => ({ webhooks: undefined, exporters: [] }),
      nextReap: () => Number.POSITIVE_INFINITY,
    };
    this.loop = new TimerLoop(parts);
    this.loop.start();
  }

  async #flush(flush: number, atMs: number): Promise<number> {
    this.board[Board.FLUSH] = flush;
    if (this.failing !== undefined) throw this.failing;
    return new Promise((resolve) => {
      const end = (stats = 0): void => resolve(stats);
      this.flushes.push({ flush, atMs: Math.round(atMs), end });
      if (!this.holdFlushes) end();
    });
  }

  ask(id: number, request: TimerRequest): void {
    this.loop.onMessage({ kind: 'request', id, request });
  }

  /** Ids of the requests that were answered so far. */
  get answered(): number[] {
    return this.posted.flatMap((message) => (message.kind === 'answer' ? [message.id] : []));
  }

  get missedTicks(): number {
    return this.board[Board.MISSED_TICKS]!;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('deadlines', () => {
  test('are the multiples of the interval, each kept within a tick', async () => {
    const drill = new Drill();
    await vi.advanceTimersByTimeAsync(3_500);
    expect(drill.flushes.map(({ flush }) => flush)).toEqual([1, 2, 3]);
    for (const [n, { atMs }] of drill.flushes.entries()) {
      expect(atMs).toBeGreaterThanOrEqual((n + 1) * INTERVAL_MS);
      expect(atMs).toBeLessThan((n + 1) * INTERVAL_MS + 60);
    }
    expect(drill.missedTicks).toBe(0);
  });

  test('that pass while a flush runs are counted, and not made up in a burst', async () => {
    const drill = new Drill();
    drill.holdFlushes = true;
    await vi.advanceTimersByTimeAsync(4_500);
    expect(drill.flushes).toHaveLength(1);
    expect(drill.missedTicks).toBe(3);
    drill.holdFlushes = false;
    drill.flushes[0]!.end();
    await vi.advanceTimersByTimeAsync(400);
    expect(drill.flushes, 'the next one is due at 5 s').toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(drill.flushes.map(({ atMs }) => Math.floor(atMs / INTERVAL_MS))).toEqual([1, 5, 6]);
    expect(drill.missedTicks).toBe(3);
  });

  test('a flush that fails is logged, and the next one comes all the same', async () => {
    const drill = new Drill();
    drill.failing = new Error('out of luck');
    await vi.advanceTimersByTimeAsync(1_100);
    drill.failing = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(drill.posted).toContainEqual({
      kind: 'log',
      level: 'error',
      fields: { error: 'Error: out of luck' },
      message: 'a flush failed',
    });
    expect(drill.flushes).toHaveLength(1);
  });

  test('a thread that takes over goes on from the engine’s time, not from its own', async () => {
    const drill = new Drill({ monotonicStartMs: monotonicMs() - 7_400 });
    expect(drill.flushes).toEqual([]);
    await vi.advanceTimersByTimeAsync(700);
    expect(drill.flushes.map(({ atMs }) => Math.floor(atMs / INTERVAL_MS)).at(-1)).toBe(8);
  });

  test('there are none under a virtual clock', async () => {
    const drill = new Drill({ virtualStartMs: 0 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(drill.flushes).toEqual([]);
    expect(drill.board[Board.CLOCK]).toBe(0);
  });
});

describe('requests', () => {
  test('are done one after another, each answered by its id', async () => {
    const drill = new Drill({ virtualStartMs: 0 });
    drill.holdFlushes = true;
    drill.ask(1, { op: 'flush' });
    drill.ask(2, { op: 'flush' });
    await vi.advanceTimersByTimeAsync(100);
    expect(drill.flushes).toHaveLength(1);
    expect(drill.answered).toEqual([]);
    drill.flushes[0]!.end(7);
    await vi.advanceTimersByTimeAsync(1);
    expect(drill.posted).toContainEqual({
      kind: 'answer',
      id: 1,
      answer: { flush: 1, timeMs: 0, stats: 7 },
      error: undefined,
    });
    expect(drill.flushes).toHaveLength(2);
  });

  test('that fail are answered with the reason, and do not stop those behind them', async () => {
    const drill = new Drill({ virtualStartMs: 0 });
    drill.failing = new Error('out of luck');
    drill.ask(1, { op: 'flush' });
    await vi.advanceTimersByTimeAsync(1);
    drill.failing = undefined;
    drill.ask(2, { op: 'flush' });
    await vi.advanceTimersByTimeAsync(1);
    expect(drill.posted).toContainEqual(
      expect.objectContaining({ kind: 'answer', id: 1, error: 'Error: out of luck' }),
    );
    expect(drill.answered).toEqual([1, 2]);
  });

  test('a barrier keeps everything behind it still until the host resumes', async () => {
    const drill = new Drill({ virtualStartMs: 0 });
    drill.ask(1, { op: 'barrier' });
    drill.ask(2, { op: 'flush' });
    await vi.advanceTimersByTimeAsync(500);
    expect(drill.done).toEqual(['drained']);
    expect(drill.answered).toEqual([1]);
    expect(drill.flushes).toEqual([]);
    drill.ask(3, { op: 'resume' });
    await vi.advanceTimersByTimeAsync(1);
    expect(drill.answered).toEqual([1, 3, 2]);
  });

  test('to terminate a worker wait for nothing: a drill must hit what runs', async () => {
    const drill = new Drill({ virtualStartMs: 0 });
    drill.holdFlushes = true;
    drill.ask(1, { op: 'flush' });
    drill.ask(2, { op: 'terminateStatsWorker', shard: 3 });
    await vi.advanceTimersByTimeAsync(1);
    expect(drill.done).toEqual(['terminated 3']);
    expect(drill.answered).toEqual([2]);
  });

  test('to stop come after what was asked before, and nothing ticks after them', async () => {
    const drill = new Drill();
    drill.ask(1, { op: 'flush' });
    drill.ask(2, { op: 'stop', deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(1);
    expect(drill.answered).toEqual([1, 2]);
    expect(drill.done).toEqual(['rooms', 'last flush', 'pool destroyed']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(drill.flushes).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('200,000 events may be on their way to the host; each that it took makes room for one', () => {
  const most = 200_000;
  const drill = new Drill();
  const add = (): boolean =>
    drill.loop.addTelemetry({ kind: 'event', seq: 1, time: 0, bytes: new Uint8Array(0) });
  const addedOf = (tries: number): number => Array.from({ length: tries }, add).filter(Boolean).length;
  expect(addedOf(most / 2)).toBe(most / 2);
  // Sent or not: they are on their way.
  drill.loop.deliverTelemetry(1);
  expect(addedOf(most)).toBe(most / 2);
  drill.loop.deliverTelemetry(2);
  expect(addedOf(10)).toBe(0);
  drill.loop.onMessage({ kind: 'telemetryTaken', count: 7 });
  expect(addedOf(10)).toBe(7);
});
