import type { MessagePort } from 'node:worker_threads';
import type { LogLevel } from '../exporters/exporter.js';
import { Board } from '../memory/board.js';
import type { Flusher } from './flusher.js';
import type {
  Answer,
  FlushReport,
  HostMessage,
  StopReport,
  TelemetryEntry,
  TimerData,
  TimerMessage,
  TimerRequest,
} from './messages.js';
import { monotonicMs } from './monotonic.js';
import type { Reaped, ReapNews } from './registry.js';
import type { StatsPool } from './stats-pool.js';

const TICK_MS = 50;
/** Events on their way to the host: a host that does not take them gets no more (counted). */
const MAX_ENTRIES_AWAY = 200_000;

/** A participant was forgotten, for the host and for the log. */
export interface ReapReport extends Reaped {
  readonly roomName: string;
  readonly identity: string;
  readonly closedForMs: number;
}

/** What the loop runs; made by the thread's entry. */
export interface TimerParts {
  readonly data: TimerData;
  readonly port: Pick<MessagePort, 'postMessage'>;
  readonly pool: Pick<StatsPool, 'watch' | 'terminateDrain' | 'destroy'>;
  readonly flusher: Pick<Flusher, 'flush' | 'drained' | 'stop'>;
  readonly drainEvents: () => void;
  readonly reap: (time: number) => ReapNews & { readonly reaped: readonly ReapReport[] };
  /** The host has worked off the snapshot of a flush. */
  readonly snapshotTaken: (flush: number) => void;
  /** Reports what the node does, after each flush. */
  readonly reportRooms: () => void;
  /** Delivers what is left to deliver, within so many milliseconds, and hands on what was told meanwhile. */
  readonly finish: (deadlineMs: number) => Promise<Omit<StopReport, 'complete'>>;
  /** The earliest time at which somebody is due to be reaped. */
  readonly nextReap: () => number;
}

/**
 * The timer thread's event loop: ticks, deadlines and the host's requests, one after another, so that nothing
 * it calls needs a lock.
 */
export class TimerLoop {
  readonly #parts: TimerParts;
  readonly #board: Float64Array;
  /** The operation that runs; the next one begins when it is over. */
  #last: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #nextDeadline: number;
  #timer: NodeJS.Timeout | undefined;
  #resume: (() => void) | undefined;
  #entries: TelemetryEntry[] = [];
  #entriesAway = 0;
  #stopped = false;

  constructor(parts: TimerParts) {
    this.#parts = parts;
    this.#board = parts.data.board;
    const { reportIntervalMs } = parts.data;
    this.#nextDeadline = (Math.floor(this.#board[Board.CLOCK]! / reportIntervalMs) + 1) * reportIntervalMs;
  }

  get wantsSnapshots(): boolean {
    return this.#board[Board.WANTS_SNAPSHOTS] === 1;
  }

  get wantsTelemetry(): boolean {
    return this.#board[Board.WANTS_TELEMETRY] === 1;
  }

  get isVirtual(): boolean {
    return 'virtualStartMs' in this.#parts.data.clock;
  }

  /** The epoch of engine time 0: the wall clock is only read to stamp. */
  originEpochMs(): number {
    const { clock } = this.#parts.data;
    if ('virtualStartMs' in clock) return clock.virtualStartMs;
    return Date.now() - (monotonicMs() - clock.monotonicStartMs);
  }

  start(): void {
    this.#tick();
    this.post({ kind: 'ready' });
  }

  post(message: TimerMessage, transfer: ArrayBuffer[] = []): void {
    this.#parts.port.postMessage(message, transfer);
  }

  log(level: LogLevel, fields: object, message: string): void {
    this.post({ kind: 'log', level, fields, message });
  }

  /** Has an entry sent to the host with the next `deliverTelemetry`; false when the host has too many already. */
  addTelemetry(entry: TelemetryEntry): boolean {
    if (this.#entriesAway + this.#entries.length >= MAX_ENTRIES_AWAY) return false;
    this.#entries.push(entry);
    return true;
  }

  /**
   * Sends what was added, in order with the snapshots.
   * @param commit number of the commit that it is part of
   */
  deliverTelemetry(commit: number): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#entriesAway += entries.length;
    this.post({ kind: 'telemetry', commit, originEpochMs: this.originEpochMs(), entries });
  }

  onMessage(message: HostMessage): void {
    if (message.kind === 'telemetryTaken') this.#entriesAway -= message.count;
    else if (message.kind === 'snapshotTaken') this.#parts.snapshotTaken(message.flush);
    else this.#onRequest(message.id, message.request);
  }

