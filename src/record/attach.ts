import { ErrorCode, reading, SfuStatsError } from '../errors.js';
import { ThreadBooks } from '../memory/cells.js';
import { everybodyKnown } from './attribution.js';
import { checkedPort } from './checked-port.js';
import type { CounterTable } from './counter-table.js';
import type { DataRecorder } from './data-recorder.js';
import {
  type DataRecorderOptions,
  type RecordingMemory,
  RecordingThread,
  type TrackRecorderOptions,
} from './recording-thread.js';
import type { RecordResult } from './result.js';
import type { SignalRecorder } from './signal-recorder.js';
import type { TrackRecorder } from './track-recorder.js';

/** What a thread needs to record into an engine that runs in another: post it there and `attach` it, once. */
export interface EnginePort {
  readonly memory: RecordingMemory;
  readonly publishIntervalMs: number;
}

/**
 * The recording side of an engine in a thread of its own. Participants are announced on the engine's own
 * thread; samples for somebody unknown are counted as unattributed when their window is reported.
 */
export class AttachedRecorder {
  readonly #thread: RecordingThread;
  declare private readonly counters: CounterTable;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  /** @internal Use `attach`. */
  constructor(port: EnginePort) {
    this.#thread = new RecordingThread(port.memory, everybodyKnown);
    this.counters = this.#thread.counters;
    this.#thread.announceToNewTimer();
    this.#timer = setInterval(() => this.#tick(), port.publishIntervalMs);
    this.#timer.unref();
  }

  /** @throws SfuStatsError NO_SLOT, INVALID_ARGUMENT, CLOSED */
  openTrackRecorder(options: TrackRecorderOptions): TrackRecorder {
    this.#ensureOpen();
    return this.#thread.openTrack(options);
  }

  /** @throws SfuStatsError NO_SLOT, INVALID_ARGUMENT, CLOSED */
  openDataRecorder(options: DataRecorderOptions): DataRecorder {
    this.#ensureOpen();
    return this.#thread.openData(options);
  }

  /** @throws SfuStatsError NO_SLOT, CLOSED */
  openSignalRecorder(): SignalRecorder {
    this.#ensureOpen();
    return this.#thread.openSignal();
  }

  /** The fast form of `addBytes`: `handle` from a data or signal recorder of this thread. */
  add(handle: number, bytes: number): RecordResult {
    return this.counters.add(handle, bytes);
  }

  /** Puts everything recorded so far where the stats workers see it, in one turn. */
  publish(): void {
    this.#thread.publishAll();
    this.#thread.announceToNewTimer();
  }

  /** Publishes for the last time. Recorders that are still open stay as they are, and are never reported again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#thread.publishAll();
    this.#thread.books[ThreadBooks.ANNOUNCED] = 0;
  }

  #tick(): void {
    if (this.#thread.isEngineClosed()) this.#thread.refuse();
    const isComplete = this.#thread.publishSome();
    this.#thread.announceToNewTimer();
    if (!isComplete) setImmediate(() => this.#tick()).unref();
  }

  #ensureOpen(): void {
    if (this.#closed) throw new SfuStatsError(ErrorCode.CLOSED, 'this attached recorder was closed');
  }
}

/**
 * Starts recording on this thread into the engine that gave the port. A port serves one thread.
 * @throws SfuStatsError INVALID_ARGUMENT for what no engine gave
 */
export function attach(port: EnginePort): AttachedRecorder {
  return reading(ErrorCode.INVALID_ARGUMENT, 'port', port, () => new AttachedRecorder(checkedPort(port)));
}
