import {
  type CallFrame,
  isLifecycleCall,
  type ParticipantName,
  type RoomName,
  type TelemetryCall,
} from '../memory/frames.js';
import type { FollowedParticipant, ParticipantDirectory } from '../record/attribution.js';
import { KeptFrames } from './kept-frames.js';
import { KnownCalls } from './known-calls.js';
import type { ForgottenTrack } from './known-tracks.js';
import type { Moment } from './said-names.js';

/** A participant the timer thread has forgotten, and the last call it had heard of them. */
export interface Reaped {
  readonly room: string;
  readonly participant: string;
  readonly number: number;
}

/** What the timer thread forgot at one time. */
export interface ReapNews {
  readonly reaped: readonly Reaped[];
  readonly tracks: readonly ForgottenTrack[];
  /** Number of the last call it had taken then. */
  readonly callsTaken: number;
}

/** How far the timer thread has come, as the host may see at any time. */
export interface TimerProgress {
  /** Number of the last call it has taken for good. */
  callsTaken(): number;
  /** Participants it has forgotten. */
  reaped(): number;
}

/** What the host keeps at most: calls that would need more are refused. */
export interface RegistryLimits {
  readonly rooms: number;
  readonly participants: number;
  /** Tracks that are described, published or subscribed to, each for itself. */
  readonly tracks: number;
  /** Bytes of what calls said. */
  readonly bytes: number;
}

/** Beyond anything one process serves; they bound what a caller gone wrong can cost. */
export const REGISTRY_LIMITS: RegistryLimits = Object.freeze({
  rooms: 131_072,
  participants: 1_048_576,
  tracks: 4_194_304,
  bytes: 2 ** 28,
});

interface Participant {
  known: boolean;
  /** Number of the last call that made the participant known: a reap before it is out of date. */
  lastOpening: number;
  readonly followers: Set<(known: boolean) => void>;
}

type Noted =
  | CallFrame
  | { readonly room: RoomName; readonly participant: ParticipantName; readonly moment: Moment };

const momentOf = (noted: Noted): number => ('moment' in noted ? noted.moment.number : noted[2]);

/** Sids are any text: the length says where the first one ends. */
const keyOf = (room: string, participant: string): string => `${room.length}:${room}${participant}`;

const NO_PROGRESS: TimerProgress = { callsTaken: () => 0, reaped: () => 0 };

/**
 * What the host knows of rooms and participants: whether a sample can be attributed, and what to tell a timer
 * thread that starts anew. Calls wait here until the timer thread has taken them, so that its successor hears what
 * it knew, and the rest from the ring. Host thread only.
 */
export class Registry implements ParticipantDirectory {
  readonly #progress: TimerProgress;
  readonly #limits: RegistryLimits;
  readonly #participants = new Map<string, Participant>();
  readonly #known: KnownCalls;
  /** What the timer thread has not taken, as far as is known; as many as the event ring and its queue hold. */
  #waiting: Noted[] = [];
  /** Of those, the ones at the front that are over. */
  #noted = 0;
  #knownCount = 0;
  #reaped = 0;
  /** The last call. */
  #last: Moment = { time: 0, number: 0 };

  constructor(progress: TimerProgress = NO_PROGRESS, limits: RegistryLimits = REGISTRY_LIMITS) {
    this.#progress = progress;
    this.#limits = limits;
    this.#known = new KnownCalls(new KeptFrames(limits.bytes));
  }

  /** Calls that are kept without the messages in them, because those kept are too large. */
  get stripped(): number {
    return this.#known.kept.stripped;
  }

