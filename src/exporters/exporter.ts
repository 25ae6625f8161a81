import type { Batch } from './batch.js';
import type { ExporterBooks } from './exporter-books.js';

/** How an exporter is; `failing` ones go on trying. */
export const ExporterState = {
  STARTING: 'starting',
  RUNNING: 'running',
  FAILING: 'failing',
  CLOSED: 'closed',
} as const;
export type ExporterState = (typeof ExporterState)[keyof typeof ExporterState];

/** What an exporter says of itself when it changes; its counts are in its books. */
export interface ExporterReport {
  readonly state: ExporterState;
  /** Where it listens, or sends to; without secrets. "" while there is none. */
  readonly address: string;
  /** The last thing that went wrong, "" if nothing has since it last worked: a stable code, then words; no secrets. */
  readonly error: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What an exporter is given by the thread it runs in. */
export interface ExporterSurroundings {
  readonly books: ExporterBooks;
  /** Tells the host how the exporter is; to be called when that changes. */
  readonly report: (report: ExporterReport) => void;
  readonly log: (level: LogLevel, fields: object, message: string) => void;
}

/**
 * Something that takes what the engine sends out of the process. All calls on the timer thread, whose event loop does
 * the work: none of them waits, and none throws for what a receiver does.
 */
export interface Exporter {
  /** Names it in status, logs and metrics, as `grpc`. */
  readonly name: string;
  readonly books: ExporterBooks;
  /**
   * Offers a batch; it is counted as accepted, whatever becomes of it.
   * @returns false where the queue was full: the batch was dropped, whole, and counted
   */
  write(batch: Batch): boolean;
  /**
   * Takes nothing more, sends what is queued within the deadline, drops the rest as `CLOSED`, and gives up every
   * connection, file and timer. Never rejects; called again, it gives the first call's promise.
   * @returns how many batches were left and dropped
   */
  close(deadlineMs: number): Promise<number>;
}
