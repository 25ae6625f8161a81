import type { SlotIdentity } from '../memory/frames.js';
import type { RowViews } from './row-merge.js';

/** What an observer has found out about a track, kept with it from window to window. */
export interface TrackLabels {
  /** `livekit.TrackSource` and `livekit.TrackType`, where somebody has said them. */
  source: number | undefined;
  type: number | undefined;
  /** When that was looked up (KnownTracks.version). */
  version: number;
  country: number;
  /** The labels and the place they have among all. */
  labels: number;
  set: number;
  /** The observer's own count of times at which places were given anew. */
  epoch: number;
}

export interface ObservedTrack {
  readonly identity: SlotIdentity;
  readonly labels: TrackLabels;
}

export function noLabels(): TrackLabels {
  return { source: undefined, type: undefined, version: -1, country: -1, labels: -1, set: 0, epoch: -1 };
}

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

/** The latest source and type that were said of a track. */
export interface KnownTracks {
  /** Rises when what is known of any track may have changed. */
  readonly version: number;
  /** @returns undefined where nothing is known; an object that is valid until `version` rises */
  kindOf(room: string, track: string): { readonly source: number; readonly type: number } | undefined;
}
