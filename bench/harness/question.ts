import type { BareCells } from './bare-cells.js';
import type { Figure } from './figures.js';
import type { Measurement, Series } from './measurement.js';

export interface RunContext {
  /** Ratios only, in a fraction of the time. */
  readonly quick: boolean;
  readonly bare: BareCells;
}

/** What a question came to; structured-clonable. */
export interface Answer {
  readonly measurements: readonly Measurement[];
  readonly figures: readonly Figure[];
  /** What a reader must know to read the table. */
  readonly notes: readonly string[];
  /** The contestant that the others are set in proportion to; none: no such column. */
  readonly reference?: string;
  readonly series?: readonly Series[];
}

/** One table of the bench. It runs in a process of its own, so that no other's code shaped its compilation. */
export interface Question {
  readonly title: string;
  run(context: RunContext): Promise<Answer>;
}
