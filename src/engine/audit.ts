import { bookTotals } from '../memory/books.js';
import { BookCells, MetaCells, ThreadBooks } from '../memory/cells.js';
import { Ledger, LedgerWords } from '../memory/ledger.js';
import { copySlotTotals } from '../memory/recorded.js';
import { Row } from '../memory/row.js';
import { Control, Slot } from '../memory/shard.js';
import { Direction, Totals } from '../memory/totals.js';
import { ShardReader } from '../snapshot/windows.js';
import type { EngineMemory } from './memory-plan.js';

/** What the books count, of one direction. A sample is one call of a recorder. */
export interface BookTotals {
  readonly samples: number;
  /** Of data and signalling. */
  readonly messages: number;
  /** Of media: primary, retransmitted and padding. */
  readonly packets: number;
  readonly bytes: number;
}

export interface DirectionTotals {
  readonly UPSTREAM: BookTotals;
  readonly DOWNSTREAM: BookTotals;
}

/**
 * The engine's books at one moment: recorded = reported + dropped + inside, for each number. Exact while a sum stays
 * below 2^53: of bytes, 9 PB.
 */
export interface Audit {
  readonly recorded: DirectionTotals;
  /** Handed on in snapshots. */
  readonly reported: DirectionTotals;
  readonly dropped: {
    /** Samples skipped whole. */
    readonly invalid: DirectionTotals;
    /** Samples of a participant nobody knows. */
    readonly unattributed: DirectionTotals;
  };
  readonly inside: {
    /** In cells and rings, not yet seen by a stats worker. */
    readonly rings: DirectionTotals;
    /** In windows that are open. */
    readonly windows: DirectionTotals;
    /** In rows that were not taken yet. */
    readonly rows: DirectionTotals;
  };
  readonly balanced: boolean;
}

const { WORDS } = BookCells;
/** Two directions of books. */
const SECTION = 2 * WORDS;

function totalsAt(books: Float64Array, at: number): BookTotals {
  return {
    samples: books[at + BookCells.SAMPLES]!,
    messages: books[at + BookCells.MESSAGES]!,
    packets: books[at + BookCells.PACKETS]!,
    bytes: books[at + BookCells.BYTES]!,
  };
}

function directions(books: Float64Array): DirectionTotals {
  return { UPSTREAM: totalsAt(books, 0), DOWNSTREAM: totalsAt(books, WORDS) };
}

function add(into: Float64Array, from: Float64Array, at: number): void {
  for (let i = 0; i < SECTION; i++) into[i]! += from[at + i]!;
}

/**
 * Sums the books from where things are: cells, slots, rows and the ledger. At a barrier (everything published is
 * applied, the timer thread keeps still, this thread is here) the sums are exact. Host thread.
 */
export function audit(memory: EngineMemory): Audit {
  const section = (): Float64Array => new Float64Array(SECTION);
  const counted = section();
  const invalid = section();
  const unattributedAtDoor = section();
  const rings = section();
  const windows = section();
  const rows = section();
  const reported = section();
  const unattributedRows = section();
  const readers = memory.shards.map((shard) => new ShardReader(shard));
  const scratch = new Float64Array(Totals.MAX_WORDS);

  memory.threads.forEach(({ cells: { buffer, layout } }, lane) => {
    const cells = new Float64Array(buffer);
    const ints = new Int32Array(buffer);
    add(counted, cells, ThreadBooks.GIVEN_BACK);
    add(invalid, cells, ThreadBooks.INVALID);
    add(unattributedAtDoor, cells, ThreadBooks.UNATTRIBUTED);
    for (let slot = 0; slot < layout.slots; slot++) {
      const flags = ints[2 * (layout.meta + slot) + MetaCells.I32_FLAGS]!;
      if ((flags & MetaCells.IN_USE) === 0) continue;
      const counter = (flags & MetaCells.COUNTER) !== 0;
      const book = ((flags & MetaCells.DOWNSTREAM) !== 0 ? Direction.DOWNSTREAM : Direction.UPSTREAM) * WORDS;
      copySlotTotals(cells, layout, slot, counter, scratch);
      bookTotals(scratch, 0, counter, counted, book);

      const { laneSlots, slotBase } = memory.shards[0]!.layout;
      const reader = readers[(slot / laneSlots) | 0]!;
      const at = slotBase + (lane * laneSlots + (slot % laneSlots)) * Slot.WORDS;
      const generation = Math.floor(Math.abs(cells[layout.handles + slot]!) / 2 ** 24);
      const known = reader.ints[2 * at + Slot.I32_GENERATION] === generation;
      const stamped = reader.ints[2 * at + Slot.I32_STAMP] === reader.ints[Control.I32_WINDOW];
      const open = new Float64Array(Totals.MAX_WORDS);
      for (let i = 0; i < Totals.COUNT; i++) {
        const last = known ? reader.words[at + Slot.LAST + i]! : 0;
        scratch[i]! -= last; // B2
        open[i] = known && stamped ? last - reader.words[at + Slot.BASE + i]! : 0;
      }
      bookTotals(scratch, 0, counter, rings, book);
      bookTotals(open, 0, counter, windows, book);
    }
  });

  const ledger = new Ledger(memory.ledger);
  const { valid } = ledger;
  add(reported, ledger.words, valid + LedgerWords.REPORTED);
  add(unattributedRows, ledger.words, valid + LedgerWords.UNATTRIBUTED);
  for (const [shard, reader] of readers.entries()) {
    const { laneSlots } = reader.layout;
    // B3: not from RELEASED: a timer thread may have died between the commit and that.
    for (const window of reader.closed(ledger.words[ledger.shardOf(valid, shard)])) {
      for (const row of reader.rowsOf(window)) {
        const slot = reader.ints[2 * row + Row.I32_SLOT]!;
        const lane = (slot / laneSlots) | 0;
        const { buffer, layout } = memory.threads[lane]!.cells;
        const threadSlot = shard * laneSlots + (slot % laneSlots);
        const flags = new Int32Array(buffer)[2 * (layout.meta + threadSlot) + MetaCells.I32_FLAGS]!;
        const book = ((flags & MetaCells.DOWNSTREAM) !== 0 ? 1 : 0) * WORDS;
        bookTotals(reader.words, row + Row.DELTAS, (flags & MetaCells.COUNTER) !== 0, rows, book);
      }
    }
  }

  // What was booked at the door is on both sides alike: only the rest has to come out even.
  const balanced = counted.every(
    (value, i) => value === reported[i]! + unattributedRows[i]! + rings[i]! + windows[i]! + rows[i]!,
  );
  const recorded = counted.map((value, i) => value + invalid[i]! + unattributedAtDoor[i]!);
  const unattributed = unattributedRows.map((value, i) => value + unattributedAtDoor[i]!);
  return {
    recorded: directions(recorded),
    reported: directions(reported),
    dropped: { invalid: directions(invalid), unattributed: directions(unattributed) },
    inside: { rings: directions(rings), windows: directions(windows), rows: directions(rows) },
    balanced,
  };
}
