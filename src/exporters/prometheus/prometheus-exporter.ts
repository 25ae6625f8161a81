import { ExportDrop } from '../../memory/exporter-books.js';
import { createHttpCounts } from '../../memory/http-counts.js';
import type { Batch } from '../batch.js';
import type { Exporter, ExporterSurroundings } from '../exporter.js';
import type { ExporterBooks } from '../exporter-books.js';
import type { MetricSource } from './families.js';
import { ListenerMetrics } from './listener-metrics.js';
import type { ResolvedMetricsOptions } from './metrics-options.js';
import { MetricsPage } from './metrics-page.js';
import { MetricsRoutes, type Readiness } from './metrics-routes.js';
import { MetricsServer } from './metrics-server.js';

export interface PrometheusParts {
  /** Whose metrics are shown, beside the listener's own. */
  readonly sources: readonly MetricSource[];
  readonly readiness: () => Readiness;
  /** Label `node_id` of every series. */
  readonly nodeId: string;
  /** See HttpCounts: shared memory where they are to outlive this thread. @default its own */
  readonly httpCounts?: Float64Array;
  /** @default performance.now */
  readonly monotonicMs?: () => number;
}

/** Errors of one kind, of a source that is broken, are logged once. */
const MAX_KNOWN_ERRORS = 100;

/**
 * Shows metrics to whoever scrapes them. Nothing is pushed: batches are taken, and nothing is done with them. Listens
 * from its making. Timer thread.
 */
export class PrometheusExporter implements Exporter {
  readonly name = 'prometheus';
  readonly books: ExporterBooks;
  readonly #server: MetricsServer;
  readonly #log: ExporterSurroundings['log'];
  readonly #known = new Set<string>();
  #closed: Promise<number> | undefined;

  constructor(
    options: ResolvedMetricsOptions,
    around: ExporterSurroundings,
    { sources, readiness, nodeId, httpCounts, monotonicMs = () => performance.now() }: PrometheusParts,
  ) {
    this.books = around.books;
    this.#log = around.log;
    const counts = httpCounts ?? createHttpCounts();
    const page: MetricsPage = new MetricsPage({
      sources: [...sources, new ListenerMetrics(counts, () => page)],
      constantLabels: { node_id: nodeId, node_type: options.nodeType },
      monotonicMs,
      failed: (error) => this.#sourceFailed(error),
    });
    const routes = new MetricsRoutes({ page, readiness, token: options.token });
    this.#server = new MetricsServer(options, around, routes, counts);
    this.#server.start();
  }

  /** A scrape has no queue: what is counted is counted where it happens. */
  write(batch: Batch): boolean {
    this.books.accepted(batch);
    if (this.#closed !== undefined) {
      this.books.dropped(ExportDrop.CLOSED, batch);
      return false;
    }
    this.books.sent(batch);
    return true;
  }

  close(deadlineMs: number): Promise<number> {
    this.#closed ??= this.#server.close(deadlineMs).then(() => 0);
    return this.#closed;
  }

  #sourceFailed(error: string): void {
    this.books.failed();
    if (this.#known.has(error) || this.#known.size >= MAX_KNOWN_ERRORS) return;
    this.#known.add(error);
    this.#log('error', { error }, 'metrics of a source are missing');
  }
}
