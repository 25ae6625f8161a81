import type { ParticipantName, RoomName } from '../memory/frames.js';

/** Whether what a recorder brings can be attributed: kept up to date by whoever opened it. */
export interface Attribution {
  /** The participant is known: joined, active or resumed, and not yet reaped. */
  readonly known: boolean;
  /** The timer thread has been told whose the slots are, so that rows never come before their identity. */
  readonly announced: boolean;
  /** The recorder was closed. */
  end(): void;
}

/** Tells recorders whether their participant is known. */
export interface ParticipantDirectory {
  /** Number of the last call; undefined where no calls are made. */
  readonly lastCall?: number;
  /**
   * @param changed called whenever `known` has changed.
   * @returns the participant's state as a live object, and the way to stop following it.
   */
  follow(
    room: RoomName,
    participant: ParticipantName,
    changed?: (known: boolean) => void,
  ): FollowedParticipant;
}

export interface FollowedParticipant {
  readonly known: boolean;
  stop(): void;
}

/** Of a media track. */
export class SlotAttribution implements Attribution {
  announced = false;
  readonly #followed: FollowedParticipant;

  constructor(followed: FollowedParticipant) {
    this.#followed = followed;
  }

  get known(): boolean {
    return this.#followed.known;
  }

  end(): void {
    this.#followed.stop();
  }
}

/**
 * For threads that do not see the participants' calls: they take everybody for known, and the timer thread
 * decides when it stamps the rows.
 */
export const everybodyKnown: ParticipantDirectory = {
  follow: () => ({ known: true, stop() {} }),
};
