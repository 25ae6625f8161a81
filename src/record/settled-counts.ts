import { type CellsMemory, ThreadBooks } from '../memory/cells.js';
import { NO_COUNTRY } from '../memory/countries.js';
import {
  countsOf,
  countTotals,
  NO_COUNTRY_ROW,
  OTHER_COUNTRIES_ROW,
  PacketCounts,
  Settled,
} from '../memory/packet-counts.js';
import type { Direction } from '../memory/totals.js';

const { HALVES, HALF_WORDS, TABLE } = Settled;
const { WORDS } = PacketCounts;

/**
 * Moves what a slot's cells count to the table of what was counted, so that a reader in another thread finds it in
 * one of the two, never in both or in neither, and waits for nobody; nor does this thread. Recording thread only.
 */
export class SettledCounts {
  readonly #words: Float64Array;
  readonly #ints: Int32Array;
  readonly #base: number;
  readonly #rows = new Map<number, number>();
  /** First word of the counts that the half not valid lacks. */
  #stale = 0;

  constructor({ buffer, layout }: CellsMemory) {
    this.#words = new Float64Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#base = layout.settled;
  }

  /** The row of a country (countryCode); it gets one when it is seen first, if there is one left. */
  rowOf(country: number): number {
    if (country === NO_COUNTRY) return NO_COUNTRY_ROW;
    const known = this.#rows.get(country);
    if (known !== undefined) return known;
    const row = this.#rows.size + 1;
    if (row === OTHER_COUNTRIES_ROW) {
      this.#words[ThreadBooks.COUNTRIES_OVERFLOWED]!++;
      return OTHER_COUNTRIES_ROW;
    }
    this.#rows.set(country, row);
    // Before any slot has the row.
    this.#ints[2 * (this.#base + Settled.COUNTRIES) + row] = country;
    return row;
  }

  /** Counts totals that are in no cells. */
  add(row: number, direction: Direction, totals: Float64Array, at: number): void {
    const counts = TABLE + countsOf(row, direction);
    countTotals(totals, at, direction, this.#words, this.#half(0) + counts);
    // The other half has it too: a move copies only what the move before it changed.
    countTotals(totals, at, direction, this.#words, this.#half(1) + counts);
  }

  /** A media track's cells count no longer; they are to be cleared before `done`. */
  moveTotals(slot: number, row: number, direction: Direction, totals: number): void {
    const counts = this.#begin(row, direction);
    countTotals(this.#words, totals, direction, this.#words, counts);
    this.#commit(slot, 0, 0);
  }

  /** Messages of a data or signalling track are no longer in its cells but for what is left there before `done`. */
  moveMessages(
    slot: number,
    row: number,
    direction: Direction,
    moved: { readonly messages: number; readonly bytes: number },
    left: { readonly messages: number; readonly bytes: number },
  ): void {
    const counts = this.#begin(row, direction);
    this.#words[counts + PacketCounts.PACKETS]! += moved.messages;
    this.#words[counts + PacketCounts.BYTES]! += moved.bytes;
    this.#commit(slot, left.messages, left.bytes);
  }

  /** The moved slot's cells say what they are to say: readers may look at them again. */
  done(): void {
    Atomics.store(this.#ints, 2 * this.#half(0) + Settled.I32_MOVED, 0);
  }

  /** Brings the half that is not valid up to date; returns the word of the counts to change. */
  #begin(row: number, direction: Direction): number {
    const valid = this.#half(0) + TABLE;
    const pending = this.#half(1) + TABLE;
    const stale = this.#stale;
    this.#words.copyWithin(pending + stale, valid + stale, valid + stale + WORDS);
    this.#stale = countsOf(row, direction);
    return pending + this.#stale;
  }

  #commit(slot: number, leftPackets: number, leftBytes: number): void {
    const pending = this.#half(1);
    this.#words[pending + Settled.LEFT_PACKETS] = leftPackets;
    this.#words[pending + Settled.LEFT_BYTES] = leftBytes;
    this.#ints[2 * pending + Settled.I32_MOVED] = slot + 1;
    // The one store that takes the counts out of the cells and into the table.
    const commits = 2 * this.#base + Settled.I32_COMMITS;
    Atomics.store(this.#ints, commits, (this.#ints[commits]! + 1) | 0);
  }

  /** First word of the valid half (0) or of the other one (1). */
  #half(other: 0 | 1): number {
    const commits = this.#ints[2 * this.#base + Settled.I32_COMMITS]!;
    return this.#base + HALVES + ((commits + other) & 1) * HALF_WORDS;
  }
}
