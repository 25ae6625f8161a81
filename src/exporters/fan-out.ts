import type { Batch } from './batch.js';
import type { Exporter, ExporterSurroundings } from './exporter.js';

/** What an exporter could not send before the end. */
export interface ExporterLeft {
  readonly exporter: string;
  readonly batches: number;
}

/** Hands every batch to every exporter; none of them touches the others. Timer thread. */
export class FanOut {
  readonly #exporters: readonly Exporter[];
  readonly #log: ExporterSurroundings['log'];

  constructor(exporters: readonly Exporter[], log: ExporterSurroundings['log']) {
    this.#exporters = exporters;
    this.#log = log;
  }

  /** Whether there is anybody to hand a batch to. */
  get isWanted(): boolean {
    return this.#exporters.length > 0;
  }

  write(batch: Batch): void {
    for (const exporter of this.#exporters) {
      try {
        exporter.write(batch);
      } catch (error) {
        exporter.books.failed();
        this.#log('error', { exporter: exporter.name, error: String(error) }, 'an exporter threw');
      }
    }
  }

  /** Closes all of them at once, within one deadline. */
  async close(deadlineMs: number): Promise<ExporterLeft[]> {
    const left = await Promise.all(
      this.#exporters.map(async (exporter) => ({
        exporter: exporter.name,
        batches: await exporter.close(deadlineMs),
      })),
    );
    return left.filter(({ batches }) => batches > 0);
  }
}
