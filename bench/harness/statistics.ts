/** The value below which a share `q` of the values lies, between two of them where it falls there. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('a quantile of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Half of the range of the middle half of the values, over their median: 0.05 reads as ±5 %. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return middle === 0 ? 0 : (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / Math.abs(middle);
}

/**
 * How many times `over` lies in `value`: the median over the rounds of the quotient within a round, because the
 * machine's speed moves from round to round and both feel that alike.
 */
export function pairedRatio(value: readonly number[], over: readonly number[]): number {
  if (value.length !== over.length) throw new RangeError('rounds that do not pair');
  return median(value.map((one, round) => one / over[round]!));
}
