import { ParticipantInfo, Room as RoomMessage } from '@livekit/protocol';
import type { LifecycleCall, ParticipantName, RoomName } from '../memory/frames.js';
import { decode } from '../snapshot/decode.js';

/** One session of a participant, from joined, active or resumed until it is reaped or begins anew. */
interface Session {
  readonly room: Room;
  info: ParticipantInfo;
  /** References that hold the participant open, by name; none when resumed alone opened it: any leave closes it. */
  readonly guards: Set<string>;
  /** The session's one PARTICIPANT_JOINED was sent. */
  announced: boolean;
  connected: boolean;
  /** Left with an event: the session is over, whatever guards remain. */
  ended: boolean;
  closedAt: number | undefined;
  lastCall: number;
}

interface Room {
  info: RoomMessage;
  started: boolean;
  /** Engine time since which it has been going on, ms; undefined when nobody started it. */
  startedAt: number | undefined;
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

/** What a call did to a session, for whoever tells the world. */
export const Effect = {
  NOTHING: 'nothing',
  /** The session's first joined that is to be told. */
  JOINED: 'joined',
  /** Connected for the first time. */
  CONNECTED: 'connected',
  /** Active again. */
  ACTIVE: 'active',
  RESUMED: 'resumed',
  /** The session ended, and had been connected. */
  LEFT: 'left',
  /** The session ended, and had never been connected. */
  ABORTED: 'aborted',
  /** The call was impossible: counted, and nothing has changed. */
  IGNORED: 'ignored',
} as const;
export type Effect = (typeof Effect)[keyof typeof Effect];

const keyOf = (room: string, participant: string): string => `${room.length}:${room}${participant}`;

/**
 * Rooms and participants as LiveKit's telemetry keeps them: who is known, by what name, and for how long.
 * Pure logic: every call brings its time (engine time, ms). Timer thread.
 */
export class Participants {
  /** Calls of leave for somebody unknown, or whose session was over. */
  leavesIgnored = 0;
  /** Sessions that have begun. */
  begun = 0;
  readonly #sessions = new Map<string, Session>();
  readonly #rooms = new Map<string, Room>();
  /** Those that wait for the reaper. */
  readonly #closed = new Map<string, Session>();

  get roomCount(): number {
    return this.#rooms.size;
  }

  /** Rooms that are known and have not ended. */
  get liveRoomCount(): number {
    let count = 0;
    for (const { ended } of this.#rooms.values()) if (!ended) count++;
    return count;
  }

  roomSids(): Iterable<string> {
    return this.#rooms.keys();
  }

  /** Engine time at which a room that goes on was started, ms. */
  startedAt(sid: string): number | undefined {
    const room = this.#rooms.get(sid);
    return room === undefined || room.ended ? undefined : room.startedAt;
  }

  /** Participants somebody holds open. */
  get openCount(): number {
    return this.#sessions.size - this.#closed.size;
  }

  /** Takes a call, in the order they were made. */
  take(call: LifecycleCall, time: number, number: number): Effect {
    const effect = this.#apply(call, time);
    if ('participant' in call) {
      const session = this.#sessions.get(keyOf(call.room.sid, call.participant.sid));
      // Names are told to a new thread last, with the number of the call that said them.
      if (session !== undefined) session.lastCall = Math.max(session.lastCall, number);
    }
    return effect;
  }

  #apply(call: LifecycleCall, time: number): Effect {
    switch (call.call) {
      case 'roomStarted': {
        const room = this.#openRoom(call.room);
        if (room.ended || room.startedAt === undefined) room.startedAt = time;
        room.started = true;
        room.ended = false;
        return Effect.NOTHING;
      }
      case 'roomEnded':
        this.#endRoom(call.room);
        return Effect.NOTHING;
      case 'roomUpdated':
        this.seen(call.room);
        return Effect.NOTHING;
      case 'participantUpdated':
        this.seen(call.room, call.participant);
        return Effect.NOTHING;
      case 'participantJoined':
        return this.#join(call.room, call.participant, call.ref, call.sendEvent ?? true);
      case 'participantActive':
        return this.#activate(call.room, call.participant, call.ref);
      case 'participantResumed':
        return this.#resume(call.room, call.participant);
      case 'participantLeft':
        return this.#leave(call.room, call.participant, call.ref, call.sendEvent, time);
    }
  }

  /** The latest object seen for a sid counts; what is not known is not remembered. */
  seen(roomName: RoomName, participantName?: ParticipantName): void {
    const room = this.#rooms.get(roomName.sid);
    if (room !== undefined) see(room, roomName);
    if (participantName === undefined) return;
    const session = this.#sessions.get(keyOf(roomName.sid, participantName.sid));
    if (session !== undefined) seeParticipant(session, participantName);
  }

