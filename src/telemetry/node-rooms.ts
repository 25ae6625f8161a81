import { AnalyticsNodeRooms, AnalyticsRoom, AnalyticsRoomParticipant, Timestamp } from '@livekit/protocol';
import type { Participants } from './participants.js';

/**
 * What a node reports of its rooms now and then: `livekit.AnalyticsNodeRooms`, as LiveKit's `SendNodeRoomStates`
 * takes it.
 * @param timeMs milliseconds since 1970
 */
export function nodeRoomsOf(
  participants: Pick<Participants, 'openRooms'>,
  {
    nodeId,
    sequence,
    timeMs,
  }: { readonly nodeId: string; readonly sequence: number; readonly timeMs: number },
): AnalyticsNodeRooms {
  return new AnalyticsNodeRooms({
    nodeId,
    sequenceNumber: BigInt(sequence),
    timestamp: Timestamp.fromDate(new Date(timeMs)),
    rooms: Array.from(participants.openRooms(), ({ room, participants: inside }) => {
      return new AnalyticsRoom({
        id: room.sid,
        name: room.name,
        ...dated('createdAt', room.creationTime),
        participants: inside.map(({ sid, identity, name, state, joinedAt }) => {
          return new AnalyticsRoomParticipant({
            id: sid,
            identity,
            name,
            state,
            ...dated('joinedAt', joinedAt),
          });
        }),
      });
    }),
  });
}

/** A time in seconds since 1970, where it is known. */
function dated<K extends string>(field: K, seconds: bigint): Partial<Record<K, Timestamp>> {
  return seconds > 0n ? ({ [field]: new Timestamp({ seconds }) } as Record<K, Timestamp>) : {};
}
