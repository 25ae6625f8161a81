import type { Snapshot } from '../../dist/src/index.js';

/** What of a snapshot has to do with time. */
export type TimedSnapshot = Pick<Snapshot, 'flush' | 'engineMs' | 'timeMs'> & {
  readonly tracks: readonly { readonly trackSid: string; readonly startMs: number; readonly endMs: number }[];
};

/** Stamps are doubles: those of today's epoch are exact to this, milliseconds. */
const ROUNDING_MS = 0.01;

/**
 * What is wrong with the times of an engine's snapshots, a line each: two flushes in one interval, a window that ends before
 * it begins, that ends after the next flush, or that does not begin where the one before it ended; and snapshots that are
 * missing, but for those that were dropped: behind one of them nobody knows where that was.
 */
export function timeProblems(snapshots: readonly TimedSnapshot[], intervalMs: number, dropped = 0): string[] {
  const problems: string[] = [];
  /** Where each track's last window ended, in engine time. */
  const ends = new Map<string, number>();
  let interval = -1;
  let last = (snapshots[0]?.flush ?? 0) - 1;
  let missing = 0;
  for (const { flush, engineMs, timeMs, tracks } of snapshots) {
    const at = `flush ${flush} at ${engineMs}`;
    if (Math.floor(engineMs / intervalMs) <= interval) problems.push(`${at}: the second of its interval`);
    interval = Math.floor(engineMs / intervalMs);
    if (flush !== last + 1) ends.clear();
    missing += flush - last - 1;
    last = flush;
    // What came between a flush and its workers' answer is in its window.
    for (const [trackSid, end] of ends) {
      if (end > engineMs + ROUNDING_MS) problems.push(`${at}: ${trackSid} has ended at ${end}`);
    }
    for (const { trackSid, startMs, endMs } of tracks) {
      const originMs = timeMs - engineMs;
      const [start, end] = [startMs - originMs, endMs - originMs];
      const window = `${at}: ${trackSid} from ${start} to ${end}`;
      if (start > end) problems.push(`${window}: a negative span`);
      const before = ends.get(trackSid) ?? start;
      if (Math.abs(start - before) > ROUNDING_MS) problems.push(`${window}: the last one ended at ${before}`);
      ends.set(trackSid, end);
    }
  }
  if (missing > dropped) problems.push(`${missing} snapshots are missing, ${dropped} were dropped`);
  return problems;
}
