import type { SlotIdentity } from '../memory/frames.js';
import type { RowViews } from './row-merge.js';

/**
 * A track, and what an observer has found out about it, kept from window to window: in one object, because a flush
 * looks at every track, and each is far from the next.
 */
export interface ObservedTrack {
  readonly identity: SlotIdentity;
  /** `livekit.TrackSource` and `livekit.TrackType`, -1 where nobody has said them. */
  source: number;
  type: number;
  /** When that was looked up (KnownTracks.versionOf), -1 for never. */
  version: number;
  /** As a number (countryCode). */
  country: number;
  /** The labels, and the place they have among all. */
  labels: number;
  set: number;
  /** The observer's own count of times at which places were given anew. */
  epoch: number;
}

/** What nobody has looked at yet. */
export const UNOBSERVED: Omit<ObservedTrack, 'identity'> = Object.freeze({
  source: -1,
  type: -1,
  version: -1,
  country: -1,
  labels: -1,
  set: 0,
  epoch: -1,
});

/**
 * Told of every media track's row, once a window, before the window is committed. Timer thread.
 */
export interface RowObserver {
  /**
   * A flush is being built.
   * @param words the ledger
   * @param at the first word of its metrics: a copy of what was committed last, valid when this flush is committed
   */
  begin(words: Float64Array, at: number): void;
  /**
   * The row of one track, all of its slots together, also one that nobody knows the participant of.
   * @param row its first word in the views, valid during the call
   * @param mime UTF-8, empty for none
   */
  observe(views: RowViews, row: number, track: ObservedTrack, mime: Uint8Array): void;
}

/** The latest source and type that were said of each track. */
export interface KnownTracks {
  /** Changes when what is known of a room's tracks may have changed. */
  versionOf(room: string): number;
  /** @returns undefined where nothing is known */
  kindOf(room: string, track: string): { readonly source: number; readonly type: number } | undefined;
}
