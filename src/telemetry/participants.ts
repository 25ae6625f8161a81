import type { LifecycleCall, ParticipantName, RoomName } from '../memory/frames.js';

/** One session of a participant, from joined, active or resumed until it is reaped or begins anew. */
interface Session {
  readonly room: Room;
  readonly participant: string;
  identity: string;
  /** References that hold the participant open, by name. */
  readonly guards: Set<string>;
  /** Opened by resumed alone: held until anyone leaves. */
  implicitGuard: boolean;
  connected: boolean;
  /** Left with an event: the session is over, whatever guards remain. */
  ended: boolean;
  closedAt: number | undefined;
  lastCall: number;
}

interface Room {
  readonly sid: string;
  name: string;
  started: boolean;
  ended: boolean;
  participants: number;
}

/** Told when a participant is forgotten. */
export interface ReapedParticipant {
  readonly room: string;
  readonly roomName: string;
  readonly participant: string;
  readonly identity: string;
  /** Time since the last guard was released, ms. */
  readonly closedForMs: number;
  /** Number of the last call about the participant. */
  readonly number: number;
}

const keyOf = (room: string, participant: string): string => `${room.length}:${room}${participant}`;

/**
 * Rooms and participants as LiveKit's telemetry keeps them: who is known, by what name, and for how long.
 * Pure logic: every call brings its time (engine time, ms). Timer thread.
 */
export class Participants {
  /** Calls of leave for somebody unknown, or whose session was over. */
  leavesIgnored = 0;
  readonly #sessions = new Map<string, Session>();
  readonly #rooms = new Map<string, Room>();
  /** Those that wait for the reaper. */
  readonly #closed = new Map<string, Session>();

  get roomCount(): number {
    return this.#rooms.size;
  }

  /** Participants somebody holds open. */
  get openCount(): number {
    return this.#sessions.size - this.#closed.size;
  }

  /** Takes a call, in the order they were made. */
  take(call: LifecycleCall, time: number, number: number): void {
    this.#apply(call, time);
    if (!('participant' in call)) return;
    const session = this.#sessions.get(keyOf(call.room.sid, call.participant.sid));
    if (session !== undefined) session.lastCall = number;
  }

  #apply(call: LifecycleCall, time: number): void {
    switch (call.call) {
      case 'roomStarted':
        this.#startRoom(call.room);
        break;
      case 'roomEnded':
        this.#endRoom(call.room);
        break;
      case 'roomUpdated':
        this.seen(call.room);
        break;
      case 'participantUpdated':
        this.seen(call.room, call.participant);
        break;
      case 'participantLeft':
        this.#leave(call.room, call.participant, call.ref, call.sendEvent, time);
        break;
      case 'participantResumed':
        this.#resume(call.room, call.participant);
        break;
      case 'participantJoined':
      case 'participantActive': {
        const session = this.#session(call.room, call.participant);
        session.guards.add(call.ref);
        if (call.call === 'participantActive') session.connected = true;
        break;
      }
    }
  }

  /** The latest object seen for a sid counts; what is not known is not remembered. */
  seen(roomName: RoomName, participantName?: ParticipantName): void {
    const room = this.#rooms.get(roomName.sid);
    if (room !== undefined && roomName.name !== undefined) room.name = roomName.name;
    if (participantName?.identity === undefined) return;
    const session = this.#sessions.get(keyOf(roomName.sid, participantName.sid));
    if (session !== undefined) session.identity = participantName.identity;
  }

  isKnown(room: string, participant: string): boolean {
    return this.#sessions.has(keyOf(room, participant));
  }

  /** The room's name, "" when it is not known. */
  roomName(sid: string): string {
    return this.#rooms.get(sid)?.name ?? '';
  }

  /** The first time after which a closed participant is due, for a clock that wants to skip idle time. */
  nextDue(reapAfterMs: number): number {
    // Closed in the order of time: the first is the oldest.
    for (const { closedAt } of this.#closed.values()) return closedAt! + reapAfterMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Forgets who has been closed for longer than `reapAfterMs` at `time`. */
  reap(time: number, reapAfterMs: number): ReapedParticipant[] {
    const reaped: ReapedParticipant[] = [];
    for (const [key, session] of this.#closed) {
      const closedForMs = time - session.closedAt!;
      if (closedForMs <= reapAfterMs) break;
      const { room, participant, identity, lastCall } = session;
      reaped.push({
        room: room.sid,
        roomName: room.name,
        participant,
        identity,
        closedForMs,
        number: lastCall,
      });
      this.#closed.delete(key);
      this.#sessions.delete(key);
      room.participants--;
      this.#forgetRoom(room);
    }
    return reaped;
  }

  #startRoom(name: RoomName): void {
    const room = this.#room(name);
    room.started = true;
    room.ended = false;
  }

  #endRoom(name: RoomName): void {
    const room = this.#rooms.get(name.sid);
    if (room === undefined) return;
    this.seen(name);
    room.ended = true;
    this.#forgetRoom(room);
  }

  /** A participant who is known and open goes on; else a new session begins. */
  #session(roomName: RoomName, participantName: ParticipantName): Session {
    const key = keyOf(roomName.sid, participantName.sid);
    const known = this.#sessions.get(key);
    this.#closed.delete(key);
    const room = this.#room(roomName);
    const goesOn = known !== undefined && known.closedAt === undefined && !known.ended;
    const session: Session = goesOn
      ? known
      : {
          room,
          participant: participantName.sid,
          identity: known?.identity ?? '',
          // Guards of the session before that were never released still hold the participant open.
          guards: known?.guards ?? new Set(),
          implicitGuard: false,
          connected: false,
          ended: false,
          closedAt: undefined,
          lastCall: 0,
        };
    if (known === undefined) room.participants++;
    this.#sessions.set(key, session);
    if (participantName.identity !== undefined) session.identity = participantName.identity;
    return session;
  }

  #resume(room: RoomName, participant: ParticipantName): void {
    const session = this.#session(room, participant);
    if (session.guards.size === 0) session.implicitGuard = true;
  }

  #leave(room: RoomName, participant: ParticipantName, ref: string, sendEvent: boolean, time: number): void {
    this.seen(room, participant);
    const key = keyOf(room.sid, participant.sid);
    const session = this.#sessions.get(key);
    if (session === undefined || session.closedAt !== undefined) {
      this.leavesIgnored++;
      return;
    }
    if (sendEvent) {
      if (session.ended) this.leavesIgnored++;
      session.ended = true;
    }
    session.implicitGuard = false;
    session.guards.delete(ref);
    if (session.guards.size > 0) return;
    session.closedAt = time;
    this.#closed.set(key, session);
  }

  #room(name: RoomName): Room {
    let room = this.#rooms.get(name.sid);
    if (room === undefined) {
      room = { sid: name.sid, name: '', started: false, ended: false, participants: 0 };
      this.#rooms.set(name.sid, room);
    }
    if (name.name !== undefined) room.name = name.name;
    return room;
  }

  #forgetRoom(room: Room): void {
    if (room.participants === 0 && (room.ended || !room.started)) this.#rooms.delete(room.sid);
  }
}
