import { Direction, Totals } from './totals.js';

/** What LiveKit's packet metrics count, of one country and direction. 8-byte words. */
export const PacketCounts = {
  /** Primary and padding; upstream retransmitted ones too, as LiveKit does. A data message is a packet. */
  PACKETS: 0,
  BYTES: 1,
  /** Downstream only. */
  RETRANSMIT_PACKETS: 2,
  RETRANSMIT_BYTES: 3,
  NACKS: 4,
  PLIS: 5,
  FIRS: 6,
  WORDS: 7,
} as const;

const { PACKETS, BYTES, RETRANSMIT_PACKETS, NACKS, PLIS, FIRS, WORDS } = PacketCounts;

/** Adds a media track's totals that start at a word to the counts that start at another. */
export function countTotals(
  words: Float64Array,
  at: number,
  direction: Direction,
  counts: Float64Array,
  to: number,
): void {
  const packets = words[at + Totals.PRIMARY_PACKETS]! + words[at + Totals.PADDING_PACKETS]!;
  const bytes = words[at + Totals.PRIMARY_BYTES]! + words[at + Totals.PADDING_BYTES]!;
  const isUpstream = direction === Direction.UPSTREAM;
  /** The bytes' word follows the packets' in both. */
  const retransmits = isUpstream ? PACKETS : RETRANSMIT_PACKETS;
  counts[to + PACKETS]! += packets;
  counts[to + BYTES]! += bytes;
  counts[to + retransmits]! += words[at + Totals.RETRANSMIT_PACKETS]!;
  counts[to + retransmits + 1]! += words[at + Totals.RETRANSMIT_BYTES]!;
  counts[to + NACKS]! += words[at + Totals.NACKS]!;
  counts[to + PLIS]! += words[at + Totals.PLIS]!;
  counts[to + FIRS]! += words[at + Totals.FIRS]!;
}

/** Countries one recording thread counts apart: none, those that came first, and the others together. */
export const COUNTRY_ROWS = 64;
/** The row of recorders opened without a country. */
export const NO_COUNTRY_ROW = 0;
/** The row of countries that came when all others were taken. */
export const OTHER_COUNTRIES_ROW = COUNTRY_ROWS - 1;

const TABLE_WORDS = COUNTRY_ROWS * 2 * WORDS;
const HALF_HEADER = 16;

/**
 * What was counted in slots that count no longer: given back, or taken out as unattributed. One table a recording
 * thread, by row of a country and direction, in two halves, of which the one named by COMMITS & 1 is valid.
 *
 * ```
 *   0     COMMITS (i32): moves from a slot's cells to the table; the one store that makes a move adds 1 to it
 *   16    the country of each row (i32)
 *   48    half 0: the slot last moved, what it still counts, then the table
 *   960   half 1: the same
 *   1872  what a scrape showed last: written by the timer thread, so that no counter ever falls
 * ```
 *
 * A slot's counts are in its cells or in the table, for whoever reads COMMITS once: until the cells are written
 * too, the moved slot counts what stands beside the table instead.
 */
export const Settled = {
  I32_COMMITS: 0,
  COUNTRIES: 16,
  HALVES: 48,
  HALF_WORDS: HALF_HEADER + TABLE_WORDS,
  /** Of a half: slot + 1, or 0 once its cells say the same. */
  I32_MOVED: 0,
  LEFT_PACKETS: 1,
  LEFT_BYTES: 2,
  TABLE: HALF_HEADER,
  SHOWN: 48 + 2 * (HALF_HEADER + TABLE_WORDS),
  TABLE_WORDS,
  WORDS: 48 + 2 * (HALF_HEADER + TABLE_WORDS) + TABLE_WORDS,
} as const;

/** Word of a country's and direction's counts in a table. */
export function countsOf(row: number, direction: Direction): number {
  return (2 * row + direction) * WORDS;
}
