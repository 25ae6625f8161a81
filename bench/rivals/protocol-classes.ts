import { AnalyticsStat, AnalyticsStream, StreamType, Timestamp } from '@livekit/protocol';

/** What one stat says of one track. */
export interface StatValues {
  readonly id: string;
  readonly participant: string;
  readonly track: string;
  readonly packets: number;
  readonly bytes: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly score: number;
  readonly minScore: number;
  readonly medianScore: number;
}

/** The stat as LiveKit's library builds it. */
export function statOf(values: StatValues): AnalyticsStat {
  const time = (ms: number): Timestamp => Timestamp.fromDate(new Date(ms));
  return new AnalyticsStat({
    id: values.id,
    analyticsKey: 'key',
    kind: StreamType.UPSTREAM,
    timeStamp: time(values.endMs),
    node: 'ND_bench',
    roomId: 'RM_bench',
    roomName: 'room',
    participantId: values.participant,
    trackId: values.track,
    mime: 'video/VP8',
    score: values.score,
    minScore: values.minScore,
    medianScore: values.medianScore,
    streams: [
      new AnalyticsStream({
        primaryPackets: values.packets,
        primaryBytes: BigInt(values.bytes),
        rtt: 20,
        jitter: 900,
        startTime: time(values.startMs),
        endTime: time(values.endMs),
      }),
    ],
  });
}
