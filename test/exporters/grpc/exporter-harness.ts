import { onTestFinished } from 'vitest';
import type { Batch } from '../../../dist/src/exporters/batch.js';
import type { ExporterReport } from '../../../dist/src/exporters/exporter.js';
import { ExporterBooks } from '../../../dist/src/exporters/exporter-books.js';
import { GrpcExporter, type GrpcParts } from '../../../dist/src/exporters/grpc/grpc-exporter.js';
import { type GrpcOptions, resolveGrpcOptions } from '../../../dist/src/exporters/grpc/grpc-options.js';
import {
  BatchCounts,
  createExporterBooks,
  EXPORT_DROPS,
  type ExportDrop,
  ExporterWords,
} from '../../../dist/src/memory/exporter-books.js';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** An exporter, its books, and all it said. */
export class GrpcUnderTest {
  readonly words = createExporterBooks();
  readonly reports: ExporterReport[] = [];
  readonly logged: LogLine[] = [];
  readonly exporter: GrpcExporter;

  /**
   * It is closed with the test at the latest.
   * @param Exporter where it is not the one that ships
   */
  constructor(options: GrpcOptions, parts: Partial<GrpcParts> = {}, Exporter = GrpcExporter) {
    const surroundings = {
      books: new ExporterBooks(this.words),
      report: (report: ExporterReport) => void this.reports.push(report),
      log: (level: string, fields: object, message: string) =>
        void this.logged.push({ level, fields, message }),
    };
    // Impatient, so that tests are not long.
    const fast = { ackEveryMs: 20, retryMinMs: 5, retryMaxMs: 50, ...options };
    this.exporter = new Exporter(resolveGrpcOptions(fast), surroundings, parts);
    // With a test's own timers it would take that test's time.
    if (parts.timers === undefined) onTestFinished(async () => void (await this.exporter.close(0)));
  }

  get report(): ExporterReport {
    return this.reports.at(-1)!;
  }

  get accepted(): number {
    return this.words[ExporterWords.ACCEPTED]!;
  }

  get sent(): number {
    return this.words[ExporterWords.SENT]!;
  }

  get retries(): number {
    return this.words[ExporterWords.RETRIES]!;
  }

  get errors(): number {
    return this.words[ExporterWords.ERRORS]!;
  }

  get resent(): number {
    return this.words[ExporterWords.RESENT]!;
  }

  /** Batches dropped for one reason, or for all. */
  dropped(reason?: ExportDrop): number {
    let sum = 0;
    for (let drop = 0; drop < EXPORT_DROPS; drop++)
      if (reason === undefined || drop === reason)
        sum += this.words[ExporterWords.DROPPED + drop * BatchCounts.WORDS]!;
    return sum;
  }

  writeAll(batches: readonly Batch[]): void {
    for (const batch of batches) this.exporter.write(batch);
  }
}
