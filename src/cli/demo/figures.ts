/** `1,234,567` */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `4.38`, and a dash where there is nothing to show. */
export function scored(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(2);
}

/** `2.1 ms` */
export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** `0.3 %`, given a share from 0 to 1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `scoresLost 3, windowsMerged 1`, or `none`. */
export function counted(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${name} ${grouped(count)}`).join(', ') || 'none';
}
