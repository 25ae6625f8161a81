import { countryName } from '../../memory/countries.js';
import { Ledger, type LedgerMemory } from '../../memory/ledger.js';
import {
  JITTER_US_BOUNDS,
  PERCENT_BOUNDS,
  QUALITY_BOUNDS,
  RTT_MS_BOUNDS,
  SOURCES,
  StreamCounts,
  TYPES,
  unpackLabels,
} from '../../memory/stream-counts.js';
import type { HistogramSeries, MetricFamily, MetricSource } from './families.js';
import { DIRECTION_LABELS } from './packet-metrics.js';

const LABEL_NAMES = ['direction', 'source', 'type', 'country'] as const;

interface LabelSet {
  readonly labels: readonly string[];
  /** Its first word in the ledger. */
  readonly at: number;
}

/** LiveKit's stream metrics, from the windows that were reported: counted once a track and window. Timer thread. */
export class StreamMetrics implements MetricSource {
  readonly #ledger: Ledger;

  constructor(ledger: LedgerMemory) {
    this.#ledger = new Ledger(ledger);
  }

  /** Observations whose label set had no room: they are counted for the country "other". */
  get overflowed(): number {
    return this.#ledger.words[this.#metrics() + StreamCounts.OVERFLOWED]!;
  }

  collect(): readonly MetricFamily[] {
    const metrics = this.#metrics();
    const sets = this.#labelSets(metrics);
    const counter = (name: string, help: string, word: number): MetricFamily => ({
      type: 'counter',
      name,
      help,
      labelNames: LABEL_NAMES,
      series: sets.map(({ labels, at }) => ({ labels, value: this.#ledger.words[at + word]! })),
    });
    const histogram = (
      name: string,
      help: string,
      bounds: readonly number[],
      word: number,
    ): MetricFamily => ({
      type: 'histogram',
      name,
      help,
      labelNames: LABEL_NAMES,
      bounds,
      series: sets.map(({ labels, at }) => this.#histogram(labels, at + word, bounds)),
    });
    const { LOST, OUT_OF_ORDER, LOSS_PERCENT, OUT_OF_ORDER_PERCENT, JITTER_US, RTT_MS, QUALITY } =
      StreamCounts;
    return [
      counter('livekit_packet_loss_total', 'Packets lost.', LOST),
      histogram(
        'livekit_packet_loss_percent',
        'Packets lost in a window, percent.',
        PERCENT_BOUNDS,
        LOSS_PERCENT,
      ),
      counter('livekit_packet_out_of_order_total', 'Packets that came out of order.', OUT_OF_ORDER),
      histogram(
        'livekit_packet_out_of_order_percent',
        'Packets that came out of order in a window, percent.',
        PERCENT_BOUNDS,
        OUT_OF_ORDER_PERCENT,
      ),
      histogram(
        'livekit_jitter_us',
        'Largest jitter of a window, microseconds.',
        JITTER_US_BOUNDS,
        JITTER_US,
      ),
      histogram('livekit_rtt_ms', 'Largest round trip of a window, milliseconds.', RTT_MS_BOUNDS, RTT_MS),
      {
        type: 'histogram',
        name: 'livekit_quality_score',
        help: 'Mean connection score of a window.',
        labelNames: [],
        bounds: QUALITY_BOUNDS,
        series: [this.#histogram([], metrics + QUALITY, QUALITY_BOUNDS)],
      },
    ];
  }

  #metrics(): number {
    return this.#ledger.valid + this.#ledger.layout.metrics;
  }

  #labelSets(metrics: number): LabelSet[] {
    const { words } = this.#ledger;
    const sets: LabelSet[] = [];
    for (let set = 0; set < words[metrics + StreamCounts.LABEL_SETS]!; set++) {
      const at = metrics + StreamCounts.SETS + set * StreamCounts.SET_WORDS;
      const { direction, source, type, country } = unpackLabels(words[at + StreamCounts.LABELS]!);
      const labels = [DIRECTION_LABELS[direction]!, SOURCES[source]!, TYPES[type]!, countryName(country)];
      sets.push({ labels, at });
    }
    return sets;
  }

  #histogram(labels: readonly string[], at: number, bounds: readonly number[]): HistogramSeries {
    const { words } = this.#ledger;
    const counts = Array.from(words.subarray(at + 1, at + 2 + bounds.length));
    return { labels, counts, sum: words[at]! };
  }
}
