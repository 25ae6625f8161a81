import { type CallFrame, FrameType, type ParticipantName, type RoomName } from '../memory/frames.js';
import type { KeptFrames } from './kept-frames.js';

/** When something was said: engine time in ms, and the number of the call, or of the last one before it. */
export interface Moment {
  readonly time: number;
  readonly number: number;
}

/** What was said last of a room or participant: the whole of it, and its name where that was said alone since. */
export class SaidNames {
  readonly #kept: KeptFrames;
  #message: CallFrame | undefined;
  #name: CallFrame | undefined;

  constructor(kept: KeptFrames) {
    this.#kept = kept;
  }

  room(room: RoomName, moment: Moment): void {
    if (room.message !== undefined || room.name !== undefined) {
      this.#say(room.message !== undefined, [
        FrameType.CALL,
        moment.time,
        moment.number,
        { call: 'roomUpdated', room },
      ]);
    }
  }

  participant(room: string, participant: ParticipantName, moment: Moment): void {
    if (participant.message !== undefined || participant.identity !== undefined) {
      this.#say(participant.message !== undefined, [
        FrameType.CALL,
        moment.time,
        moment.number,
        { call: 'participantUpdated', room: { sid: room }, participant },
      ]);
    }
  }

  frames(): CallFrame[] {
    return [this.#message, this.#name].filter((frame) => frame !== undefined);
  }

  forget(): void {
    this.#kept.drop(this.#message);
    this.#message = this.#name = undefined;
  }

  #say(whole: boolean, frame: CallFrame): void {
    if (whole) {
      this.#message = this.#kept.keep(frame, this.#message);
      this.#name = undefined;
    } else {
      this.#name = frame;
    }
  }
}
