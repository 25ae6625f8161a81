import type { ExporterReport, LogLevel } from '../../dist/src/exporters/exporter.js';
import { ExporterBooks } from '../../dist/src/exporters/exporter-books.js';
import type { MetricFamily, MetricSource } from '../../dist/src/exporters/prometheus/families.js';
import {
  type MetricsOptions,
  resolveMetricsOptions,
} from '../../dist/src/exporters/prometheus/metrics-options.js';
import {
  PrometheusExporter,
  type PrometheusParts,
} from '../../dist/src/exporters/prometheus/prometheus-exporter.js';
import { createExporterBooks, ExporterWords } from '../../dist/src/memory/exporter-books.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A source of fixed families that counts how often it was asked. */
export class FixedSource implements MetricSource {
  asked = 0;
  families: readonly MetricFamily[];

  constructor(families: readonly MetricFamily[] = []) {
    this.families = families;
  }

  collect(): readonly MetricFamily[] {
    this.asked++;
    return this.families;
  }
}

export function gauge(name: string, value: number): MetricFamily {
  return { name, help: 'A test.', type: 'gauge', labelNames: [], series: [{ labels: [], value }] };
}

/** A Prometheus exporter on loopback, and what it said. Made for `await using`: it is closed with its test. */
export class ExporterUnderTest implements AsyncDisposable {
  readonly exporter: PrometheusExporter;
  readonly source = new FixedSource([gauge('sfu_stats_test', 1)]);
  readonly reports: ExporterReport[] = [];
  readonly logs: LogLine[] = [];
  readonly words = createExporterBooks();
  #waiting: {
    readonly is: (report: ExporterReport) => boolean;
    readonly met: (r: ExporterReport) => void;
  }[] = [];

  /** @param Exporter where it is not the one that ships */
  constructor(
    options: MetricsOptions = {},
    parts: Partial<PrometheusParts> = {},
    Exporter = PrometheusExporter,
  ) {
    const around = {
      books: new ExporterBooks(this.words),
      report: (report: ExporterReport) => this.#onReport(report),
      log: (level: LogLevel, fields: object, message: string) =>
        this.logs.push({ level, fields: fields as LogLine['fields'], message }),
    };
    this.exporter = new Exporter(resolveMetricsOptions({ port: 0, ...options }), around, {
      sources: [this.source],
      readiness: () => ({ ready: true, verdict: 'ok' }),
      nodeId: 'ND_test',
      ...parts,
    });
  }

  /** One that listens. */
  static async start(
    options?: MetricsOptions,
    parts?: Partial<PrometheusParts>,
    Exporter?: typeof PrometheusExporter,
  ): Promise<ExporterUnderTest> {
    const under = new ExporterUnderTest(options, parts, Exporter);
    await under.reported(({ state }) => state === 'running');
    return under;
  }

  /** Where it listens. */
  get address(): URL {
    const { address } = this.reports.findLast((report) => report.state === 'running')!;
    return new URL(address);
  }

  get port(): number {
    return Number(this.address.port);
  }

  get retries(): number {
    return this.words[ExporterWords.RETRIES]!;
  }

  get errors(): number {
    return this.words[ExporterWords.ERRORS]!;
  }

  /** The first report, of those to come or already there, that is so. */
  reported(is: (report: ExporterReport) => boolean): Promise<ExporterReport> {
    const found = this.reports.find(is);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((met) => this.#waiting.push({ is, met }));
  }

  async fetch(path = '/metrics', init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.address), init);
  }

  async page(): Promise<string> {
    return (await this.fetch()).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.exporter.close(1_000);
  }

  #onReport(report: ExporterReport): void {
    this.reports.push(report);
    for (const { is, met } of this.#waiting) if (is(report)) met(report);
  }
}
