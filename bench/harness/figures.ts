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
const PLANNED_BARE_NS = 1.3;

/** Node 22 and later make faster code of the bare loop, 0.82 ns where Node 20 takes 1.2: the machine is the same. */
const FASTER_LOOP = { fromNode: 22, by: 1.2 / 0.82 };

/** How much slower than the planned one a machine is on which a Node version takes so long for bare cells. */
export function slownessOf(bareNs: number, node: string): number {
  const major = Number(/^v?(\d+)/.exec(node)?.[1]);
  return (bareNs / PLANNED_BARE_NS) * (major >= FASTER_LOOP.fromNode ? FASTER_LOOP.by : 1);
}

/**
 * @param slowness of this run's machine, as `slownessOf` has it
 * @returns undefined for a figure that the quick run does not judge
 */
export function judge(figure: Figure, slowness: number, quick: boolean): Verdict | undefined {
  if (quick && figure.quickBound === undefined) return undefined;
  const bound = quick ? figure.quickBound! : figure.bound;
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
