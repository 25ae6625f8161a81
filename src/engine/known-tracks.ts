import { type CallFrame, type ParticipantName, publisherOf, type TrackCall } from '../memory/frames.js';
import type { KeptFrames } from './kept-frames.js';

/** A track of a room, as the timer thread's TrackInfos have it. */
interface Info {
  readonly publisher: string;
  /** The call that said last who publishes it. */
  published: CallFrame;
  /** What was said of it since, by others. */
  said: CallFrame | undefined;
  unpublished: CallFrame | undefined;
}

/** Tracks of one participant: published and subscribed to, by the call that made them so; and those described. */
interface Participant {
  readonly published: Map<string, CallFrame>;
  readonly subscribed: Map<string, CallFrame>;
  readonly described: Set<string>;
}

interface Room {
  readonly infos: Map<string, Info>;
  readonly participants: Map<string, Participant>;
}

/** A track the timer thread has forgotten, and the call that had made it known there. */
export interface ForgottenTrack {
  readonly room: string;
  readonly track: string;
  readonly number: number;
}

/** The calls a new timer thread must hear to know the tracks that the one before it knew. Host thread. */
export class KnownTracks {
  /** Frames of tracks that are kept. */
  size = 0;
  readonly #rooms = new Map<string, Room>();
  readonly #kept: KeptFrames;

  constructor(kept: KeptFrames) {
    this.#kept = kept;
  }

  /** Whether a call is about a track that is not known yet, and makes it known. */
  adds(call: TrackCall): boolean {
    const room = this.#rooms.get(call.room.sid);
    const live = room?.participants.get(call.participant.sid);
    const { sid, message } = call.track;
    if (call.call === 'trackPublished') return !live?.published.has(sid);
    if (call.call === 'trackSubscribed') return !live?.subscribed.has(sid);
    return message !== undefined && sid !== '' && !room?.infos.has(sid);
  }

  /** Takes note of a call. @param isKnown whether a participant of its room is known */
  note(frame: CallFrame, call: TrackCall, isKnown: (participant: ParticipantName) => boolean): void {
    this.#noteInfo(frame, call, isKnown);
    if (isKnown(call.participant)) this.#noteLive(frame, call);
  }