  #onRequest(id: number, request: TimerRequest): void {
    const answer = (value: Answer): void =>
      this.post({ kind: 'answer', id, answer: value, error: undefined });
    const failed = (error: unknown): void =>
      this.post({ kind: 'answer', id, answer: undefined, error: String(error) });
    if (request.op === 'resume') {
      this.#resume?.();
      answer(true);
    } else if (request.op === 'terminateStatsWorker') {
      this.#parts.pool.terminateDrain(request.shard).then(answer, failed);
    } else if (request.op === 'barrier') {
      this.#inTurn(async () => {
        const still = new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
        answer(await this.#parts.flusher.drained(10_000));
        await still;
      }).catch(failed);
    } else {
      this.#inTurn(() => this.#run(request)).then(answer, failed);
    }
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    this.#queued++;
    const run = this.#last.then(operation).finally(() => {
      this.#queued--;
    });
    this.#last = run.catch(() => {});
    return run;
  }

  async #run(
    request: Extract<TimerRequest, { op: 'flush' | 'advance' | 'stop' }>,
  ): Promise<FlushReport | StopReport | boolean> {
    if (request.op === 'flush') return this.#flush();
    if (request.op === 'stop') return this.#stop(request.deadlineMs);
    await this.#advance(request.fromMs, request.toMs);
    return true;
  }

  async #flush(): Promise<FlushReport> {
    const flush = this.#board[Board.FLUSH]! + 1;
    this.#readClock();
    const time = this.#board[Board.CLOCK]!;
    const stats = await this.#parts.flusher.flush(flush, time);
    // A flush reports, then reaps: a closed participant's last window is among what it reported.
    this.#reap(time);
    this.#parts.reportRooms();
    return { flush, timeMs: this.originEpochMs() + time, stats };
  }

  #reap(time: number): void {
    const { reaped, tracks, callsTaken } = this.#parts.reap(time);
    if (reaped.length + tracks.length === 0) return;
    // Before the host is told: it knows by that that news is on its way.
    this.#board[Board.REAPED]! += reaped.length;
    for (const { room, roomName, participant, identity, closedForMs } of reaped) {
      this.log('debug', { room, roomName, participant, identity, closedForMs }, 'participant reaped');
    }
    this.post({
      kind: 'reaped',
      reaped: reaped.map(({ room, participant, number }) => ({ room, participant, number })),
      tracks,
      callsTaken,
    });
  }

  /**
   * Moves a virtual clock. The host waits meanwhile, so after the first flush only the reaper has anything to
   * do: flushes in which it has nothing to do either are passed over, but keep their numbers.
   */
  async #advance(fromMs: number, toMs: number): Promise<void> {
    const { reportIntervalMs } = this.#parts.data;
    // Not from the cell: the thread before this one may have moved it, and died in the flush of that time.
    const from = Math.max(fromMs, this.#board[Board.LAST_FLUSH_TIME]!);
    let next = (Math.floor(from / reportIntervalMs) + 1) * reportIntervalMs;
    while (next <= toMs) {
      this.#board[Board.CLOCK] = next;
      await this.#flush();
      const due = Math.min(this.#parts.nextReap(), toMs);
      const skipped = Math.max(0, Math.floor((due - next) / reportIntervalMs));
      this.#board[Board.FLUSH]! += skipped;
      next += (skipped + 1) * reportIntervalMs;
    }
    this.#board[Board.CLOCK] = toMs;
  }

  async #stop(deadlineMs: number): Promise<StopReport> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#readClock();
    const { flusher, pool, finish } = this.#parts;
    const deadline = monotonicMs() + deadlineMs;
    const flush = this.#board[Board.FLUSH]! + 1;
    const complete = await flusher.stop(flush, this.#board[Board.CLOCK]!, deadlineMs);
    const left = await finish(Math.max(0, deadline - monotonicMs()));
    await pool.destroy();
    return { complete, ...left };
  }

  #readClock(): void {
    const { clock } = this.#parts.data;
    if ('virtualStartMs' in clock) return;
    const now = monotonicMs() - clock.monotonicStartMs;
    if (now > this.#board[Board.CLOCK]!) this.#board[Board.CLOCK] = now;
  }

  #tick(): void {
    if (this.#stopped) return;
    const now = monotonicMs();
    this.#readClock();
    this.#board[Board.TIMER_BEAT] = now;
    this.#parts.pool.watch(now);
    this.#parts.drainEvents();
    if (!this.isVirtual) this.#checkDeadline();
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  /** Deadlines are multiples of the interval: one that was missed is counted, not made up. */
  #checkDeadline(): void {
    const { reportIntervalMs } = this.#parts.data;
    const time = this.#board[Board.CLOCK]!;
    if (time < this.#nextDeadline) return;
    const passed = Math.floor((time - this.#nextDeadline) / reportIntervalMs) + 1;
    this.#nextDeadline += passed * reportIntervalMs;
    const busy = this.#queued > 0;
    this.#board[Board.MISSED_TICKS]! += busy ? passed : passed - 1;
    if (busy) return;
    this.#inTurn(() => this.#flush()).catch((error) => {
      this.log('error', { error: String(error) }, 'a flush failed');
    });
  }
}
