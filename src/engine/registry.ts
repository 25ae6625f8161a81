import {
  type CallFrame,
  FrameType,
  isLifecycleCall,
  type LifecycleCall,
  type ParticipantName,
  type RoomName,
  type TelemetryCall,
} from '../memory/frames.js';
import type { FollowedParticipant, ParticipantDirectory } from '../record/attribution.js';

/** A participant the timer thread has forgotten, and the last call it had heard of them. */
export interface Reaped {
  readonly room: string;
  readonly participant: string;
  readonly number: number;
}

type ParticipantCall = Extract<LifecycleCall, { participant: unknown }>;

interface Participant {
  known: boolean;
  /** Number of the last call that made the participant known: a reap before it is out of date. */
  lastOpening: number;
  /** The calls since the participant was last unknown, less repetitions: what a new timer thread must hear. */
  calls: CallFrame[];
  readonly followers: Set<(known: boolean) => void>;
  followed: number;
}

interface Room {
  /** What was said last of its name. */
  named: CallFrame | undefined;
  started: CallFrame | undefined;
  ended: CallFrame | undefined;
  participants: number;
}

/** Calls kept for one participant; of more, the one after the first is forgotten. */
const MAX_CALLS = 256;

/** Sids are any text: the length says where the first one ends. */
const keyOf = (room: string, participant: string): string => `${room.length}:${room}${participant}`;

/**
 * What the host knows of rooms and participants: whether a sample can be attributed, and what to tell a timer
 * thread that starts anew. It forgets a participant when the timer thread says that it has. Host thread only.
 */
export class Registry implements ParticipantDirectory {
  readonly #participants = new Map<string, Participant>();
  readonly #rooms = new Map<string, Room>();
  /** The last call. */
  #last = { time: 0, number: 0 };

  /** Takes note of a call that was sent. */
  note(frame: CallFrame): void {
    const [, time, number, call] = frame;
    this.#last = { time, number };
    if (isLifecycleCall(call)) this.#noteLifecycle(frame, number, call);
    if ('room' in call) this.#see(call.room);
  }

  #noteLifecycle(frame: CallFrame, number: number, call: LifecycleCall): void {
    if (call.call === 'roomStarted') {
      const room = this.#room(call.room);
      room.started = frame;
      room.ended = undefined;
    } else if (call.call === 'roomEnded') {
      const room = this.#rooms.get(call.room.sid);
      if (room !== undefined) room.ended = frame;
      this.#forgetRoom(call.room.sid);
    } else if ('participant' in call) {
      this.#noteParticipant(frame, number, call);
    }
  }

  #noteParticipant(frame: CallFrame, number: number, call: ParticipantCall): void {
    const opens = call.call !== 'participantLeft' && call.call !== 'participantUpdated';
    const key = keyOf(call.room.sid, call.participant.sid);
    const participant = this.#participants.get(key) ?? (opens ? this.#addParticipant(key) : undefined);
    if (participant === undefined || (!participant.known && !opens)) return;
    if (opens) participant.lastOpening = number;
    dropRepeated(participant.calls, call);
    participant.calls.push(frame);
    if (participant.calls.length > MAX_CALLS) participant.calls.splice(1, 1);
    if (opens && !participant.known) {
      this.#room(call.room).participants++;
      this.#setKnown(participant, true);
    }
  }

  /** Forgets participants, but those of whom there was news since. */
  reap(reaped: readonly Reaped[]): void {
    for (const { room, participant: sid, number } of reaped) {
      const key = keyOf(room, sid);
      const participant = this.#participants.get(key);
      if (participant === undefined || participant.lastOpening > number || !participant.known) continue;
      participant.calls = [];
      this.#setKnown(participant, false);
      this.#drop(key, participant);
      const known = this.#rooms.get(room);
      if (known !== undefined) known.participants--;
      this.#forgetRoom(room);
    }
  }

  /**
   * The calls that lead to what is known now, up to a call number, in the order they were made; the latest names
   * of the rooms come last, because they may have been said in calls that are forgotten.
   */
  calls(upTo: number): CallFrame[] {
    const frames: CallFrame[] = [];
    for (const { started, ended } of this.#rooms.values()) {
      if (started !== undefined) frames.push(started);
      if (ended !== undefined) frames.push(ended);
    }
    for (const { calls } of this.#participants.values()) frames.push(...calls);
    frames.sort((a, b) => a[2] - b[2]);
    for (const { named } of this.#rooms.values()) if (named !== undefined) frames.push(named);
    return frames.filter(([, , number]) => number <= upTo);
  }

  follow(room: RoomName, { sid }: ParticipantName, changed?: (known: boolean) => void): FollowedParticipant {
    this.#see(room);
    const key = keyOf(room.sid, sid);
    const participant = this.#participants.get(key) ?? this.#addParticipant(key);
    participant.followed++;
    if (changed !== undefined) participant.followers.add(changed);
    return {
      get known() {
        return participant.known;
      },
      stop: () => {
        participant.followed--;
        if (changed !== undefined) participant.followers.delete(changed);
        this.#drop(key, participant);
      },
    };
  }

  /** The latest that was said of a room's name counts, whoever said it. */
  #see(name: RoomName): void {
    const room = this.#rooms.get(name.sid);
    if (room === undefined || (name.name === undefined && name.message === undefined)) return;
    const { time, number } = this.#last;
    room.named = [FrameType.CALL, time, number, { call: 'roomUpdated', room: name }];
  }

  #addParticipant(key: string): Participant {
    const participant = {
      known: false,
      lastOpening: 0,
      calls: [],
      followers: new Set<() => void>(),
      followed: 0,
    };
    this.#participants.set(key, participant);
    return participant;
  }

  #setKnown(participant: Participant, known: boolean): void {
    participant.known = known;
    for (const changed of participant.followers) changed(known);
  }

  #drop(key: string, participant: Participant): void {
    if (!participant.known && participant.followed === 0 && this.#participants.get(key) === participant) {
      this.#participants.delete(key);
    }
  }

  #room(name: RoomName): Room {
    let room = this.#rooms.get(name.sid);
    if (room === undefined) {
      room = { named: undefined, started: undefined, ended: undefined, participants: 0 };
      this.#rooms.set(name.sid, room);
    }
    return room;
  }

  #forgetRoom(sid: string): void {
    const room = this.#rooms.get(sid);
    if (room?.participants === 0 && (room.ended !== undefined || room.started === undefined)) {
      this.#rooms.delete(sid);
    }
  }
}

/**
 * Takes out the call that this one repeats, if nobody left between the two: what a caller says often must not
 * push out what holds somebody open.
 */
function dropRepeated(calls: CallFrame[], call: ParticipantCall): void {
  if (call.call === 'participantLeft') return;
  const at = calls.findLastIndex(
    ([, , , { call: name }], n) => name === 'participantLeft' || isRepeated(calls[n]!, call),
  );
  if (at >= 0 && isRepeated(calls[at]!, call)) calls.splice(at, 1);
}

function isRepeated([, , , before]: CallFrame, call: ParticipantCall): boolean {
  if (before.call !== call.call || !('participant' in before)) return false;
  const ref = (of: TelemetryCall): unknown => ('ref' in of ? of.ref : undefined);
  const sendEvent = (of: TelemetryCall): unknown => ('sendEvent' in of ? of.sendEvent : undefined);
  const saysMore = ({ participant: { identity, message } }: Pick<ParticipantCall, 'participant'>): boolean =>
    identity !== undefined || message !== undefined;
  return (
    ref(before) === ref(call) &&
    sendEvent(before) === sendEvent(call) &&
    (saysMore(call) || !saysMore(before))
  );
}
