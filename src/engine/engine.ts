import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ErrorCode, reading, refused, SfuStatsError } from '../errors.js';
import type { ExporterReport } from '../exporters/exporter.js';
import { Board } from '../memory/board.js';
import type { TelemetryCall } from '../memory/frames.js';
import { Control } from '../memory/shard.js';
import { TelemetryCells, TelemetryLedger } from '../memory/telemetry-ledger.js';
import { type ResolvedOptions, resolveOptions, type StatsEngineOptions } from '../options.js';
import type { EnginePort } from '../record/attach.js';
import type { CounterTable } from '../record/counter-table.js';
import type { DataRecorder } from '../record/data-recorder.js';
import {
  type DataRecorderOptions,
  RecordingThread,
  type TrackRecorderOptions,
} from '../record/recording-thread.js';
import type { RecordResult } from '../record/result.js';
import type { SignalRecorder } from '../record/signal-recorder.js';
import type { TrackRecorder } from '../record/track-recorder.js';
import { VERSION } from '../version.js';
import { type Audit, audit } from './audit.js';
import { CallSender } from './call-sender.js';
import { CLOSE_GRACE_MS, type CloseOptions, closeDeadlineOf } from './close-options.js';
import { type CloseReport, closeReport } from './close-report.js';
import { withDeadline } from './deadline.js';
import { HostListeners } from './host-listeners.js';
import { HostLoopDelay } from './host-loop-delay.js';
import { createMemory, type EngineMemory } from './memory-plan.js';
import type { FlushReport, StopReport, TimerData, TimerMessage } from './messages.js';
import { monotonicMs } from './monotonic.js';
import { Registry } from './registry.js';
import type { Snapshot } from './snapshot.js';
import { type EngineStatus, engineStatus } from './status.js';
import { TelemetryCalls } from './telemetry-calls.js';
import type { TelemetryEvent } from './telemetry-event.js';
import { TimerSupervisor } from './timer-supervisor.js';

const START_DEADLINE_MS = 30_000;

/**
 * The engine of one process, or one of several. It owns a timer thread and, in that, a pool of stats workers;
 * neither keeps the process alive. All calls: on the thread that started it, but for `attach(engine.port())`.
 */
