import { describe, expect, test } from 'vitest';
import { bookTotals, bytesOf, packetsOf } from '../../dist/src/memory/books.js';
import { BookCells } from '../../dist/src/memory/cells.js';
import { Totals } from '../../dist/src/memory/totals.js';

const AT = 3;

/** Totals from word 3 on, each another power of two, so that a sum tells what is in it. */
function powersOfTwo(): Float64Array {
  const words = new Float64Array(AT + Totals.MAX_WORDS);
  for (let i = 0; i < Totals.MAX_WORDS; i++) words[AT + i] = 2 ** i;
  return words;
}

const packets = 2 ** Totals.PRIMARY_PACKETS + 2 ** Totals.RETRANSMIT_PACKETS + 2 ** Totals.PADDING_PACKETS;
const bytes = 2 ** Totals.PRIMARY_BYTES + 2 ** Totals.RETRANSMIT_BYTES + 2 ** Totals.PADDING_BYTES;

describe('the books', () => {
  test('count primary, retransmitted and padding packets, and their bytes, and nothing else', () => {
    expect(packetsOf(powersOfTwo(), AT)).toBe(packets);
    expect(bytesOf(powersOfTwo(), AT)).toBe(bytes);
  });

  test("add a media track's totals: packets, no messages", () => {
    const books = new Float64Array(2 * BookCells.WORDS).fill(1);
    bookTotals(powersOfTwo(), AT, false, books, BookCells.WORDS);
    expect([...books]).toEqual([1, 1, 1, 1, 2, 1, 1 + packets, 1 + bytes]);
  });

  test('add a data track’s totals: its primary packets are messages, no packets', () => {
    const words = new Float64Array(Totals.MAX_WORDS);
    words[Totals.SAMPLES] = 3;
    words[Totals.PRIMARY_PACKETS] = 5;
    words[Totals.PRIMARY_BYTES] = 700;
    const books = new Float64Array(2 * BookCells.WORDS).fill(1);
    bookTotals(words, 0, true, books, 0);
    expect([...books]).toEqual([4, 6, 1, 701, 1, 1, 1, 1]);
  });
});
