import { type Metric, Registry } from 'prom-client';
import type { HistogramSeries, MetricFamily, ValueSeries } from './families.js';
import { labelText } from './label-text.js';

type Labels = Readonly<Record<string, string | number>>;

/** A line of the page as prom-client's registry takes it. */
interface Line {
  readonly metricName?: string;
  readonly labels: Labels;
  /** Of every line; the registry writes them once. */
  readonly sharedLabels: Labels;
  readonly value: number;
}

/** Lines that are written in one go: 1 to 2 ms. */
const PIECE_LINES = 500;

/** Writes families in the text format 0.0.4, with prom-client's registry, a piece at a time. Timer thread. */
export class TextFormat {
  static readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  /** Values that were left out, as they are no finite numbers: one NaN would spoil a counter's rate for ever. */
  refused = 0;
  readonly #registry = new Registry();
  readonly #constantLabels: Labels;

  /** @param constantLabels of every series */
  constructor(constantLabels: Readonly<Record<string, string>>) {
    this.#constantLabels = Object.fromEntries(
      Object.entries(constantLabels).map(([name, value]) => [name, labelText(value)]),
    );
  }

  /** The family's text, whole lines; its head stands in the first piece. */
  async *pieces(family: MetricFamily): AsyncGenerator<string, void, undefined> {
    const { name, help, type } = family;
    let values: readonly Line[] = [];
    const metric = { name, help, type, get: () => ({ name, help, type, values }) };
    // The registry asks a metric for no more than this.
    this.#registry.registerMetric(metric as unknown as Metric);
    try {
      let headLength = 0;
      for (values of this.#lines(family)) {
        const text = `${await this.#registry.getSingleMetricAsString(name)}\n`;
        yield text.slice(headLength);
        headLength ||= text.indexOf('\n', text.indexOf('\n') + 1) + 1;
      }
    } finally {
      this.#registry.removeSingleMetric(name);
    }
  }

  /** The family's lines in pieces, of which there is at least one. */
  *#lines(family: MetricFamily): Generator<readonly Line[], void, undefined> {
    let lines: Line[] = [];
    let given = 0;
    for (const series of family.series) {
      if (family.type === 'histogram') this.#addHistogram(family, series as HistogramSeries, lines);
      else this.#addValue(family, series as ValueSeries, lines);
      if (lines.length < PIECE_LINES) continue;
      yield lines;
      given++;
      lines = [];
    }
    if (lines.length > 0 || given === 0) yield lines;
  }

  #addValue({ labelNames }: MetricFamily, { labels, value }: ValueSeries, lines: Line[]): void {
    if (!Number.isFinite(value)) {
      this.refused++;
      return;
    }
    lines.push({ labels: labelsOf(labelNames, labels), sharedLabels: this.#constantLabels, value });
  }

  #addHistogram(
    family: MetricFamily & { readonly type: 'histogram' },
    { labels: values, counts, sum }: HistogramSeries,
    lines: Line[],
  ): void {
    const { name, labelNames, bounds } = family;
    if (!Number.isFinite(sum) || !counts.every(Number.isFinite)) {
      this.refused++;
      return;
    }
    const labels = labelsOf(labelNames, values);
    const sharedLabels = this.#constantLabels;
    let count = 0;
    for (let i = 0; i <= bounds.length; i++) {
      count += counts[i] ?? 0;
      const le = bounds[i] ?? '+Inf';
      lines.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, sharedLabels, value: count });
    }
    lines.push({ metricName: `${name}_sum`, labels, sharedLabels, value: sum });
    lines.push({ metricName: `${name}_count`, labels, sharedLabels, value: count });
  }
}

function labelsOf(names: readonly string[], values: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (let i = 0; i < names.length; i++) labels[names[i]!] = labelText(values[i] ?? '');
  return labels;
}
