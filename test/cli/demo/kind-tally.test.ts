import { AnalyticsStat, AnalyticsStream, StreamType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { KindTally } from '../../../dist/src/cli/demo/kind-tally.js';
import { ScoreFigures } from '../../../dist/src/cli/demo/score-figures.js';

const stat = (trackId: string, mime: string, kind: StreamType, more: object = {}): AnalyticsStat =>
  new AnalyticsStat({
    trackId,
    mime,
    kind,
    streams: [
      new AnalyticsStream({
        primaryPackets: 10,
        retransmitPackets: 2,
        paddingPackets: 1,
        primaryBytes: 1000n,
        retransmitBytes: 200n,
        paddingBytes: 50n,
        packetsLost: 3,
      }),
    ],
    ...more,
  });

describe('the tally of kinds', () => {
  test('sums audio, video, data and signalling apart, and each direction apart', () => {
    const tally = new KindTally();
    const { UPSTREAM, DOWNSTREAM } = StreamType;
    tally.add([
      stat('TR_a', 'audio/opus', UPSTREAM),
      stat('TR_b', 'video/VP8', DOWNSTREAM),
      stat('TR_DTPA_1', '', UPSTREAM),
      stat('TR_SGPA_1', '', DOWNSTREAM),
      stat('TR_c', 'video/VP8', DOWNSTREAM),
    ]);
    tally.add([stat('TR_a', 'audio/opus', UPSTREAM)]);
    const sums = tally.sums.map(({ kind, direction, packets, bytes, lost }) =>
      [kind, direction, packets, bytes, lost].join(' '),
    );
    expect(sums).toEqual([
      'audio 0 26 2500 6',
      'audio 1 0 0 0',
      'video 0 0 0 0',
      'video 1 26 2500 6',
      'data 0 13 1250 3',
      'data 1 0 0 0',
      'signal 0 0 0 0',
      'signal 1 13 1250 3',
    ]);
  });

  test('keeps the scores of the last snapshot that had any', () => {
    const tally = new KindTally();
    expect(tally.latestScores.min).toBeUndefined();
    const scores = { score: 4, minScore: 3, medianScore: 4.25 };
    tally.add([stat('TR_a', 'audio/opus', 0, scores)]);
    tally.add([stat('TR_a', 'audio/opus', 0)]);
    expect(tally.latestScores).toMatchObject({ windows: 1, mean: 4, min: 3, median: 4.25 });
  });
});

describe('score figures', () => {
  test('are the mean of means, the least and the median of medians', () => {
    const figures = new ScoreFigures();
    for (const [score, minScore, medianScore] of [
      [4, 3, 4.1],
      [3, 2.5, 3.2],
      [5, 5, 5],
    ] as const) {
      figures.add({ score, minScore, medianScore });
    }
    expect(figures.mean).toBe(4);
    expect(figures.min).toBe(2.5);
    expect(figures.median).toBe(4.1);
    figures.add({ score: 1, minScore: 1, medianScore: 1 });
    expect(figures.median).toBe(3.2);
  });

  test('say nothing without a window that had scores', () => {
    const figures = new ScoreFigures();
    figures.add({ score: 0, minScore: 0, medianScore: 0 });
    expect([figures.windows, figures.mean, figures.min, figures.median]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
