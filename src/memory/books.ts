import { BookCells } from './cells.js';
import { Totals } from './totals.js';

/** Primary, retransmitted and padding packets of totals (or deltas) that start at a word. */
export function packetsOf(words: Float64Array, at: number): number {
  return (
    words[at + Totals.PRIMARY_PACKETS]! +
    words[at + Totals.RETRANSMIT_PACKETS]! +
    words[at + Totals.PADDING_PACKETS]!
  );
}

/** Primary, retransmitted and padding bytes of totals (or deltas) that start at a word. */
export function bytesOf(words: Float64Array, at: number): number {
  return (
    words[at + Totals.PRIMARY_BYTES]! +
    words[at + Totals.RETRANSMIT_BYTES]! +
    words[at + Totals.PADDING_BYTES]!
  );
}

/**
 * Adds totals (or deltas) that start at a word to the four numbers of the books at word `book`.
 * @param counter a data or signalling track: its primary packets are messages
 */
export function bookTotals(
  words: Float64Array,
  at: number,
  counter: boolean,
  books: Float64Array,
  book: number,
): void {
  books[book + BookCells.SAMPLES]! += words[at + Totals.SAMPLES]!;
  if (counter) books[book + BookCells.MESSAGES]! += words[at + Totals.PRIMARY_PACKETS]!;
  else books[book + BookCells.PACKETS]! += packetsOf(words, at);
  books[book + BookCells.BYTES]! += bytesOf(words, at);
}
