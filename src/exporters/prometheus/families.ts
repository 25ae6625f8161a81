/**
 * What a scrape is made of: metrics with the values they have at that moment, as plain data. Whoever counts makes
 * these; whoever renders them knows nothing else. Timer thread.
 */

/** One value of a counter or gauge: its labels' values in the order of the family's `labelNames`. */
export interface ValueSeries {
  readonly labels: readonly string[];
  readonly value: number;
}

/** One set of labels of a histogram. */
export interface HistogramSeries {
  readonly labels: readonly string[];
  /** Observations in each bucket alone (not cumulative); the last is what is above all bounds: bounds + 1 counts. */
  readonly counts: readonly number[];
  readonly sum: number;
}

interface Named {
  /** The whole name, as `livekit_packet_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

export type MetricFamily =
  | (Named & { readonly type: 'counter' | 'gauge'; readonly series: readonly ValueSeries[] })
  | (Named & {
      readonly type: 'histogram';
      /** Upper bounds, ascending, without infinity. */
      readonly bounds: readonly number[];
      readonly series: readonly HistogramSeries[];
    });

/**
 * Something that knows the values of some metrics; asked at most once a second. What it gives is read over several
 * turns of the event loop: it must not change until the next time.
 */
export interface MetricSource {
  collect(): readonly MetricFamily[];
}
