import { toUSVString } from 'node:util';
import { ErrorCode, reading, refused } from '../errors.js';
import type { ParticipantName, RoomName } from '../memory/frames.js';

/** A room by its sid, or livekit's `Room`; the latest object seen for a sid counts. */
export type RoomRef = string | { readonly sid: string; readonly name?: string };
/** A participant by its sid, or livekit's `ParticipantInfo`. */
export type ParticipantRef = string | { readonly sid: string; readonly identity?: string };
/** A track by its sid, or livekit's `TrackInfo`. */
export type TrackRef = string | { readonly sid: string; readonly source?: number; readonly type?: number };

/** Longest sid, name or identity, in UTF-16 units: they come from clients. */
export const MAX_NAME_LENGTH = 1024;

function checked(field: string, value: unknown): string {
  if (typeof value !== 'string') throw refused(ErrorCode.INVALID_ARGUMENT, field, 'a string', value);
  if (value.length > MAX_NAME_LENGTH) {
    throw refused(ErrorCode.INVALID_ARGUMENT, field, `at most ${MAX_NAME_LENGTH} characters long`, value);
  }
  // Half a surrogate pair cannot cross to another thread as it is: it is replaced here, once for all.
  return toUSVString(value);
}

function sidOf(field: string, ref: unknown): string {
  if (typeof ref === 'string') return checked(field, ref);
  if (typeof ref !== 'object' || ref === null) {
    throw refused(ErrorCode.INVALID_ARGUMENT, field, 'a sid or an object with a sid', ref);
  }
  return checked(`${field}.sid`, (ref as { sid?: unknown }).sid);
}

export function roomName(ref: RoomRef): RoomName {
  return reading(ErrorCode.INVALID_ARGUMENT, 'room', ref, () => {
    const sid = sidOf('room', ref);
    const name = typeof ref === 'string' ? undefined : ref.name;
    return name === undefined ? { sid } : { sid, name: checked('room.name', name) };
  });
}

export function participantName(ref: ParticipantRef, field = 'participant'): ParticipantName {
  return reading(ErrorCode.INVALID_ARGUMENT, field, ref, () => {
    const sid = sidOf(field, ref);
    const identity = typeof ref === 'string' ? undefined : ref.identity;
    return identity === undefined ? { sid } : { sid, identity: checked(`${field}.identity`, identity) };
  });
}

export function trackSid(ref: TrackRef): string {
  return reading(ErrorCode.INVALID_ARGUMENT, 'track', ref, () => sidOf('track', ref));
}
