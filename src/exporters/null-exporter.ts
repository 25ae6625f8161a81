import { ExportDrop } from '../memory/exporter-books.js';
import type { Batch } from './batch.js';
import type { Exporter } from './exporter.js';
import type { ExporterBooks } from './exporter-books.js';

/** Sends everything nowhere, at once. */
export class NullExporter implements Exporter {
  readonly name = 'null';
  readonly books: ExporterBooks;
  #closing: Promise<number> | undefined;

  constructor(books: ExporterBooks) {
    this.books = books;
  }

  write(batch: Batch): boolean {
    this.books.accepted(batch);
    if (this.#closing !== undefined) {
      this.books.dropped(ExportDrop.CLOSED, batch);
      return false;
    }
    this.books.sent(batch);
    return true;
  }

  close(): Promise<number> {
    this.#closing ??= Promise.resolve(0);
    return this.#closing;
  }
}
