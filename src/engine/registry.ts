import { type CallFrame, isLifecycleCall, type LifecycleCall, type RoomName } from '../memory/frames.js';
import type { FollowedParticipant, ParticipantDirectory } from '../record/attribution.js';

/** A participant the timer thread has forgotten, and the last call it had heard of them. */
export interface Reaped {
  readonly room: string;
  readonly participant: string;
  readonly number: number;
}

interface Participant {
  known: boolean;
  /** Number of the last call: an answer to an earlier one is out of date. */
  lastCall: number;
  /** The last call of each kind and guard, in order: what a new timer thread must hear. */
  readonly calls: Map<string, CallFrame>;
  readonly followers: Set<(known: boolean) => void>;
  followed: number;
}

interface Room {
  started: CallFrame | undefined;
  ended: CallFrame | undefined;
  participants: number;
}

/** Calls kept for one participant: a few guards, each joined, active and left. */
const MAX_CALLS = 48;

/** Sids are any text: the length says where the first one ends. */
const keyOf = (room: string, participant: string): string => `${room.length}:${room}${participant}`;

/**
 * What the host knows of rooms and participants: whether a sample can be attributed, and what to tell a timer
 * thread that starts anew. It forgets a participant when the timer thread says that it has. Host thread only.
 */
export class Registry implements ParticipantDirectory {
  readonly #participants = new Map<string, Participant>();
  readonly #rooms = new Map<string, Room>();

  /** Takes note of a call before it is sent. */
  note(frame: CallFrame): void {
    const [, , number, call] = frame;
    if (!isLifecycleCall(call)) return;
    if (call.call === 'roomStarted') {
      this.#room(call.room).started = frame;
    } else if (call.call === 'roomEnded') {
      const room = this.#rooms.get(call.room.sid);
      if (room !== undefined) room.ended = frame;
      this.#forgetRoom(call.room.sid);
    } else if ('participant' in call) {
      this.#noteParticipant(frame, number, call);
    }
  }

  #noteParticipant(
    frame: CallFrame,
    number: number,
    call: Extract<LifecycleCall, { participant: unknown }>,
  ): void {
    const opens = call.call !== 'participantLeft' && call.call !== 'participantUpdated';
    const key = keyOf(call.room.sid, call.participant.sid);
    const participant = this.#participants.get(key) ?? (opens ? this.#addParticipant(key) : undefined);
    if (participant === undefined || (!participant.known && !opens)) return;
    participant.lastCall = number;
    const slot = 'ref' in call ? `${call.call} ${call.ref}` : call.call;
    participant.calls.delete(slot);
    participant.calls.set(slot, frame);
    // A caller that makes up a guard for every call stays bounded.
    if (participant.calls.size > MAX_CALLS) participant.calls.delete(participant.calls.keys().next().value!);
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
      if (participant === undefined || participant.lastCall !== number || !participant.known) continue;
      participant.calls.clear();
      this.#setKnown(participant, false);
      this.#drop(key, participant);
      const known = this.#rooms.get(room);
      if (known !== undefined) known.participants--;
      this.#forgetRoom(room);
    }
  }

  /** The calls that lead to what is known now, up to a call number, in the order they were made. */
  calls(upTo: number): CallFrame[] {
    const frames: CallFrame[] = [];
    for (const { started, ended } of this.#rooms.values()) {
      if (started !== undefined) frames.push(started);
      if (ended !== undefined) frames.push(ended);
    }
    for (const { calls } of this.#participants.values()) frames.push(...calls.values());
    return frames.filter(([, , number]) => number <= upTo).sort((a, b) => a[2] - b[2]);
  }

  follow(room: string, sid: string, changed?: (known: boolean) => void): FollowedParticipant {
    const key = keyOf(room, sid);
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

  #addParticipant(key: string): Participant {
    const participant = {
      known: false,
      lastCall: 0,
      calls: new Map(),
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
      room = { started: undefined, ended: undefined, participants: 0 };
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
