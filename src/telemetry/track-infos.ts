import { TrackInfo } from '@livekit/protocol';
import type { TrackName } from '../memory/frames.js';
import type { KnownTracks } from '../snapshot/row-observer.js';

interface Track {
  readonly publisher: string;
  info: TrackInfo;
}

/**
 * The latest TrackInfo seen for each sid, by the room and the participant who publishes it: a call that names a
 * track by sid alone is told with what is known of it. Timer thread.
 */
export class TrackInfos implements KnownTracks {
  readonly #rooms = new Map<string, Map<string, Track>>();
  /** When something of a room changed last, as a number that rises. */
  readonly #versions = new Map<string, number>();
  #changes = 0;
  /** Tracks that were unpublished, in the order of time. */
  #unpublished: {
    readonly room: string;
    readonly sid: string;
    readonly track: Track;
    readonly time: number;
  }[] = [];

  /** Takes note of a track that a participant publishes. */
  publish(room: string, publisher: string, track: TrackName): void {
    // A track that was only asked for has no sid yet: there is nothing to find it by.
    if (track.message === undefined || track.sid === '') return;
    let tracks = this.#rooms.get(room);
    if (tracks === undefined) {
      tracks = new Map();
      this.#rooms.set(room, tracks);
    }
    tracks.set(track.sid, { publisher, info: decode(track) });
    this.#changed(room);
  }

  /** The publisher has taken the track back: late events still find it until `forgetUnpublished`. */
  unpublish(room: string, sid: string, time: number): void {
    const track = this.#rooms.get(room)?.get(sid);
    if (track !== undefined) this.#unpublished.push({ room, sid, track, time });
  }

  /** Forgets tracks that were taken back before a time, unless they were published again. */
  forgetUnpublished(before: number): void {
    const count = this.#unpublished.findIndex(({ time }) => time >= before);
    const over = this.#unpublished.splice(0, count < 0 ? this.#unpublished.length : count);
    for (const { room, sid, track } of over) {
      const tracks = this.#rooms.get(room);
      if (tracks?.get(sid) === track) tracks.delete(sid);
      this.#changed(room);
    }
  }

  /** The track as it was last seen; the latest object counts, whoever brings it. */
  infoOf(room: string, track: TrackName): TrackInfo {
    const known = this.#rooms.get(room)?.get(track.sid);
    if (track.message === undefined) return known?.info ?? new TrackInfo({ sid: track.sid });
    const info = decode(track);
    if (known !== undefined) {
      known.info = info;
      this.#changed(room);
    }
    return info;
  }

  versionOf(room: string): number {
    return this.#versions.get(room) ?? 0;
  }

  /** An info that says neither source nor type is as none. */
  kindOf(room: string, track: string): TrackInfo | undefined {
    const info = this.#rooms.get(room)?.get(track)?.info;
    return info !== undefined && info.source + info.type > 0 ? info : undefined;
  }

  /** Forgets what a participant published. */
  forget(room: string, publisher: string): void {
    const tracks = this.#rooms.get(room);
    if (tracks === undefined) return;
    for (const [sid, track] of tracks) if (track.publisher === publisher) tracks.delete(sid);
    this.#changed(room);
  }

  #changed(room: string): void {
    this.#versions.set(room, ++this.#changes);
    if (this.#rooms.get(room)?.size !== 0) return;
    this.#rooms.delete(room);
    this.#versions.delete(room);
  }
}

function decode({ sid, message }: TrackName): TrackInfo {
  const info = TrackInfo.fromBinary(message!);
  info.sid = sid;
  return info;
}
