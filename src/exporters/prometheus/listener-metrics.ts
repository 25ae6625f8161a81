import { dropWord, HTTP_CODES, HTTP_DROPS, HTTP_PATHS, requestWord } from '../../memory/http-counts.js';
import type { MetricFamily, MetricSource } from './families.js';
import type { MetricsPage } from './metrics-page.js';

/** What the listener says of itself: answers by path and code, connections it ended, and its last page. */
export class ListenerMetrics implements MetricSource {
  readonly #counts: Float64Array;
  readonly #page: () => Pick<MetricsPage, 'lastRenderMs' | 'refusedValues'>;

  /** @param counts see HttpCounts */
  constructor(counts: Float64Array, page: () => Pick<MetricsPage, 'lastRenderMs' | 'refusedValues'>) {
    this.#counts = counts;
    this.#page = page;
  }

  collect(): readonly MetricFamily[] {
    const counts = this.#counts;
    const { lastRenderMs, refusedValues } = this.#page();
    return [
      {
        name: 'sfu_stats_http_requests_total',
        help: 'Requests answered by the metrics listener, by path and code.',
        type: 'counter',
        labelNames: ['path', 'code'],
        // What is usual is there before it is counted, so that its first is a rise; what never was is not.
        series: HTTP_PATHS.flatMap((path) =>
          HTTP_CODES.map((code) => ({ code, value: counts[requestWord(path, code)]! }))
            .filter(({ code, value }) => value > 0 || (path !== 'other' && code === 200))
            .map(({ code, value }) => ({ labels: [path, `${code}`], value })),
        ),
      },
      {
        name: 'sfu_stats_http_connections_dropped_total',
        help: 'Connections the metrics listener ended, by reason.',
        type: 'counter',
        labelNames: ['reason'],
        series: HTTP_DROPS.map((reason) => ({ labels: [reason], value: counts[dropWord(reason)]! })),
      },
      {
        name: 'sfu_stats_render_duration_seconds',
        help: 'Time it took to render the last page of metrics.',
        type: 'gauge',
        labelNames: [],
        series: [{ labels: [], value: lastRenderMs / 1_000 }],
      },
      {
        name: 'sfu_stats_render_values_refused_total',
        help: 'Values that were no finite numbers and were left out of a page.',
        type: 'counter',
        labelNames: [],
        series: [{ labels: [], value: refusedValues }],
      },
    ];
  }
}
