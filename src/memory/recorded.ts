import { bookTotals } from './books.js';
import { BookCells, type CellsMemory, CounterCells, MetaCells, ThreadBooks } from './cells.js';
import { Control, laneWord, type ShardMemory } from './shard.js';
import { Direction, Totals } from './totals.js';

/** Words of two directions of books. */
const SECTION = 2 * BookCells.WORDS;

export interface Recorded {
  /** Two directions of BookCells: all that was recorded, what was skipped or belongs to nobody included. */
  readonly totals: Float64Array;
  /** Slots that are open, or wait for the window that reports them. */
  readonly slotsInUse: number;
  readonly slots: number;
}

/**
 * Copies what a slot counts as the totals of a track, whichever kind it is.
 * @param into Totals.MAX_WORDS
 */
export function copySlotTotals(
  cells: Float64Array,
  layout: CellsMemory['layout'],
  slot: number,
  counter: boolean,
  into: Float64Array,
): void {
  if (!counter) {
    const totals = layout.totals + slot * Totals.MAX_WORDS;
    for (let i = 0; i < Totals.MAX_WORDS; i++) into[i] = cells[totals + i]!;
    return;
  }
  const counters = layout.counters + slot * CounterCells.WORDS;
  const messages = cells[counters + CounterCells.MESSAGES]!;
  into.fill(0);
  into[Totals.SAMPLES] = messages + cells[layout.samplesLessMessages + slot]!;
  into[Totals.PRIMARY_PACKETS] = messages;
  into[Totals.PRIMARY_BYTES] = cells[counters + CounterCells.BYTES]!;
}

/** Reads what all recording threads have recorded, while they go on. Any thread. */
export class RecordedTotals {
  readonly #shards: readonly Int32Array[];
  readonly #laneSlots: number;
  readonly #threads: readonly {
    readonly cells: Float64Array;
    readonly ints: Int32Array;
    readonly layout: CellsMemory['layout'];
  }[];
  readonly #highest = new Float64Array(SECTION);
  readonly #scratch = new Float64Array(Totals.MAX_WORDS);

  constructor(shards: readonly ShardMemory[], threads: readonly { readonly cells: CellsMemory }[]) {
    this.#shards = shards.map(({ buffer }) => new Int32Array(buffer));
    this.#laneSlots = shards[0]!.layout.laneSlots;
    this.#threads = threads.map(({ cells: { buffer, layout } }) => ({
      cells: new Float64Array(buffer),
      ints: new Int32Array(buffer),
      layout,
    }));
  }

  /** As it was a moment ago: totals never fall from one call to the next. */
  read(): Recorded {
    const totals = new Float64Array(SECTION);
    let slotsInUse = 0;
    this.#threads.forEach(({ cells, ints, layout }, lane) => {
      // What is given back meanwhile is then missing, until the next time, and not there twice.
      for (const section of [ThreadBooks.GIVEN_BACK, ThreadBooks.INVALID, ThreadBooks.UNATTRIBUTED]) {
        for (let i = 0; i < SECTION; i++) totals[i]! += cells[section + i]!;
      }
      this.#shards.forEach((shard, index) => {
        const first = index * this.#laneSlots;
        const used = Atomics.load(shard, laneWord(lane, Control.LANE_SLOTS_USED));
        for (let slot = first; slot < first + used; slot++) {
          const flags = ints[2 * (layout.meta + slot) + MetaCells.I32_FLAGS]!;
          if ((flags & MetaCells.IN_USE) === 0) continue;
          slotsInUse++;
          const counter = (flags & MetaCells.COUNTER) !== 0;
          const direction = (flags & MetaCells.DOWNSTREAM) !== 0 ? Direction.DOWNSTREAM : Direction.UPSTREAM;
          const book = direction * BookCells.WORDS;
          if (counter) {
            copySlotTotals(cells, layout, slot, true, this.#scratch);
            bookTotals(this.#scratch, 0, true, totals, book);
          } else {
            bookTotals(cells, layout.totals + slot * Totals.MAX_WORDS, false, totals, book);
          }
        }
      });
    });
    for (let i = 0; i < SECTION; i++) totals[i] = this.#highest[i] = Math.max(this.#highest[i]!, totals[i]!);
    const slots = this.#threads.reduce((sum, { layout }) => sum + layout.slots, 0);
    return { totals, slotsInUse, slots };
  }
}
