import { Totals } from './totals.js';

/**
 * One snapshot row: what a track did in one window. Offsets in 8-byte words from the start of the row;
 * a word that holds two 32-bit values names them by their 32-bit offset (`I32_`, `F32_`).
 *
 * ```
 *   0  slot, generation (i32)          4  start, ms of engine time
 *   1  scores, scores dropped (i32)    5  end, ms of engine time
 *   2  rtt ms, jitter us (u32)         6  13 deltas, in the order of Totals
 *   3  mime id, flags (i32)           19  4 layers x (packets, bytes, frames) deltas
 *  31  sum of scores                  32  median score
 *  33  min score (f32), unused
 * ```
 */
export const Row = {
  I32_SLOT: 0,
  I32_GENERATION: 1,
  I32_SCORES: 2,
  I32_SCORES_DROPPED: 3,
  I32_RTT: 4,
  I32_JITTER: 5,
  I32_MIME: 6,
  I32_FLAGS: 7,
  START: 4,
  END: 5,
  DELTAS: 6,
  LAYERS: 6 + Totals.COUNT,
  SCORE_SUM: 6 + Totals.MAX_WORDS,
  SCORE_MEDIAN: 7 + Totals.MAX_WORDS,
  F32_SCORE_MIN: (8 + Totals.MAX_WORDS) * 2,
  WORDS: 9 + Totals.MAX_WORDS,
} as const;

/** Bits of a row's flags. */
export const RowFlags = {
  /** Bits 0 to 2: how many layers the track has brought (the highest id + 1). */
  LAYERS_MASK: 0x7,
  /** Bits 4 to 6: the kept layer + 1; 0 where none had bytes in the window. */
  KEPT_SHIFT: 4,
  KEPT_MASK: 0x70,
} as const;
