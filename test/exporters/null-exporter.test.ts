import { ExporterBooks } from '../../dist/src/exporters/exporter-books.js';
import { NullExporter } from '../../dist/src/exporters/null-exporter.js';
import { createExporterBooks } from '../../dist/src/memory/exporter-books.js';
import { describeExporterContract } from '../helpers/exporter-contract.js';

describeExporterContract('the one that sends nothing', {
  lacks: ['queue', 'failure'],
  async start() {
    const books = createExporterBooks();
    return {
      exporter: new NullExporter(new ExporterBooks(books)),
      books,
      stall() {},
      fail() {},
      recover() {},
      state: () => 'running',
      async dispose() {},
    };
  },
});
