import { Board } from '../memory/board.js';
import { Control, Stop, wakeShard } from '../memory/shard.js';
import type { BuiltSnapshot, KnownParticipants, SnapshotBuilder } from '../snapshot/snapshot-builder.js';

/** Turns of the event loop a flush waits without sleeping: a worker that runs answers within a few. */
const BUSY_TURNS = 64;
/** A flush goes on without a shard that does not answer for this long; its window comes with a later one. */
const ANSWER_DEADLINE_MS = 10_000;
/** Threads tell a new timer thread at their publish tick; one that does not is not waited for again. */
const ANNOUNCE_DEADLINE_MS = 5_000;

export interface FlushSurroundings {
  readonly board: Float64Array;
  readonly builder: SnapshotBuilder;
  readonly participants: KnownParticipants;
  /** Whether every thread that records has told this timer thread whose its slots are. */
  readonly announced: () => boolean;
  /** Goes on without those that have not. */
  readonly giveUpAnnouncements: () => void;
  /** Takes what the event rings hold: whose the slots are must be known before rows are read. */
  readonly drainEvents: () => void;
  /** Monotonic milliseconds, for durations and deadlines. */
  readonly monotonic: () => number;
  readonly originEpochMs: () => number;
  readonly wantsRows: () => boolean;
  /** Hands a snapshot on; the flush is committed and its windows are given back when it returns. */
  readonly sink: (snapshot: BuiltSnapshot) => void;
}

/** Asks the stats workers to close their windows, and makes snapshots of what they closed. Timer thread. */
export class Flusher {
  readonly #around: FlushSurroundings;

  constructor(around: FlushSurroundings) {
    this.#around = around;
  }

  /**
   * One flush of all shards.
   * @param flush its number, higher than any before
   * @param time engine time, ms
   * @returns how many stats it reported.
   */
  async flush(flush: number, time: number): Promise<number> {
    const { board, builder, monotonic } = this.#around;
    await this.#identified();
    const started = monotonic();
    board[Board.FLUSH] = flush; // F1
    for (const { ints, words } of builder.readers) {
      words[Control.REQUEST_TIME] = time;
      Atomics.store(ints, Control.I32_REQUEST, flush | 0); // F2
      wakeShard(ints);
    }
    const complete = await this.#waitUntil(
      () => builder.readers.every(({ ints }) => Atomics.load(ints, Control.I32_ANSWERED) === (flush | 0)),
      started + ANSWER_DEADLINE_MS,
    );
    if (!complete) board[Board.FLUSHES_INCOMPLETE]!++; // F3
    const stats = this.collect(flush);
    board[Board.LAST_FLUSH_TIME] = time;
    board[Board.LAST_FLUSH_DURATION] = monotonic() - started;
    board[Board.LAST_FLUSH_STATS] = stats;
    return stats;
  }

  /** Makes snapshots of the closed windows up to a flush, and gives them back; returns how many stats they had. */
  collect(upTo: number): number {
    const { board, builder, participants, drainEvents, monotonic, originEpochMs, wantsRows, sink } =
      this.#around;
    // The windows first, then the events: the identity of every row is in a ring before its row is.
    const flushes = builder.listFlushes().filter((flush) => flush <= upTo); // C1
    drainEvents(); // C2
    let stats = 0;
    let encodeMs = 0;
    for (const flush of flushes) {
      const started = monotonic();
      const snapshot = builder.build(flush, participants, originEpochMs(), wantsRows());
      encodeMs += monotonic() - started;
      sink(snapshot); // C6
      snapshot.release();
      stats += snapshot.count;
    }
    if (flushes.length > 0) board[Board.LAST_ENCODE_DURATION] = encodeMs;
    return stats;
  }

  /** Waits until the workers have applied everything that was published. */
  drained(deadlineMs: number): Promise<boolean> {
    const { builder, monotonic } = this.#around;
    for (const { ints } of builder.readers) wakeShard(ints);
    return this.#waitUntil(
      () => builder.readers.every((reader) => reader.isDrained()), // B1
      monotonic() + deadlineMs,
    );
  }

  /**
   * The last flush: windows no longer merge, so it ends only when everything was reported or the deadline is
   * over. Then the drains are told to leave.
   */
  async stop(flush: number, time: number, deadlineMs: number): Promise<boolean> {
    const { builder, monotonic } = this.#around;
    const deadline = monotonic() + deadlineMs;
    await this.#identified(deadline);
    for (const { ints, words } of builder.readers) {
      Atomics.store(ints, Control.I32_STOP, Stop.NO_MERGING); // E1
      words[Control.REQUEST_TIME] = time;
      Atomics.store(ints, Control.I32_REQUEST, flush | 0); // E2
      wakeShard(ints);
    }
    this.#around.board[Board.FLUSH] = flush; // E3
    const complete = await this.#waitUntil(() => {
      const answered = builder.readers.every(
        ({ ints }) => Atomics.load(ints, Control.I32_ANSWERED) === (flush | 0),
      );
      // E4: older windows are given back at once, for one that found no room; the last ones go on together.
      this.collect(answered ? flush : flush - 1);
      return (
        answered &&
        builder.readers.every(
          ({ ints }) => ints[Control.I32_RELEASED] === Atomics.load(ints, Control.I32_WINDOW),
        )
      );
    }, deadline);
    if (!complete) this.collect(flush);
    for (const { ints } of builder.readers) {
      Atomics.store(ints, Control.I32_STOP, Stop.LEAVE); // E5
      wakeShard(ints);
    }
    return complete;
  }

  /** After a restart: rows whose owners are still to be told would be counted as nobody's. */
  async #identified(deadline = Number.POSITIVE_INFINITY): Promise<void> {
    const { announced, giveUpAnnouncements, monotonic } = this.#around;
    const until = Math.min(deadline, monotonic() + ANNOUNCE_DEADLINE_MS);
    if (!(await this.#waitUntil(announced, until))) giveUpAnnouncements();
  }

  async #waitUntil(condition: () => boolean, deadline: number): Promise<boolean> {
    for (let turn = 0; !condition(); turn++) {
      if (this.#around.monotonic() > deadline) return false;
      if (turn < BUSY_TURNS) await new Promise((resolve) => setImmediate(resolve));
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return true;
  }
}
