import { TrackInfo, type TrackType } from '@livekit/protocol';
import type { TrackCall, TrackName } from '../memory/frames.js';
import { decode } from '../snapshot/decode.js';

/** Tracks of one participant by sid, and what the call said they are, for those whose publisher nobody knows. */
type Tracks = Map<string, TrackType | undefined>;

interface Participant {
  readonly published: Tracks;
  readonly subscribed: Tracks;
}

/** A track that is published or subscribed to now, once for each subscriber. */
export interface LiveTrack {
  readonly room: string;
  readonly track: string;
  /** What it was said to be by the call that subscribed. */
  readonly type: TrackType | undefined;
}

/**
 * Which tracks are published and subscribed to, by whom: sets, so that no order or repetition of calls can make
 * their sizes drift. Of participants who are known. Timer thread.
 */
export class LiveTracks {
  readonly #rooms = new Map<string, Map<string, Participant>>();

  /** Takes a call of a participant who is known. */
  take({ call, room, participant, track, wasPublishedLocally = true }: TrackCall): void {
    if (call === 'trackPublished') this.#open(room.sid, participant.sid).published.set(track.sid, undefined);
    if (call === 'trackSubscribed')
      this.#open(room.sid, participant.sid).subscribed.set(track.sid, typeOf(track));
    // One that was published elsewhere never counted here.
    if (call === 'trackUnpublished' && wasPublishedLocally) {
      this.#rooms.get(room.sid)?.get(participant.sid)?.published.delete(track.sid);
    }
    if (call === 'trackUnsubscribed') {
      this.#rooms.get(room.sid)?.get(participant.sid)?.subscribed.delete(track.sid);
    }
  }

  /** Forgets the tracks of a participant. */
  forget(room: string, participant: string): void {
    const participants = this.#rooms.get(room);
    participants?.delete(participant);
    if (participants?.size === 0) this.#rooms.delete(room);
  }

  /** Forgets the tracks of a room that is over. */
  endRoom(room: string): void {
    this.#rooms.delete(room);
  }

  published(): Generator<LiveTrack> {
    return this.#all('published');
  }

  subscribed(): Generator<LiveTrack> {
    return this.#all('subscribed');
  }

  *#all(set: keyof Participant): Generator<LiveTrack> {
    for (const [room, participants] of this.#rooms) {
      for (const participant of participants.values()) {
        for (const [track, type] of participant[set]) yield { room, track, type };
      }
    }
  }

  #open(room: string, sid: string): Participant {
    let participants = this.#rooms.get(room);
    if (participants === undefined) {
      participants = new Map();
      this.#rooms.set(room, participants);
    }
    let participant = participants.get(sid);
    if (participant === undefined) {
      participant = { published: new Map(), subscribed: new Map() };
      participants.set(sid, participant);
    }
    return participant;
  }
}

function typeOf({ message }: TrackName): TrackType | undefined {
  return message && decode(TrackInfo, message).type;
}