export class StatsEngine extends TelemetryCalls implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #memory: EngineMemory;
  readonly #telemetry: TelemetryLedger;
  readonly #registry: Registry;
  readonly #thread: RecordingThread;
  /** Beside its thread: a load less for every message. Declared as in CounterTable. */
  declare private readonly counters: CounterTable;
  readonly #supervisor: TimerSupervisor;
  readonly #monotonicStart = monotonicMs();
  readonly #listeners: HostListeners;
  /** Where a virtual clock is, or is on its way to. */
  #advancedTo = 0;
  #publishTimer: NodeJS.Timeout | undefined;
  /** Only where metrics show it. */
  #loopDelay: HostLoopDelay | undefined;
  readonly #calls: CallSender;
  /** What each exporter last said of itself. */
  readonly #reports = new Map<string, ExporterReport>();
  #ports = 0;
  #state: EngineStatus['state'] = 'running';
  #closing: Promise<CloseReport> | undefined;
  #lastDeath: string | undefined;
  /** Told whether the first timer thread came up. */
  #whenFirst: ((isUp: boolean) => void) | undefined;

  private constructor(options: ResolvedOptions) {
    super();
    this.#options = options;
    this.#memory = createMemory(options, exporterNames(options));
    const { board, telemetry } = this.#memory;
    this.#telemetry = new TelemetryLedger(telemetry);
    this.#registry = new Registry({
      callsTaken: () => this.#telemetry.committed(TelemetryCells.CALLS_TAKEN),
      reaped: () => board[Board.REAPED]!,
    });
    this.#thread = new RecordingThread(this.#recordingMemory(0), this.#registry);
    this.counters = this.#thread.counters;
    this.#calls = new CallSender(this.#thread, this.#registry);
    this.#supervisor = new TimerSupervisor(new URL('timer-thread.js', options.threadsUrl), {
      data: () => this.#timerData(),
      message: (message) => this.#onMessage(message),
      started: () => this.#onTimerStarted(),
      died: (reason, restartInMs) => this.#onTimerDied(reason, restartInMs),
    });
    this.#listeners = new HostListeners(
      this.#memory.board,
      (message) => this.#supervisor.post(message),
      options.logger,
    );
  }

  /**
   * Starts the threads and resolves when the first of them takes requests; stats workers follow within some
   * tens of milliseconds, and what is recorded meanwhile waits in the rings.
   * @throws SfuStatsError INVALID_OPTION, THREAD
   */
  static async start(options: StatsEngineOptions = {}): Promise<StatsEngine> {
    const surroundings = {
      cores: availableParallelism(),
      randomSeed: () => randomBytes(16).toString('hex'),
      threadsUrl: new URL('../../workers/', import.meta.url),
    };
    const resolved = reading(ErrorCode.INVALID_OPTION, 'options', options, () =>
      resolveOptions(options, surroundings),
    );
    const engine = new StatsEngine(resolved);
    await engine.#start();
    return engine;
  }

  async #start(): Promise<void> {
    const ready = new Promise<boolean>((resolve) => {
      const deadline = setTimeout(() => resolve(false), START_DEADLINE_MS);
      this.#whenFirst = (isUp) => {
        clearTimeout(deadline);
        resolve(isUp);
      };
    });
    this.#supervisor.start();
    if (!(await ready)) {
      await this.#supervisor.end();
      const why = this.#lastDeath ?? `no answer within ${START_DEADLINE_MS} ms`;
      throw new SfuStatsError(ErrorCode.THREAD, `the timer thread did not start: ${why}`);
    }
    this.#publishTimer = setInterval(() => this.#publishTick(), this.#options.publishIntervalMs);
    this.#publishTimer.unref();
    if (this.#options.metrics !== undefined) this.#loopDelay = new HostLoopDelay(this.#memory.board);
  }

  protected override send(call: TelemetryCall): void {
    this.#ensureOpen();
    this.#calls.send(call);
  }

  /**
   * Opens a recorder for one track in one direction.
   * @throws SfuStatsError NO_SLOT, INVALID_ARGUMENT, CLOSED; what is open already is never touched
   */
  openTrackRecorder(options: TrackRecorderOptions): TrackRecorder {
    this.#ensureOpen();
    return this.#thread.openTrack(options);
  }

  /**
   * Opens a recorder for a participant's data messages, both directions.
   * @throws SfuStatsError NO_SLOT, INVALID_ARGUMENT, CLOSED
   */
  openDataRecorder(options: DataRecorderOptions): DataRecorder {
    this.#ensureOpen();
    return this.#thread.openData(options);
  }

  /**
   * Opens a recorder for signalling messages of a connection whose participant is not known yet.
   * @throws SfuStatsError NO_SLOT, CLOSED
   */
  openSignalRecorder(): SignalRecorder {
    this.#ensureOpen();
    return this.#thread.openSignal();
  }

  /** The fast form of a data or signal recorder's `addBytes`: one message of `bytes` bytes, for its `handle`. */
  add(handle: number, bytes: number): RecordResult {
    return this.counters.add(handle, bytes);
  }

  /** Whether the rings take one more record of any size, so that no score is lost. */
  hasRoom(): boolean {
    return this.#thread.hasRoom();
  }

  /** Resolves when there is room again; for those who can wait, such as a replay. */
  async waitForRoom(): Promise<void> {
    this.#thread.publishAll();
    while (!this.#thread.hasRoom()) {
      this.#ensureOpen();
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.#thread.publishAll();
    }
  }

  /**
   * What another thread needs to record into this engine: post it there, `attach` it.
   * @throws SfuStatsError NO_PORT, CLOSED
   */
  port(): EnginePort {
    this.#ensureOpen();
    if (this.#ports === this.#options.ports) {
      throw new SfuStatsError(
        ErrorCode.NO_PORT,
        `all ${this.#ports} ports were handed out; raise the option ports`,
        {
          field: 'ports',
        },
      );
    }
    this.#ports++;
    return { memory: this.#recordingMemory(this.#ports), publishIntervalMs: this.#options.publishIntervalMs };
  }

  #recordingMemory(lane: number): EnginePort['memory'] {
    const { shards, threads, board } = this.#memory;
    return { lane, shards, ...threads[lane]!, board };
  }

  /** Publishes, closes the window now, and resolves when its snapshot was handed on. */
  async flush(): Promise<FlushReport> {
    this.#ensureOpen();
    this.#thread.publishAll();
    return (await this.#supervisor.request({ op: 'flush' })) as FlushReport;
  }

  /**
   * Moves a virtual clock to `ms` after the start; flushes at every multiple of the report interval it
   * reaches, and resolves when their snapshots were handed on.
   * @throws SfuStatsError CLOCK, INVALID_ARGUMENT, CLOSED
   */
  async advanceTo(ms: number): Promise<void> {
    this.#ensureOpen();
    const { clock, reportIntervalMs } = this.#options;
    if (clock === 'real')
      throw new SfuStatsError(ErrorCode.CLOCK, 'advanceTo needs the option clock: { virtualStartMs }');
    if (!Number.isSafeInteger(ms)) throw refused(ErrorCode.INVALID_ARGUMENT, 'ms', 'a whole number', ms);
    const { board } = this.#memory;
    const fromMs = this.#advancedTo;
    if (ms < fromMs) throw refused(ErrorCode.CLOCK, 'ms', `at least ${fromMs}, the engine's time`, ms);
    this.#advancedTo = ms;
    // Nothing happens before the next flush: unless the clock is still on its way, this thread can move it.
    const sameInterval = Math.floor(ms / reportIntervalMs) === Math.floor(fromMs / reportIntervalMs);
    if (sameInterval && board[Board.CLOCK] === fromMs) {
      board[Board.CLOCK] = ms;
      return;
    }
    this.#thread.publishAll();
    await this.#supervisor.request({ op: 'advance', fromMs, toMs: ms });
  }

  /**
   * The books, exact: publishes, has the stats workers apply everything, and sums while all threads of the
   * engine keep still. What other threads record meanwhile counts on both sides.
   */
  async audit(): Promise<Audit> {
    this.#ensureOpen();
    this.#thread.publishAll();
    await this.#supervisor.request({ op: 'barrier' });
    try {
      return audit(this.#memory);
    } finally {
      // Nobody waits for it; while the engine closes there may be nobody to answer.
      this.#supervisor.request({ op: 'resume' }).catch(() => {});
    }
  }

  /** How the engine is, from what its threads say of themselves; nothing waits. */
  status(): EngineStatus {
    return engineStatus(this.#memory, {
      state: this.#state,
      timerReady: this.#supervisor.isReady,
      slotsInUse: this.#thread.slots.inUse,
      streamsInUse: this.#thread.streams.inUse,
      lastDeath: this.#lastDeath,
      callsDropped: this.#calls.dropped,
      reports: this.#reports,
      callsRefused: this.#calls.refused,
      callsStripped: this.#registry.stripped,
    });
  }

  /**
   * Has `listener` called with every snapshot, in order, on this thread; returns the way to stop it. While
   * somebody listens the rows are copied for them. A host that is too slow misses some (`snapshotsDropped`).
   * @throws SfuStatsError INVALID_ARGUMENT, CLOSED
   */
  onSnapshot(listener: (snapshot: Snapshot) => void): () => void {
    this.#ensureOpen();
    return this.#listeners.onSnapshot(listener);
  }

  /**
   * Has `listener` called with every event, webhook and report of rooms, in order, on this thread; returns the
   * way to stop it. A host that is too slow misses some (`telemetryDropped`).
   * @throws SfuStatsError INVALID_ARGUMENT, CLOSED
   */
  onTelemetry(listener: (event: TelemetryEvent) => void): () => void {
    this.#ensureOpen();
    return this.#listeners.onTelemetry(listener);
  }

  /**
   * A drill: terminates the stats worker that drains a shard, as a crash would. Another takes over; nothing
   * is lost. Resolves to false when nobody drained the shard at that moment.
   * @throws SfuStatsError INVALID_ARGUMENT, CLOSED
   */
  async terminateStatsWorker(shard: number): Promise<boolean> {
    this.#ensureOpen();
    if (!Number.isSafeInteger(shard)) {
      throw refused(ErrorCode.INVALID_ARGUMENT, 'shard', 'a whole number', shard);
    }
    return (await this.#supervisor.request({ op: 'terminateStatsWorker', shard })) as boolean;
  }

  /**
   * Refuses further calls, reports what was recorded, ends all threads. Never rejects; a second call gives
   * the first one's report.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(closeDeadlineOf(options));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }

  async #close(deadlineMs: number): Promise<CloseReport> {
    this.#state = 'closing';
    this.#thread.refuse();
    this.#memory.board[Board.CLOSED] = 1;
    clearInterval(this.#publishTimer);
    this.#loopDelay?.stop();
    const deadline = performance.now() + deadlineMs;
    const left = (): number => Math.max(0, deadline - performance.now());
    this.#thread.publishAll();
    while (!this.#thread.isSettled() && left() > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.#thread.publishAll();
    }
    let stopped: StopReport | undefined;
    try {
      const answer = this.#supervisor.request({ op: 'stop', deadlineMs: left() });
      stopped = (await withDeadline(answer, left() + CLOSE_GRACE_MS)) as StopReport | undefined;
    } catch (error) {
      this.#options.logger.warn({ error: String(error) }, 'the engine was closed without its timer thread');
    }
    await this.#supervisor.end();
    this.#state = 'closed';
    return closeReport(this.#memory, stopped);
  }

  #publishTick(): void {
    if (this.#state !== 'running') return;
    this.#readClock();
    this.#loopDelay?.write();
    if (!this.#thread.publishSome()) setImmediate(() => this.#publishTick()).unref();
  }

  /** The timer thread moves the clock; this is for the time when there is none. */
  #readClock(): void {
    if (this.#options.clock !== 'real') return;
    const { board } = this.#memory;
    const now = monotonicMs() - this.#monotonicStart;
    if (now > board[Board.CLOCK]!) board[Board.CLOCK] = now;
  }

  #timerData(): TimerData {
    const { shards, threads, board, ledger, telemetry, exporters, httpCounts } = this.#memory;
    // Everything the thread before it said was heard by now. What it did not say it has not done.
    this.#telemetry.recover(this.#listeners.lastCommit);
    board[Board.REAPED] = this.#registry.reaped;
    const { reportIntervalMs, reapAfterMs, nodeId, analyticsKey, seed, clock, threadsUrl } = this.#options;
    const { webhooks, metrics, grpc, file } = this.#options;
    return {
      shards,
      threads,
      board,
      ledger,
      telemetry,
      exporters,
      httpCounts,
      version: VERSION,
      statsWorkerUrl: new URL('stats-worker.js', threadsUrl).href,
      reportIntervalMs,
      reapAfterMs,
      nodeId,
      analyticsKey,
      seed,
      webhooks,
      metrics,
      grpc,
      file,
      clock: clock === 'real' ? { monotonicStartMs: this.#monotonicStart } : clock,
      known: {
        calls: this.#registry.calls(this.#telemetry.committed(TelemetryCells.CALLS_TAKEN)),
        slots: this.#thread.slotFrames(),
        mimes: this.#thread.mimes.frames(),
      },
    };
  }

  #onTimerStarted(): void {
    this.#whenFirst?.(true);
  }

  #onTimerDied(reason: string, restartInMs: number): void {
    this.#lastDeath = reason;
    this.#whenFirst?.(false);
    this.#memory.board[Board.TIMER_RESTARTS]!++;
    // O2: its stats workers died with it.
    for (const { buffer } of this.#memory.shards) Atomics.store(new Int32Array(buffer), Control.I32_OWNER, 0);
    this.#options.logger.error({ reason, restartInMs }, 'the timer thread ended and is started again');
  }

  #onMessage(message: Exclude<TimerMessage, { kind: 'ready' | 'answer' }>): void {
    if (message.kind === 'log') {
      this.#options.logger[message.level](message.fields, message.message);
    } else if (message.kind === 'exporter') {
      this.#reports.set(message.name, message.report);
    } else if (message.kind === 'reaped') {
      this.#registry.reap(message);
    } else {
      this.#listeners.take(message);
    }
  }

  #ensureOpen(): void {
    if (this.#state !== 'running') throw new SfuStatsError(ErrorCode.CLOSED, `the engine is ${this.#state}`);
  }
}

/** Those that run beside the listeners in the host. */
function exporterNames({ metrics, grpc, file }: ResolvedOptions): string[] {
  return Object.entries({ prometheus: metrics, grpc, file })
    .filter(([, options]) => options !== undefined)
    .map(([name]) => name);
}