  /** Why a call may not be made: what it would make known is more than may be. */
  refusalOf(call: TelemetryCall): keyof RegistryLimits | undefined {
    if (this.#refusal(call) === undefined) return undefined;
    // Refused calls are not noted: what was taken since the last that was must not go on counting as unknown.
    this.#keepUp();
    return this.#refusal(call);
  }

  #refusal(call: TelemetryCall): keyof RegistryLimits | undefined {
    const { rooms, participants, tracks } = this.#limits;
    const waiting = this.#waiting.length - this.#noted;
    if (!('room' in call)) return undefined;
    if ('track' in call) {
      const full = this.#known.tracks.size + waiting >= tracks;
      return full && this.#known.tracks.adds(call) ? 'tracks' : undefined;
    }
    if (call.call !== 'roomStarted' && !opens(call)) return undefined;
    if (this.#known.roomCount + waiting >= rooms && !this.#known.hasRoom(call.room.sid)) return 'rooms';
    if (!('participant' in call) || this.#knownCount < participants) return undefined;
    const isKnown = this.#participants.get(keyOf(call.room.sid, call.participant.sid))?.known;
    return isKnown ? undefined : 'participants';
  }

  get lastCall(): number {
    return this.#last.number;
  }

  /** Takes note of a call that was sent. */
  note(frame: CallFrame): void {
    const [, time, number, call] = frame;
    this.#last = { time, number };
    this.#waiting.push(frame);
    if (isLifecycleCall(call) && 'participant' in call && opens(call)) {
      const key = keyOf(call.room.sid, call.participant.sid);
      const participant = this.#participants.get(key) ?? this.#addParticipant(key);
      participant.lastOpening = number;
      if (!participant.known) this.#setKnown(participant, true);
    }
    this.#keepUp();
  }

  /** Forgets participants, but those of whom there was news since, and tracks. */
  reap({ reaped, tracks, callsTaken }: ReapNews): void {
    this.#reaped += reaped.length;
    this.#catchUp(callsTaken);
    for (const { room, participant: sid, number } of reaped) {
      this.#known.forgetParticipant(room, sid, callsTaken);
      const key = keyOf(room, sid);
      const participant = this.#participants.get(key);
      if (participant === undefined || participant.lastOpening > number || !participant.known) continue;
      this.#setKnown(participant, false);
      this.#drop(key, participant);
    }
    for (const track of tracks) this.#known.forgetTrack(track);
  }

  /**
   * The calls that lead to what a timer thread knew that has died, up to the last one it took. Everything it said
   * must have been heard.
   */
  calls(upTo: number): CallFrame[] {
    this.#catchUp(upTo);
    return this.#known.frames();
  }

  /** Participants the timer threads have forgotten, as far as they have said so. */
  get reaped(): number {
    return this.#reaped;
  }

  follow(room: RoomName, name: ParticipantName, changed: (known: boolean) => void): FollowedParticipant {
    if (room.name !== undefined || name.identity !== undefined) {
      this.#waiting.push({ room, participant: name, moment: this.#last });
      this.#keepUp();
    }
    const key = keyOf(room.sid, name.sid);
    const participant = this.#participants.get(key) ?? this.#addParticipant(key);
    participant.followers.add(changed);
    return {
      get known() {
        return participant.known;
      },
      stop: () => {
        participant.followers.delete(changed);
        this.#drop(key, participant);
      },
    };
  }

  /** Notes what was taken. While news of a reap is on its way, what came after it cannot be told apart. */
  #keepUp(): void {
    if (this.#progress.reaped() === this.#reaped) this.#catchUp(this.#progress.callsTaken());
  }

  /** Notes what waits, up to a call that was taken. */
  #catchUp(callsTaken: number): void {
    const waiting = this.#waiting;
    for (; this.#noted < waiting.length && momentOf(waiting[this.#noted]!) <= callsTaken; this.#noted++) {
      const noted = waiting[this.#noted]!;
      if ('moment' in noted) this.#known.see(noted.room, noted.participant, noted.moment);
      else this.#known.note(noted);
    }
    // Not one by one: a queue that is long would be copied as often as it is.
    if (this.#noted === 0 || this.#noted < waiting.length / 2) return;
    this.#waiting = waiting.slice(this.#noted);
    this.#noted = 0;
  }

  #addParticipant(key: string): Participant {
    const participant = { known: false, lastOpening: 0, followers: new Set<() => void>() };
    this.#participants.set(key, participant);
    return participant;
  }

  #setKnown(participant: Participant, known: boolean): void {
    participant.known = known;
    this.#knownCount += known ? 1 : -1;
    for (const changed of participant.followers) changed(known);
  }

  #drop(key: string, participant: Participant): void {
    if (
      !participant.known &&
      participant.followers.size === 0 &&
      this.#participants.get(key) === participant
    ) {
      this.#participants.delete(key);
    }
  }
}

const opens = ({ call }: TelemetryCall): boolean =>
  call === 'participantJoined' || call === 'participantActive' || call === 'participantResumed';
