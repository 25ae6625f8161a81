/** Why a sample was skipped, in the order of the counts in ThreadBooks.INVALID_REASONS. */
export const InvalidReason = {
  NONE: 0,
  /** A counter is not a whole number: NaN, infinite, fractional, not a number. */
  NOT_WHOLE: 1,
  /** A counter that cannot be negative is. */
  NEGATIVE: 2,
  /** A change of 2^31 or more, for bytes 2^63 or more (LiveKit skips what has its sign bit set). */
  TOO_LARGE: 3,
  /** A layer id that is not 0 to 3. */
  LAYER: 4,
  /** No room for another SSRC (`capacity.streams`). */
  NO_STREAM: 5,
  /** rtt, jitter or score is NaN, infinite or negative. */
  GAUGE: 6,
  /** The sample is not an object with a `streams` array, or an ssrc is not a u32. */
  SHAPE: 7,
} as const;
export type InvalidReason = (typeof InvalidReason)[keyof typeof InvalidReason];
