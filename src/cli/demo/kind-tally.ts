import type { AnalyticsStat } from '@livekit/protocol';
import { Direction } from '../../index.js';
import { ScoreFigures } from './score-figures.js';

export const KINDS = ['audio', 'video', 'data', 'signal'] as const;
export type Kind = (typeof KINDS)[number];

/** What the stats of one kind of track said, in one direction. */
export interface KindSums {
  readonly kind: Kind;
  readonly direction: Direction;
  /** Primary, retransmitted and padding packets; messages of data and signalling. */
  packets: number;
  bytes: number;
  lost: number;
  readonly scores: ScoreFigures;
}

/** Sums stats by kind of track and direction. */
export class KindTally {
  /** Audio up, audio down, video up and so on. */
  readonly sums: readonly KindSums[] = KINDS.flatMap((kind) =>
    [Direction.UPSTREAM, Direction.DOWNSTREAM].map((direction) => ({
      kind,
      direction,
      packets: 0,
      bytes: 0,
      lost: 0,
      scores: new ScoreFigures(),
    })),
  );
  /** Of the last snapshot that had any. */
  latestScores = new ScoreFigures();

  /** Adds a snapshot. */
  add(stats: readonly AnalyticsStat[]): void {
    const latest = new ScoreFigures();
    for (const stat of stats) {
      const sums = this.sums[2 * KINDS.indexOf(kindOf(stat)) + stat.kind]!;
      for (const stream of stat.streams) {
        sums.packets += stream.primaryPackets + stream.retransmitPackets + stream.paddingPackets;
        sums.bytes += Number(stream.primaryBytes + stream.retransmitBytes + stream.paddingBytes);
        sums.lost += stream.packetsLost;
      }
      sums.scores.add(stat);
      latest.add(stat);
    }
    if (latest.windows > 0) this.latestScores = latest;
  }
}

function kindOf({ trackId, mime }: AnalyticsStat): Kind {
  if (trackId.startsWith('TR_DT')) return 'data';
  if (trackId.startsWith('TR_SG')) return 'signal';
  return mime.startsWith('audio') ? 'audio' : 'video';
}
