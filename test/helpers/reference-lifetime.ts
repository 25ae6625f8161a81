import type { TraceLine, TraceRef } from './trace-line.js';

interface Room {
  name: string;
  /** Between its room_started and its room_ended. */
  started: boolean;
}

interface Participant {
  roomSid: string;
  /** The guards activated and not yet released. */
  guards: Set<string>;
  /** Undefined while it is open. */
  closedAtMs: number | undefined;
}

/** Who is known when, and what rooms are called: "Lifetime" in LIVEKIT.md, and TRACE.md on what a sid brings. */
export class ReferenceLifetime {
  readonly #reapAfterMs: number;
  readonly #rooms = new Map<string, Room>();
  readonly #participants = new Map<string, Participant>();

  constructor(reapAfterMs: number) {
    this.#reapAfterMs = reapAfterMs;
  }

  /** Takes any line; most change nothing here. */
  line(line: TraceLine): void {
    if (line.room === undefined) return;
    const roomSid = sidOf(line.room);
    if (line.op === 'room_started') this.#room(roomSid).started = true;
    if (line.op === 'participant_joined' || line.op === 'participant_active') this.#activate(line);
    if (line.op === 'participant_resumed') this.#resume(line);
    this.#see(line.room);
    if (line.op === 'participant_left') this.#leave(line);
    if (line.op === 'room_ended') this.#endRoom(roomSid);
  }

  /** "Known: joined, active or resumed, until the flush that finds it closed for more than 180,000 ms." */
  isKnown(line: TraceLine): boolean {
    return this.#participants.has(participantKey(line));
  }

  roomName(roomSid: string): string {
    return this.#rooms.get(roomSid)?.name ?? '';
  }

  /** "That flush reports, then reaps." */
  reap(flushMs: number): void {
    for (const [key, { roomSid, closedAtMs }] of [...this.#participants]) {
      if (closedAtMs === undefined || flushMs - closedAtMs <= this.#reapAfterMs) continue;
      this.#participants.delete(key);
      this.#forgetRoomIfEmpty(roomSid);
    }
  }

  /** "Activate counts once per guard." "A `ref` activated again after its release is a new guard." */
  #activate(line: TraceLine): void {
    const participant = this.#participant(line);
    participant.guards.add(guardOf(line));
    participant.closedAtMs = undefined;
  }

  /**
   * "Opens if missing", and if closed. "Resumed alone holds a guard, which any `participant_left` releases": it
   * is open without a guard that has a name, and any left finds none that holds it.
   */
  #resume(line: TraceLine): void {
    this.#participant(line).closedAtMs = undefined;
  }

  /** "Release counts only for a guard activated and not yet released; count 0 closes." Never seen: nothing. */
  #leave(line: TraceLine): void {
    const participant = this.#participants.get(participantKey(line));
    if (participant === undefined) return;
    participant.guards.delete(guardOf(line));
    if (participant.guards.size === 0) participant.closedAtMs ??= line.t;
  }

  #participant(line: TraceLine): Participant {
    const key = participantKey(line);
    let participant = this.#participants.get(key);
    if (participant === undefined) {
      const roomSid = sidOf(line.room);
      this.#room(roomSid);
      participant = { roomSid, guards: new Set(), closedAtMs: undefined };
      this.#participants.set(key, participant);
    }
    return participant;
  }

  #room(roomSid: string): Room {
    let room = this.#rooms.get(roomSid);
    if (room === undefined) {
      room = { name: '', started: false };
      this.#rooms.set(roomSid, room);
    }
    return room;
  }

  /** "The latest object seen for a sid counts." A sid alone says nothing; an object makes no room known. */
  #see(ref: TraceRef): void {
    if (typeof ref === 'string') return;
    const room = this.#rooms.get(ref.sid);
    if (room !== undefined) room.name = ref.name ?? '';
  }

  #endRoom(roomSid: string): void {
    const room = this.#rooms.get(roomSid);
    if (room !== undefined) room.started = false;
    this.#forgetRoomIfEmpty(roomSid);
  }

  /** "Room ended with people inside: … the room is kept until the last is reaped." */
  #forgetRoomIfEmpty(roomSid: string): void {
    if (this.#rooms.get(roomSid)?.started) return;
    const isInside = (participant: Participant) => participant.roomSid === roomSid;
    if (![...this.#participants.values()].some(isInside)) this.#rooms.delete(roomSid);
  }
}

/** The sid of what a line names; "" where it names nothing. */
export function sidOf(ref: TraceRef | undefined): string {
  return typeof ref === 'object' ? ref.sid : (ref ?? '');
}

/** A participant is one of its room: the same sid in another room is another participant. */
function participantKey(line: TraceLine): string {
  return JSON.stringify([sidOf(line.room), sidOf(line.participant)]);
}

/** "`media` unless given" */
function guardOf(line: TraceLine): string {
  return line.ref ?? 'media';
}
