import { type CellsMemory, CounterCells, MetaCells, ThreadBooks } from '../memory/cells.js';
import { NO_COUNTRY, OTHER_COUNTRIES } from '../memory/countries.js';
import {
  COUNTRY_ROWS,
  countsOf,
  countTotals,
  NO_COUNTRY_ROW,
  OTHER_COUNTRIES_ROW,
  PacketCounts,
  Settled,
} from '../memory/packet-counts.js';
import { Control, laneWord, type ShardMemory } from '../memory/shard.js';
import { Direction, Totals } from '../memory/totals.js';

/** Times a scrape looks again at a thread that was moving counts meanwhile. */
const TRIES = 4;

/** Two directions of PacketCounts, of one country. */
export type CountryCounts = Float64Array;

/**
 * The packets of one recording thread, dead or alive, as another thread reads them: it waits for nobody. What is
 * shown never falls, never says more than was counted, and is exact when nothing was moved meanwhile.
 */
class ThreadPackets {
  readonly shown: Float64Array;
  readonly #words: Float64Array;
  readonly #ints: Int32Array;
  readonly #layout: CellsMemory['layout'];
  readonly #lane: number;
  readonly #shards: readonly { readonly ints: Int32Array; readonly laneSlots: number }[];
  readonly #sum = new Float64Array(Settled.TABLE_WORDS);
  #moved = 0;
  #leftPackets = 0;
  #leftBytes = 0;

  constructor({ buffer, layout }: CellsMemory, lane: number, shards: readonly ShardMemory[]) {
    this.#words = new Float64Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#layout = layout;
    this.#lane = lane;
    this.#shards = shards.map(({ buffer: shard, layout: { laneSlots } }) => ({
      ints: new Int32Array(shard),
      laneSlots,
    }));
    const at = layout.settled + Settled.SHOWN;
    this.shown = this.#words.subarray(at, at + Settled.TABLE_WORDS);
  }

  get overflowed(): number {
    return this.#words[ThreadBooks.COUNTRIES_OVERFLOWED]!;
  }

  /** The country of a row that is in use; -1 for one that is not. */
  countryOf(row: number): number {
    if (row === NO_COUNTRY_ROW) return NO_COUNTRY;
    if (row === OTHER_COUNTRIES_ROW) return this.overflowed > 0 ? OTHER_COUNTRIES : -1;
    return this.#ints[2 * (this.#layout.settled + Settled.COUNTRIES) + row]! || -1;
  }

  read(): void {
    for (let tries = 0; tries < TRIES; tries++) {
      const commits = this.#readSettled();
      // It moves one count after another: what was shown last stands.
      if (commits === undefined) continue;
      // The table is older than the cells: what is moved in between is in neither, never in both.
      this.#addCells();
      for (let i = 0; i < Settled.TABLE_WORDS; i++) {
        if (this.#sum[i]! > this.shown[i]!) this.shown[i] = this.#sum[i]!;
      }
      if (this.#commits() === commits) return;
    }
  }

  #commits(): number {
    return Atomics.load(this.#ints, 2 * this.#layout.settled + Settled.I32_COMMITS);
  }

  /** Copies the table; returns its commit, or nothing where it was written meanwhile. */
  #readSettled(): number | undefined {
    const commits = this.#commits();
    const half = this.#layout.settled + Settled.HALVES + (commits & 1) * Settled.HALF_WORDS;
    this.#moved = Atomics.load(this.#ints, 2 * half + Settled.I32_MOVED) - 1;
    this.#leftPackets = this.#words[half + Settled.LEFT_PACKETS]!;
    this.#leftBytes = this.#words[half + Settled.LEFT_BYTES]!;
    this.#sum.set(this.#words.subarray(half + Settled.TABLE, half + Settled.TABLE + Settled.TABLE_WORDS));
    return this.#commits() === commits ? commits : undefined;
  }

  #addCells(): void {
    for (const [shard, { ints, laneSlots }] of this.#shards.entries()) {
      const used = Atomics.load(ints, laneWord(this.#lane, Control.LANE_SLOTS_USED));
      const first = shard * laneSlots;
      for (let slot = first; slot < first + used; slot++) this.#addSlot(slot);
    }
  }

  /** What may be the next owner's, of another country, is left out: the flags are read again behind it. */
  #addSlot(slot: number): void {
    const at = 2 * (this.#layout.meta + slot) + MetaCells.I32_FLAGS;
    const flags = Atomics.load(this.#ints, at);
    if ((flags & (MetaCells.IN_USE | MetaCells.HELD)) !== MetaCells.IN_USE) return;
    const direction = (flags & MetaCells.DOWNSTREAM) !== 0 ? Direction.DOWNSTREAM : Direction.UPSTREAM;
    const to = countsOf((flags >>> MetaCells.COUNTRY_SHIFT) & MetaCells.COUNTRY_MASK, direction);
    if ((flags & MetaCells.COUNTER) !== 0) this.#addMessages(slot, to, at, flags);
    else if (slot !== this.#moved) this.#addTotals(slot, to, direction, at, flags);
  }

  #addMessages(slot: number, to: number, flagsAt: number, flags: number): void {
    const at = this.#layout.counters + slot * CounterCells.WORDS;
    const isMoved = slot === this.#moved;
    const packets = isMoved ? this.#leftPackets : this.#words[at + CounterCells.MESSAGES]!;
    const bytes = isMoved ? this.#leftBytes : this.#words[at + CounterCells.BYTES]!;
    if (Atomics.load(this.#ints, flagsAt) !== flags) return;
    this.#sum[to + PacketCounts.PACKETS]! += packets;
    this.#sum[to + PacketCounts.BYTES]! += bytes;
  }

  #addTotals(slot: number, to: number, direction: Direction, flagsAt: number, flags: number): void {
    const at = this.#layout.totals + slot * Totals.MAX_WORDS;
    const copy = SLOT_TOTALS;
    for (let i = 0; i < Totals.COUNT; i++) copy[i] = this.#words[at + i]!;
    if (Atomics.load(this.#ints, flagsAt) !== flags) return;
    countTotals(copy, 0, direction, this.#sum, to);
  }
}

const SLOT_TOTALS = new Float64Array(Totals.COUNT);

/** The packets of all recording threads since the engine started. Timer thread. */
export class PacketCounter {
  readonly #threads: readonly ThreadPackets[];

  constructor(shards: readonly ShardMemory[], threads: readonly { readonly cells: CellsMemory }[]) {
    this.#threads = threads.map(({ cells }, lane) => new ThreadPackets(cells, lane, shards));
  }

  /** Slots opened for a country that had no row left in its thread: they are counted as `OTHER_COUNTRIES`. */
  get overflowed(): number {
    return this.#threads.reduce((sum, { overflowed }) => sum + overflowed, 0);
  }

  /** What was counted by the number of the country (countryCode); a moment's look at every slot in use. */
  read(): Map<number, CountryCounts> {
    const byCountry = new Map<number, CountryCounts>();
    for (const thread of this.#threads) {
      thread.read();
      for (let row = 0; row < COUNTRY_ROWS; row++) {
        const country = thread.countryOf(row);
        if (country < 0) continue;
        let counts = byCountry.get(country);
        if (counts === undefined) {
          counts = new Float64Array(2 * PacketCounts.WORDS);
          byCountry.set(country, counts);
        }
        const at = countsOf(row, Direction.UPSTREAM);
        for (let i = 0; i < counts.length; i++) counts[i]! += thread.shown[at + i]!;
      }
    }
    return byCountry;
  }
}
