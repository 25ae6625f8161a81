import type { MetricFamily, MetricSource } from './families.js';

/** Something whose label sets are bounded. */
export interface BoundedLabels {
  /** How often something was counted under "other" instead, since the start. */
  readonly overflowed: number;
}

/** How often a label's value had no room of its own, by label and by what is labelled with it. Timer thread. */
export class LabelOverflow implements MetricSource {
  readonly #labelled: readonly (readonly [label: string, metrics: string, counts: BoundedLabels])[];

  constructor(...labelled: readonly (readonly [label: string, metrics: string, counts: BoundedLabels])[]) {
    this.#labelled = labelled;
  }

  collect(): readonly MetricFamily[] {
    return [
      {
        type: 'counter',
        name: 'sfu_stats_label_overflow_total',
        help: 'How often a label value was left out or counted as "other", because there were too many.',
        labelNames: ['label', 'metrics'],
        series: this.#labelled.map(([label, metrics, { overflowed }]) => ({
          labels: [label, metrics],
          value: overflowed,
        })),
      },
    ];
  }
}
