import { callHosts, ErrorCode, reasonOf, refused } from '../errors.js';
import { Board } from '../memory/board.js';
import type { Logger } from '../options.js';
import type { HostMessage, SnapshotMessage, TelemetryMessage } from './messages.js';
import { Snapshot } from './snapshot.js';
import { TelemetryEvent } from './telemetry-event.js';

type Listener<T> = (value: T) => unknown;

/** Who in the host hears what the timer thread sends; it is told what nobody wants. Host thread. */
export class HostListeners {
  /** Number of the last commit of the timer thread's that was heard of. */
  lastCommit = 0;
  readonly #snapshots = new Set<Listener<Snapshot>>();
  readonly #telemetry = new Set<Listener<TelemetryEvent>>();
  readonly #board: Float64Array;
  readonly #post: (message: HostMessage) => void;
  readonly #logger: Logger;

  constructor(board: Float64Array, post: (message: HostMessage) => void, logger: Logger) {
    this.#board = board;
    this.#post = post;
    this.#logger = logger;
  }

  onSnapshot(listener: Listener<Snapshot>): () => void {
    return this.#listen(this.#snapshots, listener);
  }

  onTelemetry(listener: Listener<TelemetryEvent>): () => void {
    return this.#listen(this.#telemetry, listener);
  }

  #listen<T>(listeners: Set<Listener<T>>, listener: Listener<T>): () => void {
    if (typeof listener !== 'function')
      throw refused(ErrorCode.INVALID_ARGUMENT, 'listener', 'a function', listener);
    listeners.add(listener);
    this.#say();
    return () => {
      listeners.delete(listener);
      this.#say();
    };
  }

  /** From now on, for all that is recorded and called after this. */
  #say(): void {
    this.#board[Board.WANTS_SNAPSHOTS] = this.#snapshots.size > 0 ? 1 : 0;
    this.#board[Board.WANTS_TELEMETRY] = this.#telemetry.size > 0 ? 1 : 0;
  }

  take(message: SnapshotMessage | TelemetryMessage): void {
    if (message.kind === 'snapshot') {
      this.#tell(this.#snapshots, new Snapshot(message));
      this.#post({ kind: 'snapshotTaken', flush: message.flush });
      return;
    }
    this.lastCommit = message.commit;
    for (const entry of message.entries) {
      this.#tell(this.#telemetry, new TelemetryEvent(entry, message.originEpochMs));
    }
    this.#post({ kind: 'telemetryTaken', count: message.entries.length });
  }

  #tell<T>(listeners: ReadonlySet<Listener<T>>, value: T): void {
    for (const listener of listeners) {
      callHosts(
        () => listener(value),
        (error) => this.#logger.error({ error: reasonOf(error) }, 'a listener threw'),
      );
    }
  }
}
