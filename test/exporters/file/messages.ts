import {
  AnalyticsEvent,
  AnalyticsEvents,
  AnalyticsEventType,
  AnalyticsNodeRooms,
  AnalyticsStat,
  AnalyticsStats,
  StreamType,
} from '@livekit/protocol';
import { Batch, BatchKind, NO_TOTALS } from '../../../dist/src/exporters/batch.js';

export const TIME_MS = Date.UTC(2026, 0, 31, 12, 0, 0, 250);

export function statOf(
  n: number,
  fields: ConstructorParameters<typeof AnalyticsStat>[0] = {},
): AnalyticsStat {
  return new AnalyticsStat({
    id: `AS_${n}`,
    kind: n % 2 === 0 ? StreamType.UPSTREAM : StreamType.DOWNSTREAM,
    timeStamp: { seconds: BigInt(Math.floor(TIME_MS / 1000)), nanos: 250_000_000 },
    node: 'ND_test',
    roomId: `RM_${n % 3}`,
    roomName: `room ${n % 3}`,
    participantId: `PA_${n % 5}`,
    trackId: `TR_${n}`,
    mime: 'audio/opus',
    score: 4.25,
    minScore: 3.5,
    medianScore: 4.5,
    streams: [
      {
        primaryPackets: 1000 + n,
        primaryBytes: BigInt(100_000 + n),
        retransmitPackets: 10,
        retransmitBytes: 900n,
        paddingPackets: 1,
        paddingBytes: 50n,
        packetsLost: n % 4,
        rtt: 30,
        jitter: 1200,
      },
    ],
    ...fields,
  });
}

export function statsBatch(stats: readonly AnalyticsStat[]): Batch {
  return new Batch({
    kind: BatchKind.STATS,
    bytes: new AnalyticsStats({ stats: [...stats] }).toBinary(),
    items: stats.length,
    timeMs: TIME_MS,
    totals: { samples: stats.length, messages: 1, packets: 10 * stats.length, bytes: 100 * stats.length },
  });
}

/** Stats `from` to `to`, that one not among them. */
export function statsFrom(from: number, to: number): Batch {
  return statsBatch(Array.from({ length: to - from }, (_, n) => statOf(from + n)));
}

export function idsFrom(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `AS_${from + n}`);
}

export function eventsBatch(events: readonly ConstructorParameters<typeof AnalyticsEvent>[0][]): Batch {
  return new Batch({
    kind: BatchKind.EVENTS,
    bytes: new AnalyticsEvents({ events: events.map((fields) => new AnalyticsEvent(fields)) }).toBinary(),
    items: events.length,
    timeMs: TIME_MS,
    totals: NO_TOTALS,
  });
}

export const JOINED = {
  id: 'AE_1',
  type: AnalyticsEventType.PARTICIPANT_JOINED,
  timestamp: { seconds: BigInt(Math.floor(TIME_MS / 1000)) },
  roomId: 'RM_1',
  room: { sid: 'RM_1', name: 'room 1' },
  participantId: 'PA_1',
  participant: { sid: 'PA_1', identity: 'alice' },
} as const;

export function roomsBatch(): Batch {
  const report = new AnalyticsNodeRooms({
    nodeId: 'ND_test',
    sequenceNumber: 7n,
    timestamp: { seconds: BigInt(Math.floor(TIME_MS / 1000)) },
    rooms: [
      { id: 'RM_1', name: 'room 1', participants: [{ id: 'PA_1', identity: 'alice' }] },
      { id: 'RM_2', name: 'room 2' },
    ],
  });
  return new Batch({
    kind: BatchKind.NODE_ROOMS,
    bytes: report.toBinary(),
    items: 1,
    timeMs: TIME_MS,
    totals: NO_TOTALS,
  });
}
