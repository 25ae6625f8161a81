import {
  type CallFrame,
  isLifecycleCall,
  type LifecycleCall,
  type ParticipantName,
  type RoomName,
  type TelemetryCall,
} from '../memory/frames.js';
import { KeptFrames } from './kept-frames.js';
import { type ForgottenTrack, KnownTracks } from './known-tracks.js';
import { type Moment, SaidNames } from './said-names.js';

type ParticipantCall = Extract<LifecycleCall, { participant: unknown }>;

interface Participant {
  /** The calls since the participant was last unknown, less repetitions. */
  calls: CallFrame[];
  readonly said: SaidNames;
}

interface Room {
  readonly said: SaidNames;
  started: CallFrame | undefined;
  ended: CallFrame | undefined;
  readonly participants: Map<string, Participant>;
}

/** Calls kept for one participant; of more, the one after the first is forgotten. */
const MAX_CALLS = 256;

const isOpening = ({ call }: TelemetryCall): boolean =>
  call === 'participantJoined' || call === 'participantActive' || call === 'participantResumed';

/**
 * The calls that lead to what the timer thread knows, as far as it has taken them: what its successor is told. All
 * of it is bounded by what is known, and says nothing but that. Host thread.
 */
export class KnownCalls {
  readonly kept: KeptFrames;
  readonly tracks: KnownTracks;
  readonly #rooms = new Map<string, Room>();

  constructor(kept = new KeptFrames()) {
    this.kept = kept;
    this.tracks = new KnownTracks(kept);
  }

  get roomCount(): number {
    return this.#rooms.size;
  }

  hasRoom(sid: string): boolean {
    return this.#rooms.has(sid);
  }

  /** Takes note of a call that the timer thread has taken; in the order of the calls. */
  note(frame: CallFrame): void {
    const [, time, number, call] = frame;
    if (isLifecycleCall(call)) this.#noteLifecycle(frame, call);
    if (!('room' in call)) return;
    const { room } = call;
    const moment = { time, number };
    this.see(room, 'participant' in call ? call.participant : undefined, moment);
    if (!('track' in call)) return;
    if (call.publisher !== undefined) this.see(room, call.publisher, moment);
    const participants = this.#rooms.get(room.sid)?.participants;
    this.tracks.note(frame, call, ({ sid }) => participants?.has(sid) ?? false);
  }

  /** The latest that was said of a name counts, whoever said it; of those who are known. */
  see(name: RoomName, participant: ParticipantName | undefined, moment: Moment): void {
    const room = this.#rooms.get(name.sid);
    room?.said.room(name, moment);
    if (participant === undefined) return;
    room?.participants.get(participant.sid)?.said.participant(name.sid, participant, moment);
  }

  #noteLifecycle(frame: CallFrame, call: LifecycleCall): void {
    if (call.call === 'roomStarted') {
      const room = this.#room(call.room);
      // The first of several says since when it goes on.
      if (room.ended !== undefined) room.started = undefined;
      room.started ??= bare(frame);
      room.ended = undefined;
    } else if (call.call === 'roomEnded') {
      const room = this.#rooms.get(call.room.sid);
      if (room !== undefined) room.ended = bare(frame);
      this.tracks.endRoom(call.room.sid);
      this.#forgetRoom(call.room.sid);
    } else if ('participant' in call && call.call !== 'participantUpdated') {
      this.#noteParticipant(bare(frame), call);
    }
  }

  #noteParticipant(frame: CallFrame, call: ParticipantCall): void {
    const { sid } = call.participant;
    let participant = this.#rooms.get(call.room.sid)?.participants.get(sid);
    if (participant === undefined) {
      if (!isOpening(call)) return;
      participant = { calls: [], said: new SaidNames(this.kept) };
      this.#room(call.room).participants.set(sid, participant);
    }
    dropRepeated(participant.calls, call);
    participant.calls.push(frame);
    if (participant.calls.length > MAX_CALLS) participant.calls.splice(1, 1);
  }

  /**
   * Forgets a participant, who was reaped.
   * @param upTo number of the last call the timer thread had taken: what came after it opened them anew
   */
  forgetParticipant(sid: string, participantSid: string, upTo: number): void {
    this.tracks.forgetParticipant(sid, participantSid, upTo);
    const room = this.#rooms.get(sid);
    const participant = room?.participants.get(participantSid);
    if (participant === undefined) return;
    const later = participant.calls.filter(([, , number]) => number > upTo);
    if (later.some(([, , , call]) => isOpening(call))) {
      participant.calls = later;
      return;
    }
    participant.said.forget();
    room!.participants.delete(participantSid);
    this.#forgetRoom(sid);
  }

  forgetTrack(track: ForgottenTrack): void {
    this.tracks.forgetTrack(track);
  }

  /**
   * Rooms and people by their calls, in the order these were made. Then what may come after calls that are forgotten:
   * which rooms have ended, the latest names, the tracks.
   */
  frames(): CallFrame[] {
    const frames: CallFrame[] = [];
    const ends: CallFrame[] = [];
    const names: CallFrame[] = [];
    for (const { started, ended, participants, said } of this.#rooms.values()) {
      if (started !== undefined) frames.push(started);
      if (ended !== undefined) ends.push(ended);
      names.push(...said.frames());
      for (const participant of participants.values()) {
        for (const frame of participant.calls) frames.push(frame);
        names.push(...participant.said.frames());
      }
    }
    frames.sort((a, b) => a[2] - b[2]);
    return frames.concat(ends, names, this.tracks.frames());
  }

  #room({ sid }: RoomName): Room {
    let room = this.#rooms.get(sid);
    if (room === undefined) {
      room = {
        said: new SaidNames(this.kept),
        started: undefined,
        ended: undefined,
        participants: new Map(),
      };
      this.#rooms.set(sid, room);
    }
    return room;
  }

  #forgetRoom(sid: string): void {
    const room = this.#rooms.get(sid);
    if (room?.participants.size === 0 && (room.ended !== undefined || room.started === undefined)) {
      room.said.forget();
      this.#rooms.delete(sid);
    }
  }
}

/** What of a call changes who is known: names are kept apart, and nothing else is told again. */
function bare([type, time, number, call]: CallFrame): CallFrame {
  const { room, participant, ref, sendEvent } = call as Partial<
    Extract<LifecycleCall, { call: 'participantLeft' }>
  >;
  const says = {
    call: call.call,
    room: { sid: room!.sid },
    ...(participant && { participant: { sid: participant.sid } }),
    ...(ref !== undefined && { ref }),
    ...(sendEvent !== undefined && { sendEvent }),
  };
  return [type, time, number, says as LifecycleCall];
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
  const ref = (of: TelemetryCall): unknown => ('ref' in of ? of.ref : undefined);
  const sendEvent = (of: TelemetryCall): unknown => ('sendEvent' in of ? of.sendEvent : undefined);
  return before.call === call.call && ref(before) === ref(call) && sendEvent(before) === sendEvent(call);
}