  /** Every room, and in each who is held open; for a report of what the node does. */
  *openRooms(): Generator<{ readonly room: RoomMessage; readonly participants: readonly ParticipantInfo[] }> {
    const inside = new Map<Room, ParticipantInfo[]>([...this.#rooms.values()].map((room) => [room, []]));
    for (const { room, info, closedAt } of this.#sessions.values()) {
      if (closedAt === undefined) inside.get(room)?.push(info);
    }
    for (const [{ info }, participants] of inside) yield { room: info, participants };
  }

  /** Takes over names where none is known: they may be older than whatever else was said. */
  seenBefore(roomName: RoomName, participantName: ParticipantName): void {
    if (this.roomName(roomName.sid) === '') this.seen(roomName);
    const session = this.#sessions.get(keyOf(roomName.sid, participantName.sid));
    if (session?.info.identity === '') seeParticipant(session, participantName);
  }

  isKnown(room: string, participant: string): boolean {
    return this.#sessions.has(keyOf(room, participant));
  }

  isRoomKnown(sid: string): boolean {
    return this.#rooms.has(sid);
  }

  /** The room's name, "" when it is not known. */
  roomName(sid: string): string {
    return this.#rooms.get(sid)?.info.name ?? '';
  }

  /** The room as it is known; of an unknown one what the call itself brings. */
  roomInfo(name: RoomName): RoomMessage {
    return this.#rooms.get(name.sid)?.info ?? see({ info: new RoomMessage({ sid: name.sid }) }, name).info;
  }

  /** The participant as known in the room; of an unknown one what the call itself brings. */
  participantInfo(room: string, name: ParticipantName): ParticipantInfo {
    const known = this.#sessions.get(keyOf(room, name.sid));
    return known?.info ?? seeParticipant({ info: new ParticipantInfo({ sid: name.sid }) }, name).info;
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
    for (const [key, { room, info, closedAt, lastCall }] of this.#closed) {
      const closedForMs = time - closedAt!;
      if (closedForMs <= reapAfterMs) break;
      reaped.push({
        room: room.info.sid,
        roomName: room.info.name,
        participant: info.sid,
        identity: info.identity,
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

  #join(room: RoomName, participant: ParticipantName, ref: string, sendEvent: boolean): Effect {
    const session = this.#openSession(room, participant);
    session.guards.add(ref);
    if (session.announced || !sendEvent) return Effect.NOTHING;
    session.announced = true;
    return Effect.JOINED;
  }

  #activate(room: RoomName, participant: ParticipantName, ref: string): Effect {
    const session = this.#openSession(room, participant);
    session.guards.add(ref);
    if (session.connected) return Effect.ACTIVE;
    session.connected = true;
    return Effect.CONNECTED;
  }

  #resume(room: RoomName, participant: ParticipantName): Effect {
    this.#openSession(room, participant);
    return Effect.RESUMED;
  }

  #leave(
    room: RoomName,
    participant: ParticipantName,
    ref: string,
    sendEvent: boolean,
    time: number,
  ): Effect {
    this.seen(room, participant);
    const key = keyOf(room.sid, participant.sid);
    const session = this.#sessions.get(key);
    if (session === undefined || (session.ended && session.closedAt !== undefined)) {
      this.leavesIgnored++;
      return Effect.IGNORED;
    }
    session.guards.delete(ref);
    if (session.guards.size === 0 && session.closedAt === undefined) {
      session.closedAt = time;
      this.#closed.set(key, session);
    }
    if (!sendEvent) return Effect.NOTHING;
    if (session.ended) {
      this.leavesIgnored++;
      return Effect.IGNORED;
    }
    session.ended = true;
    return session.connected ? Effect.LEFT : Effect.ABORTED;
  }

  /** A participant who is known and open goes on; else a new session begins. */
  #openSession(roomName: RoomName, participantName: ParticipantName): Session {
    const key = keyOf(roomName.sid, participantName.sid);
    const known = this.#sessions.get(key);
    this.#closed.delete(key);
    const room = this.#openRoom(roomName);
    const goesOn = known !== undefined && known.closedAt === undefined && !known.ended;
    const session: Session = goesOn
      ? known
      : {
          room,
          info: known?.info ?? new ParticipantInfo({ sid: participantName.sid }),
          // Guards of the session before that were never released still hold the participant open.
          guards: known?.guards ?? new Set(),
          announced: false,
          connected: false,
          ended: false,
          closedAt: undefined,
          lastCall: 0,
        };
    if (!goesOn) this.begun++;
    if (known === undefined) room.participants++;
    this.#sessions.set(key, session);
    seeParticipant(session, participantName);
    return session;
  }

  #openRoom(name: RoomName): Room {
    let room = this.#rooms.get(name.sid);
    if (room === undefined) {
      room = {
        info: new RoomMessage({ sid: name.sid }),
        started: false,
        startedAt: undefined,
        ended: false,
        participants: 0,
      };
      this.#rooms.set(name.sid, room);
    }
    return see(room, name);
  }

  #endRoom(name: RoomName): void {
    const room = this.#rooms.get(name.sid);
    if (room === undefined) return;
    see(room, name).ended = true;
    this.#forgetRoom(room);
  }

  #forgetRoom(room: Room): void {
    if (room.participants === 0 && (room.ended || !room.started)) this.#rooms.delete(room.info.sid);
  }
}

/** Takes over what a call says of a room. What was told may still wait to be sent: it keeps what it says. */
function see<R extends { info: RoomMessage }>(room: R, { sid, name, message }: RoomName): R {
  if (message !== undefined) {
    room.info = decode(RoomMessage, message);
    room.info.sid = sid;
  } else if (name !== undefined && name !== room.info.name) {
    room.info = room.info.clone();
    room.info.name = name;
  }
  return room;
}

/** Takes over what a call says of a participant, in the same way. */
function seeParticipant<P extends { info: ParticipantInfo }>(
  participant: P,
  { sid, identity, message }: ParticipantName,
): P {
  if (message !== undefined) {
    participant.info = decode(ParticipantInfo, message);
    participant.info.sid = sid;
  } else if (identity !== undefined && identity !== participant.info.identity) {
    participant.info = participant.info.clone();
    participant.info.identity = identity;
  }
  return participant;
}
