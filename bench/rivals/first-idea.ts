import { type AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import { statOf } from './protocol-classes.js';

export interface FirstSample {
  readonly timeMs: number;
  readonly packets: number;
  readonly bytes: number;
  readonly score: number;
}

/**
 * The single-threaded JavaScript one would write first: an array of samples for each track, coalesced at the flush
 * and built with LiveKit's classes.
 */
export class FirstIdea {
  readonly #samples = new Map<string, FirstSample[]>();
  #flush = 0;

  record(track: string, sample: FirstSample): void {
    const samples = this.#samples.get(track);
    if (samples === undefined) this.#samples.set(track, [sample]);
    else samples.push(sample);
  }

  flush(): { bytes: Uint8Array; packets: number } {
    this.#flush++;
    let packets = 0;
    const stats: AnalyticsStat[] = [];
    for (const [track, samples] of this.#samples) {
      const sum = samples.reduce((total, sample) => total + sample.packets, 0);
      const bytes = samples.reduce((total, sample) => total + sample.bytes, 0);
      const scores = samples.map(({ score }) => score).sort((a, b) => a - b);
      const half = scores.length >> 1;
      const medianScore = scores.length % 2 === 1 ? scores[half]! : (scores[half - 1]! + scores[half]!) / 2;
      packets += sum;
      stats.push(
        statOf({
          id: `AS_${track}_${this.#flush}`,
          participant: `PA_${track}`,
          track,
          packets: sum,
          bytes,
          startMs: samples[0]!.timeMs,
          endMs: samples[samples.length - 1]!.timeMs,
          score: scores.reduce((total, score) => total + score, 0) / scores.length,
          minScore: scores[0]!,
          medianScore,
        }),
      );
    }
    this.#samples.clear();
    return { bytes: new AnalyticsStats({ stats }).toBinary(), packets };
  }
}
