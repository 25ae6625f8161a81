import { ExportDrop } from '../memory/exporter-books.js';
import type { Batch, BatchDetail } from './batch.js';
import { ExportQueue, type ExportQueueLimits } from './export-queue.js';
import { type Exporter, ExporterState, type ExporterSurroundings } from './exporter.js';

/** Snapshots on their way to the host; a host that does not take them gets no more. */
export const CALLBACK_LIMITS: ExportQueueLimits = Object.freeze({
  maxQueuedBatches: 4,
  maxQueuedBytes: Number.POSITIVE_INFINITY,
});

/** Posts a snapshot to the host; what is listed is moved there, not copied. */
export type PostSnapshot = (
  snapshot: BatchDetail & { readonly bytes: Uint8Array<ArrayBuffer> },
  transfer: ArrayBuffer[],
) => void;

/**
 * Hands snapshots to listeners in the host, by credit: so many may be on their way. It takes only what somebody
 * listens to, that is, batches with their rows. Timer thread.
 */
export class CallbackExporter implements Exporter {
  readonly name = 'callback';
  readonly books;
  /** Those on their way. */
  readonly #queue: ExportQueue;
  readonly #post: PostSnapshot;
  readonly #report: ExporterSurroundings['report'];
  #closing: Promise<number> | undefined;
  #emptied: (() => void) | undefined;

  constructor(
    post: PostSnapshot,
    { books, report }: Pick<ExporterSurroundings, 'books' | 'report'>,
    limits = CALLBACK_LIMITS,
  ) {
    this.books = books;
    this.#post = post;
    this.#report = report;
    this.#queue = new ExportQueue(limits, books);
    report({ state: ExporterState.RUNNING, address: '', error: '' });
  }

  write(batch: Batch): boolean {
    const { detail } = batch;
    if (detail === undefined) return true;
    if (!this.#queue.offer(batch)) return false;
    // Other exporters read the same bytes: the host gets a copy, and the rows that nobody else reads.
    const bytes = batch.bytes.slice();
    this.#post({ ...detail, bytes }, [bytes.buffer, detail.rows.buffer, detail.streams.buffer]);
    return true;
  }

  /** The host has worked off a snapshot. An answer to a thread before this one is about another flush, or late. */
  taken(flush: number): void {
    if (this.#queue.at(0)?.detail?.flush !== flush) return;
    this.#queue.sent(1);
    if (this.#queue.length === 0) this.#emptied?.();
  }

  close(deadlineMs: number): Promise<number> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<number> {
    this.#queue.refuse();
    if (this.#queue.length > 0) {
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(resolve, deadlineMs);
        this.#emptied = () => {
          clearTimeout(deadline);
          resolve();
        };
      });
    }
    const left = this.#queue.length;
    this.#queue.drop(left, ExportDrop.CLOSED);
    this.#report({ state: ExporterState.CLOSED, address: '', error: '' });
    return left;
  }
}
