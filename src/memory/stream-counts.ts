/**
 * What windows were observed to hold, by the labels of LiveKit's stream metrics: at the end of each half of the
 * ledger, so that a window that is repeated counts once. Written by the timer thread alone. 8-byte words.
 *
 * ```
 *   0    label sets in use, observations whose set had no room, the quality score's sum and buckets
 *   16   sets: labels, lost, out of order, then four histograms of a sum and its buckets
 * ```
 *
 * A bucket counts what is not above its bound and above the one before; the last what is above all bounds.
 */

export const PERCENT_BOUNDS = [0, 0.1, 0.3, 0.5, 0.7, 1, 5, 10, 40, 100] as const;
export const JITTER_US_BOUNDS = [1e3, 1e4, 3e4, 5e4, 7e4, 1e5, 3e5, 6e5, 1e6] as const;
export const RTT_MS_BOUNDS = [50, 100, 150, 200, 250, 500, 750, 1e3, 5e3, 1e4] as const;
export const QUALITY_BOUNDS = [1, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.25, 4.5] as const;

/** Label sets that are told apart; some of them are kept for those of countries that came when all others were taken. */
export const MAX_LABEL_SETS = 256;

const SETS = 16;
const LOSS = 3;
const ORDER = LOSS + 2 + PERCENT_BOUNDS.length;
const JITTER = ORDER + 2 + PERCENT_BOUNDS.length;
const RTT = JITTER + 2 + JITTER_US_BOUNDS.length;
const SET_WORDS = RTT + 2 + RTT_MS_BOUNDS.length;

export const StreamCounts = {
  LABEL_SETS: 0,
  /** Observations that went to the set of "other" countries. */
  OVERFLOWED: 1,
  QUALITY: 2,
  SETS,
  SET_WORDS,
  /** Words of a set. */
  LABELS: 0,
  LOST: 1,
  OUT_OF_ORDER: 2,
  LOSS_PERCENT: LOSS,
  OUT_OF_ORDER_PERCENT: ORDER,
  JITTER_US: JITTER,
  RTT_MS: RTT,
  WORDS: SETS + MAX_LABEL_SETS * SET_WORDS,
} as const;

/** `livekit.TrackSource` by number; others are shown as the first. */
export const SOURCES = ['UNKNOWN', 'CAMERA', 'MICROPHONE', 'SCREEN_SHARE', 'SCREEN_SHARE_AUDIO'] as const;
/** `livekit.TrackType` by number, and what is neither known nor to be told from the mime type. */
export const TYPES = ['AUDIO', 'VIDEO', 'DATA', 'UNKNOWN'] as const;
export const UNKNOWN_TYPE = TYPES.length - 1;

/** Sets that differ by other labels than the country. */
export const SETS_OF_A_COUNTRY = 2 * SOURCES.length * TYPES.length;

/** Labels as one number: direction, source, type, country. */
export function packLabels(direction: number, source: number, type: number, country: number): number {
  return direction | (source << 1) | (type << 4) | (country << 6);
}

export function unpackLabels(labels: number): {
  readonly direction: number;
  readonly source: number;
  readonly type: number;
  readonly country: number;
} {
  return {
    direction: labels & 1,
    source: (labels >> 1) & 7,
    type: (labels >> 4) & 3,
    country: labels >> 6,
  };
}

/** The same labels, of no country in particular. */
export function withoutCountry(labels: number): number {
  return labels & 63;
}
