import { ExportDrop } from '../memory/exporter-books.js';
import type { Batch } from './batch.js';
import type { ExporterBooks } from './exporter-books.js';

export interface ExportQueueLimits {
  /** Batches that may wait. */
  readonly maxQueuedBatches: number;
  /** Bytes of protobuf that may wait; one batch always may, whatever its size. */
  readonly maxQueuedBytes: number;
}

/**
 * The bounded queue of one exporter, first in, first out, and the entries of its books that belong to it. A batch stays
 * until it is settled: sent, or dropped. Timer thread.
 */
export class ExportQueue {
  readonly #limits: ExportQueueLimits;
  readonly #books: ExporterBooks;
  #batches: Batch[] = [];
  #bytes = 0;
  #closed = false;

  constructor(limits: ExportQueueLimits, books: ExporterBooks) {
    this.#limits = limits;
    this.#books = books;
  }

  get length(): number {
    return this.#batches.length;
  }

  /** Bytes of protobuf that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The n-th batch that waits, from 0. */
  at(n: number): Batch | undefined {
    return this.#batches[n];
  }

  /** Takes a batch, or drops it whole. */
  offer(batch: Batch): boolean {
    this.#books.accepted(batch);
    const { maxQueuedBatches, maxQueuedBytes } = this.#limits;
    const hasRoom =
      this.length === 0 ||
      (this.length < maxQueuedBatches && this.#bytes + batch.bytes.length <= maxQueuedBytes);
    if (this.#closed || !hasRoom) {
      this.#books.dropped(this.#closed ? ExportDrop.CLOSED : ExportDrop.FULL, batch);
      return false;
    }
    this.#batches.push(batch);
    this.#bytes += batch.bytes.length;
    return true;
  }

  /** The first `count` batches have arrived. */
  sent(count: number): void {
    for (const batch of this.#take(count)) this.#books.sent(batch);
  }

  /** Drops the first `count` batches. */
  drop(count: number, reason: ExportDrop): void {
    for (const batch of this.#take(count)) this.#books.dropped(reason, batch);
  }

  /** What is offered from now on is dropped. */
  refuse(): void {
    this.#closed = true;
  }

  #take(count: number): Batch[] {
    const taken = this.#batches.splice(0, count);
    for (const { bytes } of taken) this.#bytes -= bytes.length;
    return taken;
  }
}
