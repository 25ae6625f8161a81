import { ParticipantInfo, Room, TrackInfo } from '@livekit/protocol';
import { ErrorCode, reasonOf, refused, SfuStatsError, shown } from '../errors.js';
import type { ParticipantName, RoomName, TrackName } from '../memory/frames.js';
import { participantName, roomName, trackSid } from '../record/refs.js';

/** The largest message a call takes, bytes of protobuf: metadata comes from clients. */
export const MAX_MESSAGE_BYTES = 65_536;

interface Encodable {
  toBinary(): Uint8Array;
}

interface MessageType<M extends Encodable, P> {
  readonly typeName: string;
  new (fields?: P): M;
}

/** What a LiveKit message is made from: the message itself, or some of its fields. */
export type MessageOf<T extends abstract new (...args: never) => unknown> = NonNullable<
  ConstructorParameters<T>[0]
>;

/** A room by its sid, or as livekit's `Room`, whole or in part. */
export type RoomInput = string | (MessageOf<typeof Room> & { readonly sid: string });
/** A participant by its sid, or as livekit's `ParticipantInfo`, whole or in part. */
export type ParticipantInput = string | (MessageOf<typeof ParticipantInfo> & { readonly sid: string });
/** A track by its sid, or as livekit's `TrackInfo`, whole or in part. */
export type TrackInput = string | (MessageOf<typeof TrackInfo> & { readonly sid: string });

/** The protobuf bytes of a message that a call was given. */
export function encodeMessage<M extends Encodable, P>(
  type: MessageType<M, P>,
  value: P,
  field: string,
): Uint8Array {
  const rule = `a ${type.typeName}`;
  if (typeof value !== 'object' || value === null)
    throw refused(ErrorCode.INVALID_ARGUMENT, field, rule, value);
  let bytes: Uint8Array;
  try {
    bytes = (value instanceof type ? value : new type(value)).toBinary();
  } catch (cause) {
    // The library's words quote what the caller gave, at any length.
    const got = shown(value);
    const message = `${field} must be ${rule}, got ${got}: ${reasonOf(cause)}`;
    throw new SfuStatsError(ErrorCode.INVALID_ARGUMENT, message, { field, rule, value: got, cause });
  }
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes;
  const limit = `at most ${MAX_MESSAGE_BYTES} bytes of protobuf`;
  throw refused(ErrorCode.INVALID_ARGUMENT, field, limit, bytes.length);
}

export function encodeRoom(room: RoomInput): RoomName {
  const name = roomName(room);
  return typeof room === 'string' ? name : { ...name, message: encodeMessage(Room, room, 'room') };
}

export function encodeParticipant(participant: ParticipantInput, field = 'participant'): ParticipantName {
  const name = participantName(participant, field);
  if (typeof participant === 'string') return name;
  return { ...name, message: encodeMessage(ParticipantInfo, participant, field) };
}

export function encodeTrack(track: TrackInput): TrackName {
  const sid = trackSid(track);
  return typeof track === 'string' ? { sid } : { sid, message: encodeMessage(TrackInfo, track, 'track') };
}
