import type { Batch } from './batch.js';
import type { Exporter } from './exporter.js';
import type { ExporterBooks } from './exporter-books.js';

/** Sends everything nowhere, at once. */
export class NullExporter implements Exporter {
  readonly name = 'null';
  readonly books: ExporterBooks;

  constructor(books: ExporterBooks) {
    this.books = books;
  }

  write(batch: Batch): boolean {
    this.books.accepted(batch);
    this.books.sent(batch);
    return true;
  }

  close(): Promise<number> {
    return Promise.resolve(0);
  }
}
