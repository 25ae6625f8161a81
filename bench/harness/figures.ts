/** Something the bench must show. */
export interface Figure {
  readonly text: string;
  readonly value: number;
  readonly unit: string;
  readonly relation: 'at most' | 'at least';
  readonly bound: number;
  /**
   * How the value follows the machine's speed: a `time` is multiplied by 1.3 ns over the time of a bare cell, a
   * `rate` divided by it, a `ratio` left as it is.
   */
  readonly kind: 'time' | 'rate' | 'ratio';
  /** The bound of `--quick`, with room for a noisy machine; only ratios have one. */
  readonly quickBound?: number;
}

export interface Verdict extends Figure {
  /** The value as it would be on a machine that adds to a bare cell in 1.3 ns. */
  readonly normalised: number;
  readonly held: boolean;
}

/** Two adds to bare cells on the machine the figures were planned on, ns. */
export const PLANNED_BARE_NS = 1.3;

/**
 * @param bareNs this run's time for two adds to bare cells
 * @returns undefined for a figure that the quick run does not judge
 */
export function judge(figure: Figure, bareNs: number, quick: boolean): Verdict | undefined {
  if (quick && figure.quickBound === undefined) return undefined;
  const bound = quick ? figure.quickBound! : figure.bound;
  const slowness = bareNs / PLANNED_BARE_NS;
  const normalised =
    figure.kind === 'time'
      ? figure.value / slowness
      : figure.kind === 'rate'
        ? figure.value * slowness
        : figure.value;
  const held = figure.relation === 'at most' ? normalised <= bound : normalised >= bound;
  return { ...figure, bound, normalised, held };
}

/** A ratio that must not be larger than `bound`; a quick run allows half as much again unless told otherwise. */
export function ratioAtMost(text: string, value: number, bound: number, quickBound = 1.5 * bound): Figure {
  return { text, value, unit: '×', relation: 'at most', bound, kind: 'ratio', quickBound };
}

/** A ratio that must not be smaller than `bound`; a quick run is content with half of it unless told otherwise. */
export function ratioAtLeast(text: string, value: number, bound: number, quickBound = bound / 2): Figure {
  return { text, value, unit: '×', relation: 'at least', bound, kind: 'ratio', quickBound };
}

export function timeAtMost(text: string, value: number, unit: string, bound: number): Figure {
  return { text, value, unit, relation: 'at most', bound, kind: 'time' };
}

export function rateAtLeast(text: string, value: number, unit: string, bound: number): Figure {
  return { text, value, unit, relation: 'at least', bound, kind: 'rate' };
}
