import type { ParticipantName, RoomName } from '../memory/frames.js';

/** Tells recorders whether their participant is known. */
export interface ParticipantDirectory {
  /** Number of the last call; undefined where no calls are made. */
  readonly lastCall?: number;
  /**
   * @param changed called whenever `known` has changed.
   * @returns the participant's state, and the way to stop following it.
   */
  follow(
    room: RoomName,
    participant: ParticipantName,
    changed: (known: boolean) => void,
  ): FollowedParticipant;
}

export interface FollowedParticipant {
  /** Joined, active or resumed, and not yet reaped. */
  readonly known: boolean;
  stop(): void;
}

/**
 * For threads that do not see the participants' calls: they take everybody for known, and the timer thread
 * decides when it stamps the rows.
 */
export const everybodyKnown: ParticipantDirectory = {
  follow: () => ({ known: true, stop() {} }),
};
