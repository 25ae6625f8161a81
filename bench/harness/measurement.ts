import { median, spread } from './statistics.js';

/** Units a measurement can have; of rates the higher is better, of all others the lower. */
export type Unit = 'ns' | 'µs' | 'ms' | 'M/s' | 'bytes' | '%';

const HIGHER_IS_BETTER: ReadonlySet<Unit> = new Set(['M/s']);

/** One contestant in one case, over all rounds. */
export interface Measurement {
  /** What was done, such as "10k in turn". */
  readonly case: string;
  readonly contestant: string;
  readonly unit: Unit;
  readonly best: number;
  readonly median: number;
  /** ± as a share of the median. */
  readonly spread: number;
  /** What each round gave, in order; rounds of contestants of one case pair. */
  readonly rounds: readonly number[];
}

export function measurement(
  { case: name, contestant }: Pick<Measurement, 'case' | 'contestant'>,
  unit: Unit,
  rounds: readonly number[],
): Measurement {
  const best = HIGHER_IS_BETTER.has(unit) ? Math.max(...rounds) : Math.min(...rounds);
  return { case: name, contestant, unit, best, median: median(rounds), spread: spread(rounds), rounds };
}

/** A number over time, for plots. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** The one measurement of a case and contestant. */
export function find(measurements: readonly Measurement[], name: string, contestant: string): Measurement {
  const found = measurements.find((one) => one.case === name && one.contestant === contestant);
  if (found === undefined) throw new RangeError(`nothing was measured of ${contestant}, ${name}`);
  return found;
}