  #noteInfo(frame: CallFrame, call: TrackCall, isKnown: (participant: ParticipantName) => boolean): void {
    const { sid, message } = call.track;
    const publisher = publisherOf(call);
    const infos = this.#rooms.get(call.room.sid)?.infos;
    const known = infos?.get(sid);
    if (message !== undefined && sid !== '' && publisher !== undefined && isKnown(publisher)) {
      if (known !== undefined) this.#dropInfo(call.room.sid, sid, known);
      const published = this.#kept.keep(
        trackFrame(frame, call, { call: 'trackPublishedUpdate', participant: publisher.sid }),
      );
      const info = { publisher: publisher.sid, published, said: undefined, unpublished: undefined };
      this.#room(call.room.sid).infos.set(sid, info);
      this.#participant(call.room.sid, publisher.sid).described.add(sid);
      this.size++;
    } else if (message !== undefined && known !== undefined) {
      // Of a call that names no publisher only the track is taken.
      known.said = this.#kept.keep(trackFrame(frame, call, { call: 'trackSubscribeRequested' }), known.said);
    }
    const info = this.#rooms.get(call.room.sid)?.infos.get(sid);
    if (call.call === 'trackUnpublished' && info !== undefined) {
      // What it ended is not kept any more.
      const unpublished = { call: call.call, bySid: true, wasPublishedLocally: false };
      info.unpublished ??= trackFrame(frame, call, unpublished);
    }
  }

  #noteLive(frame: CallFrame, call: TrackCall): void {
    const { room, participant } = call;
    const { sid } = call.track;
    if (call.call === 'trackPublished') {
      const published = trackFrame(frame, call, { call: call.call, bySid: true });
      this.#begin(this.#participant(room.sid, participant.sid).published, published, sid);
    } else if (call.call === 'trackSubscribed') {
      const subscribed = trackFrame(frame, call, { call: call.call });
      this.#begin(this.#participant(room.sid, participant.sid).subscribed, subscribed, sid);
    }
    const tracks = this.#rooms.get(room.sid)?.participants.get(participant.sid);
    if (tracks === undefined) return;
    if (call.call === 'trackUnpublished' && (call.wasPublishedLocally ?? true))
      this.#end(tracks.published, sid);
    if (call.call === 'trackUnsubscribed') this.#end(tracks.subscribed, sid);
    this.#forgetEmpty(room.sid, participant.sid);
  }

  /** The tracks of a room that is over are no longer live. */
  endRoom(sid: string): void {
    for (const [participant, tracks] of this.#rooms.get(sid)?.participants ?? []) {
      this.#endAll(tracks, Number.POSITIVE_INFINITY);
      this.#forgetEmpty(sid, participant);
    }
  }

  /** Forgets what calls up to a number said of a participant's tracks. */
  forgetParticipant(sid: string, participant: string, upTo: number): void {
    const room = this.#rooms.get(sid);
    const tracks = room?.participants.get(participant);
    if (tracks === undefined) return;
    this.#endAll(tracks, upTo);
    for (const track of tracks.described) {
      const info = room!.infos.get(track)!;
      if (info.published[2] <= upTo) this.#dropInfo(sid, track, info);
    }
    this.#forgetEmpty(sid, participant);
  }

  forgetTrack({ room: sid, track, number }: ForgottenTrack): void {
    const info = this.#rooms.get(sid)?.infos.get(track);
    if (info === undefined || info.published[2] > number) return;
    this.#dropInfo(sid, track, info);
    this.#forgetEmpty(sid, info.publisher);
  }

  /** In the order of the calls. */
  frames(): CallFrame[] {
    const frames: CallFrame[] = [];
    for (const { infos, participants } of this.#rooms.values()) {
      for (const { published, said, unpublished } of infos.values()) {
        for (const frame of [published, said, unpublished]) if (frame !== undefined) frames.push(frame);
      }
      for (const { published, subscribed } of participants.values()) {
        for (const frame of published.values()) frames.push(frame);
        for (const frame of subscribed.values()) frames.push(frame);
      }
    }
    return frames.sort((a, b) => a[2] - b[2]);
  }

  #room(sid: string): Room {
    let room = this.#rooms.get(sid);
    if (room === undefined) {
      room = { infos: new Map(), participants: new Map() };
      this.#rooms.set(sid, room);
    }
    return room;
  }

  #participant(room: string, sid: string): Participant {
    const { participants } = this.#room(room);
    let participant = participants.get(sid);
    if (participant === undefined) {
      participant = { published: new Map(), subscribed: new Map(), described: new Set() };
      participants.set(sid, participant);
    }
    return participant;
  }

  #begin(tracks: Map<string, CallFrame>, frame: CallFrame, track: string): void {
    const before = tracks.get(track);
    if (before === undefined) this.size++;
    tracks.set(track, this.#kept.keep(frame, before));
  }

  #end(tracks: Map<string, CallFrame>, track: string): void {
    this.#kept.drop(tracks.get(track));
    if (tracks.delete(track)) this.size--;
  }

  #endAll({ published, subscribed }: Participant, upTo: number): void {
    for (const tracks of [published, subscribed]) {
      for (const [track, [, , number]] of tracks) if (number <= upTo) this.#end(tracks, track);
    }
  }

  #dropInfo(sid: string, track: string, { publisher, published, said }: Info): void {
    const room = this.#rooms.get(sid)!;
    this.#kept.drop(published);
    this.#kept.drop(said);
    room.infos.delete(track);
    room.participants.get(publisher)!.described.delete(track);
    this.size--;
  }

  #forgetEmpty(sid: string, participant: string): void {
    const room = this.#rooms.get(sid)!;
    const { published, subscribed, described } = room.participants.get(participant)!;
    if (published.size + subscribed.size + described.size > 0) return;
    room.participants.delete(participant);
    if (room.participants.size === 0) this.#rooms.delete(sid);
  }
}

/** What a new timer thread is told of a track, in a call that says just that. */
function trackFrame(
  [type, time, number]: CallFrame,
  { room, participant, track }: TrackCall,
  says: Says,
): CallFrame {
  const call: TrackCall = {
    call: says.call,
    room: { sid: room.sid },
    participant: { sid: says.participant ?? participant.sid },
    track: says.bySid === true ? { sid: track.sid } : track,
    sendEvent: false,
    wasPublishedLocally: says.wasPublishedLocally ?? true,
  };
  return [type, time, number, call];
}

interface Says {
  readonly call: TrackCall['call'];
  /** Whose track it is, if not the caller's. */
  readonly participant?: string;
  /** Without what was said of it. */
  readonly bySid?: boolean;
  readonly wasPublishedLocally?: boolean;
}
