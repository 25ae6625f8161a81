import { ErrorCode, reading, refused } from '../errors.js';
import type { SlotIdentity } from '../memory/frames.js';
import { Direction } from '../memory/totals.js';
import { countryField, countryOption, trackLabels } from './labels.js';
import type { DataRecorderOptions, TrackRecorderOptions } from './recording-thread.js';
import { participantName, roomName, trackSid } from './refs.js';

/** Whose messages a pair of slots counts, both directions. */
export type MessagesIdentity = Omit<SlotIdentity, 'direction'>;

const readOptions = <T>(options: unknown, read: () => T): T =>
  reading(ErrorCode.INVALID_ARGUMENT, 'options', options, read);

/** @throws SfuStatsError INVALID_ARGUMENT */
export function trackIdentity(options: TrackRecorderOptions): { identity: SlotIdentity; country: number } {
  return readOptions(options, () => {
    const country = countryOption(options.country);
    const identity: SlotIdentity = {
      room: roomName(options.room),
      participant: participantName(options.participant),
      track: trackSid(options.track),
      direction: directionOf(options.direction),
      ...countryField(country),
      ...trackLabels(options),
    };
    return { identity, country };
  });
}

/**
 * @param prefix of the track's sid, where none is said: the rest is the participant's
 * @throws SfuStatsError INVALID_ARGUMENT
 */
export function messagesIdentity(
  prefix: string,
  options: DataRecorderOptions,
): { whose: MessagesIdentity; country: number } {
  return readOptions(options, () => {
    const room = roomName(options.room);
    const participant = participantName(options.participant);
    const { track } = options;
    const country = countryOption(options.country);
    const sid = track === undefined ? `${prefix}${participant.sid}` : trackSid(track);
    return { whose: { room, participant, track: sid, ...countryField(country) }, country };
  });
}

function directionOf(direction: unknown): Direction {
  if (direction === Direction.UPSTREAM || direction === Direction.DOWNSTREAM) return direction;
  const rule = 'Direction.UPSTREAM (0) or Direction.DOWNSTREAM (1)';
  throw refused(ErrorCode.INVALID_ARGUMENT, 'direction', rule, direction);
}
