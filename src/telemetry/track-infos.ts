import { TrackInfo, type TrackType } from '@livekit/protocol';
import type { TrackName } from '../memory/frames.js';
import { decode } from '../snapshot/decode.js';
import type { KnownTracks } from '../snapshot/row-observer.js';

interface Track {
  readonly publisher: string;
  /** Of the call that published it, or said last who does. */
  readonly number: number;
  info: TrackInfo;
}

interface Room {
  /** When something of it changed last, as a number that rises. */
  version: number;
  readonly tracks: Map<string, Track>;
  readonly byPublisher: Map<string, Set<string>>;
}

/** A track that is known no more, and the call that had made it known. */
export interface ForgottenTrack {
  readonly room: string;
  readonly track: string;
  readonly number: number;
}

/**
 * The latest TrackInfo seen for each sid, by the room and the participant who publishes it: a call that names a
 * track by sid alone is told with what is known of it. Timer thread.
 */
export class TrackInfos implements KnownTracks {
  readonly #rooms = new Map<string, Room>();
  #changes = 0;
  /** Tracks that were unpublished and not published again since, in the order of time. */
  readonly #unpublished = new Map<
    Track,
    { readonly room: string; readonly sid: string; readonly time: number }
  >();

  /**
   * Takes note of a track that a participant publishes.
   * @param number of the call
   */
  publish(room: string, publisher: string, track: TrackName, number = 0): void {
    // A track that was only asked for has no sid yet: there is nothing to find it by.
    if (track.message === undefined || track.sid === '') return;
    const info = infoOf(track);
    if (this.#rooms.get(room)?.tracks.has(track.sid)) this.#delete(room, track.sid);
    let known = this.#rooms.get(room);
    if (known === undefined) {
      known = { version: 0, tracks: new Map(), byPublisher: new Map() };
      this.#rooms.set(room, known);
    }
    known.version = ++this.#changes;
    known.tracks.set(track.sid, { publisher, number, info });
    const published = known.byPublisher.get(publisher);
    if (published === undefined) known.byPublisher.set(publisher, new Set([track.sid]));
    else published.add(track.sid);
  }

  /** The publisher has taken the track back: late events still find it until `forgetUnpublished`. */
  unpublish(room: string, sid: string, time: number): void {
    const track = this.#rooms.get(room)?.tracks.get(sid);
    if (track !== undefined && !this.#unpublished.has(track))
      this.#unpublished.set(track, { room, sid, time });
  }

  /** Forgets tracks that were taken back before a time, unless they were published again. */
  forgetUnpublished(before: number): ForgottenTrack[] {
    const forgotten: ForgottenTrack[] = [];
    for (const [track, { room, sid, time }] of this.#unpublished) {
      if (time >= before) break;
      forgotten.push({ room, track: sid, number: track.number });
      this.#delete(room, sid);
    }
    return forgotten;
  }

  /** Audio, video or data, as far as it is known. */
  typeOf(room: string, sid: string): TrackType | undefined {
    return this.#rooms.get(room)?.tracks.get(sid)?.info.type;
  }

  /** The track as it was last seen; the latest object counts, whoever brings it. */
  infoOf(room: string, track: TrackName): TrackInfo {
    const known = this.#rooms.get(room);
    const seen = known?.tracks.get(track.sid);
    if (track.message === undefined) return seen?.info ?? new TrackInfo({ sid: track.sid });
    const info = infoOf(track);
    if (known !== undefined && seen !== undefined) {
      seen.info = info;
      known.version = ++this.#changes;
    }
    return info;
  }

  versionOf(room: string): number {
    return this.#rooms.get(room)?.version ?? 0;
  }

  /** An info that says neither source nor type is as none. */
  kindOf(room: string, track: string): TrackInfo | undefined {
    const info = this.#rooms.get(room)?.tracks.get(track)?.info;
    return info !== undefined && info.source + info.type > 0 ? info : undefined;
  }

  /** Forgets what a participant published. */
  forget(room: string, publisher: string): void {
    for (const sid of this.#rooms.get(room)?.byPublisher.get(publisher) ?? []) this.#delete(room, sid);
  }

  #delete(room: string, sid: string): void {
    const known = this.#rooms.get(room)!;
    const { tracks, byPublisher } = known;
    known.version = ++this.#changes;
    const track = tracks.get(sid)!;
    const published = byPublisher.get(track.publisher)!;
    this.#unpublished.delete(track);
    tracks.delete(sid);
    published.delete(sid);
    if (published.size === 0) byPublisher.delete(track.publisher);
    if (tracks.size === 0) this.#rooms.delete(room);
  }
}

function infoOf({ sid, message }: TrackName): TrackInfo {
  const info = decode(TrackInfo, message!);
  info.sid = sid;
  return info;
}
