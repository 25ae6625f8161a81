import { hashStatId, type StatIdHash, type StatIdSource } from './stat-id.js';
import { encodeUtf8, tagOf, varintBytes, WireType, writeVarint } from './wire.js';

/** Field numbers of `livekit.AnalyticsStat` that stay the same from flush to flush. */
const Field = {
  ANALYTICS_KEY: 1,
  KIND: 2,
  NODE: 4,
  ROOM_ID: 5,
  ROOM_NAME: 6,
  PARTICIPANT_ID: 7,
  TRACK_ID: 8,
} as const;

/** Who a track's stats are about. Any string may be empty or hold any character. */
export interface StatIdentitySource extends StatIdSource {
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly roomName: string;
}

/** The part of a track's stats that stays the same from flush to flush, encoded once. */
export interface StatIdentity extends StatIdHash {
  /** 0 upstream, 1 downstream: LiveKit's `StreamType`. */
  readonly kind: 0 | 1;
  /** The protobuf fields kind, node, room_id, room_name, participant_id, track_id and analytics_key. */
  readonly bytes: Uint8Array;
}

/**
 * Encodes a track's identity: once a track, any thread. When the room gets another name, make a new one: the
 * ids it gives are those of the old one, because neither name, node nor key is part of an id.
 */
export function encodeStatIdentity(source: StatIdentitySource): StatIdentity {
  const strings: readonly [field: number, bytes: Uint8Array][] = [
    [Field.ANALYTICS_KEY, encodeUtf8(source.analyticsKey)],
    [Field.NODE, encodeUtf8(source.nodeId)],
    [Field.ROOM_ID, encodeUtf8(source.roomSid)],
    [Field.ROOM_NAME, encodeUtf8(source.roomName)],
    [Field.PARTICIPANT_ID, encodeUtf8(source.participantSid)],
    [Field.TRACK_ID, encodeUtf8(source.trackSid)],
  ];
  let length = source.direction === 0 ? 0 : 2;
  for (const [, text] of strings) {
    if (text.length > 0) length += 1 + varintBytes(text.length) + text.length;
  }

  const bytes = new Uint8Array(length);
  let at = 0;
  for (const [field, text] of strings) {
    if (text.length === 0) continue;
    bytes[at++] = tagOf(field, WireType.LENGTH);
    at = writeVarint(bytes, at, text.length);
    bytes.set(text, at);
    at += text.length;
  }
  if (source.direction !== 0) {
    bytes[at++] = tagOf(Field.KIND, WireType.VARINT);
    bytes[at] = source.direction;
  }
  return { kind: source.direction, bytes, ...hashStatId(source) };
}
