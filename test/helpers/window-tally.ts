import type { Snapshot, TrackWindow } from '../../dist/src/index.js';

/** What is recorded of a track in one window, as plainly as it can be kept: every score by itself. */
interface Window {
  samples: number;
  packets: number;
  bytes: number;
  rttMs: number;
  readonly scores: number[];
}

/** One sample of a track: what was added, and what was measured. */
export interface TalliedSample {
  readonly packets: number;
  readonly bytes: number;
  /** Above 0, with few binary places: sums of them are exact. */
  readonly score: number;
  readonly rttMs: number;
}

/** A row, and the number of the flush it came with. */
export interface ReportedRow {
  readonly flush: number;
  readonly row: TrackWindow;
}

export function reportedRows(snapshots: readonly Snapshot[]): ReportedRow[] {
  return snapshots.flatMap(({ flush, tracks }) => tracks.map((row) => ({ flush, row })));
}

function median(scores: readonly number[]): number {
  const sorted = [...scores].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Counts samples beside an engine, window by window, and says where its snapshots differ. The windows must be
 * known to the test: all that is recorded between two calls of `flush()` is one.
 */
export class WindowTally {
  readonly #windows = new Map<string, Window>();

  add(flush: number, track: string, { packets, bytes, score, rttMs }: TalliedSample): void {
    const key = `${flush} ${track}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = { samples: 0, packets: 0, bytes: 0, rttMs: 0, scores: [] };
      this.#windows.set(key, window);
    }
    window.samples++;
    window.packets += packets;
    window.bytes += bytes;
    window.rttMs = Math.max(window.rttMs, rttMs);
    window.scores.push(score);
  }

  get samples(): number {
    return [...this.#windows.values()].reduce((sum, { samples }) => sum + samples, 0);
  }

  /** One line for each row that is wrong, missing, or there twice; none when all is as it was recorded. */
  problems(rows: readonly ReportedRow[]): string[] {
    const problems: string[] = [];
    const seen = new Set<string>();
    for (const { flush, row } of rows) {
      const key = `${flush} ${row.trackSid}`;
      const window = this.#windows.get(key);
      if (seen.has(key)) problems.push(`${key}: reported twice`);
      seen.add(key);
      if (window === undefined) problems.push(`${key}: nothing was recorded`);
      else problems.push(...difference(row, window).map((what) => `${key}: ${what}`));
    }
    for (const key of this.#windows.keys()) if (!seen.has(key)) problems.push(`${key}: not reported`);
    return problems;
  }
}

function difference(row: TrackWindow, { samples, packets, bytes, rttMs, scores }: Window): string[] {
  const sum = scores.reduce((total, score) => total + score, 0);
  const numbers: readonly (readonly [name: string, reported: number, recorded: number])[] = [
    ['samples', row.samples, samples],
    ['packets', row.primaryPackets, packets],
    ['bytes', row.primaryBytes, bytes],
    ['rtt', row.rttMs, rttMs],
    ['scores', row.scores, scores.length],
    ['mean', row.scoreMean, sum / scores.length],
    ['min', row.scoreMin, Math.min(...scores)],
    ['median', row.scoreMedian, median(scores)],
    ['scores dropped', row.scoresDropped, 0],
  ];
  return numbers
    .filter(([, reported, recorded]) => reported !== recorded)
    .map(([name, reported, recorded]) => `${name} ${reported}, recorded were ${recorded}`);
}
