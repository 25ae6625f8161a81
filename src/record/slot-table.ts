import { bookTotals } from '../memory/books.js';
import { BookCells, type CellsMemory, CounterCells, MetaCells, ThreadBooks } from '../memory/cells.js';
import { NO_COUNTRY } from '../memory/countries.js';
import type { SlotIdentity } from '../memory/frames.js';
import { Direction, Totals } from '../memory/totals.js';
import type { Lane } from './lane.js';
import { SettledCounts } from './settled-counts.js';
import type { StreamPool } from './stream-pool.js';

/** A handle is generation * 2^24 + slot: one number that names a slot and who it belongs to. */
export const HANDLE_SLOTS = 2 ** 24;
export const HANDLE_SLOT_MASK = HANDLE_SLOTS - 1;

const rowIn = (flags: number): number => (flags >>> MetaCells.COUNTRY_SHIFT) & MetaCells.COUNTRY_MASK;
const NOTHING = { messages: 0, bytes: 0 };

interface Closed {
  readonly slot: number;
  /** Words of the lane, counted since the start, that a taken window must cover. */
  readonly until: number;
}

/** One lane's slots: those that were never used, those that are free again, those that wait. */
class LaneSlots {
  readonly lane: Lane;
  readonly #first: number;
  readonly #count: number;
  #used = 0;
  readonly #free: number[] = [];
  readonly #closed: Closed[] = [];
  #coveredTotal = 0;
  #covered: number;

  constructor(lane: Lane, first: number, count: number) {
    this.lane = lane;
    this.#first = first;
    this.#count = count;
    this.#covered = lane.covered;
  }

  take(): number {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#used === this.#count) return -1;
    this.lane.slotsUsed = ++this.#used;
    return this.#first + this.#used - 1;
  }

  close(slot: number): void {
    this.#advance();
    this.#closed.push({ slot, until: this.#coveredTotal + ((this.lane.position - this.#covered) | 0) }); // S2
  }

  /** Positions wrap at 2^32 words; the sum of their steps does not. */
  #advance(): void {
    const covered = this.lane.covered;
    this.#coveredTotal += (covered - this.#covered) | 0;
    this.#covered = covered;
  }

  /** Gives back what a taken window covers. */
  reclaim(giveBack: (slot: number) => void): void {
    this.#advance();
    let count = 0;
    for (const { slot, until } of this.#closed) {
      if (until > this.#coveredTotal) break; // S3
      giveBack(slot);
      this.#free.push(slot);
      count++;
    }
    if (count > 0) this.#closed.splice(0, count);
  }
}

/** Who a slot belongs to, so that a new timer thread can be told. */
export interface SlotOwner {
  readonly identity: SlotIdentity | undefined;
}

/**
 * The slots of one recording thread, over all shards. A closed slot is used again only when the timer thread
 * has taken the window that holds its last record. Recording thread only.
 */
export class SlotTable {
  readonly owners: (SlotOwner | undefined)[] = [];
  readonly settled: SettledCounts;
  readonly #shards: LaneSlots[];
  readonly #laneSlots: number;
  readonly #cells: Float64Array;
  readonly #ints: Int32Array;
  readonly #layout: CellsMemory['layout'];
  readonly #streams: StreamPool;
  #next = 0;
  #open = 0;

  constructor(memory: CellsMemory, lanes: readonly Lane[], laneSlots: number, streams: StreamPool) {
    this.settled = new SettledCounts(memory);
    this.#layout = memory.layout;
    this.#cells = new Float64Array(memory.buffer);
    this.#ints = new Int32Array(memory.buffer);
    this.#laneSlots = laneSlots;
    this.#streams = streams;
    this.#shards = lanes.map((lane, shard) => new LaneSlots(lane, shard * laneSlots, laneSlots));
  }

  /** Slots in use, those that wait for their last window among them. */
  get inUse(): number {
    return this.#open;
  }

  shardOf(slot: number): number {
    return (slot / this.#laneSlots) | 0;
  }

  /** The slot's number in its shard. */
  shardSlotOf(slot: number): number {
    return this.#shards[this.shardOf(slot)]!.lane.firstSlot + (slot % this.#laneSlots);
  }

  laneOf(slot: number): Lane {
    return this.#shards[this.shardOf(slot)]!.lane;
  }

  /** First word of the slot's counter cells. */
  countersOf(slot: number): number {
    return this.#layout.counters + slot * CounterCells.WORDS;
  }

  /** First word of the slot's totals. */
  totalsOf(slot: number): number {
    return this.#layout.totals + slot * Totals.MAX_WORDS;
  }

  /** The handle of a slot's present or last owner, 0 for a slot never used. */
  handleOf(slot: number): number {
    return Math.abs(this.#cells[this.#layout.handles + slot]!);
  }

  generationOf(slot: number): number {
    return Math.floor(this.handleOf(slot) / HANDLE_SLOTS);
  }

  isDownstream(slot: number): boolean {
    return (this.#ints[this.#metaOf(slot) + MetaCells.I32_FLAGS]! & MetaCells.DOWNSTREAM) !== 0;
  }

  /** The slot's country, as its row in the thread's packet counts. */
  countryRowOf(slot: number): number {
    return rowIn(this.#ints[this.#metaOf(slot) + MetaCells.I32_FLAGS]!);
  }

  /**
   * Opens a slot, taking shards in turn; -1 when none has room.
   * @param flags COUNTER, HELD
   * @param country its number (countryCode)
   */
  open(owner: SlotOwner, direction: Direction, flags = 0, country = NO_COUNTRY): number {
    for (let tries = 0; tries < this.#shards.length; tries++) {
      const shard = this.#next;
      this.#next = (this.#next + 1) % this.#shards.length;
      const slot = this.#shards[shard]!.take();
      if (slot < 0) continue;
      this.#open++;
      this.owners[slot] = owner;
      const handle = (this.generationOf(slot) + 1) * HANDLE_SLOTS + slot; // S1
      this.#cells[this.#layout.handles + slot] = (flags & MetaCells.COUNTER) !== 0 ? handle : -handle;
      // A scrape may read it at any time: its cells are clear by then.
      Atomics.store(
        this.#ints,
        this.#metaOf(slot) + MetaCells.I32_FLAGS,
        MetaCells.IN_USE |
          flags |
          (direction === Direction.DOWNSTREAM ? MetaCells.DOWNSTREAM : 0) |
          (this.settled.rowOf(country) << MetaCells.COUNTRY_SHIFT) |
          (this.generationOf(slot) << MetaCells.GENERATION_SHIFT),
      );
      return slot;
    }
    return -1;
  }

  /** It is known whose a held slot is: metrics count it from now on, all it holds among it. */
  identify(slot: number, country: number): void {
    const flags = this.#metaOf(slot) + MetaCells.I32_FLAGS;
    const row = this.settled.rowOf(country) << MetaCells.COUNTRY_SHIFT;
    Atomics.store(this.#ints, flags, (this.#ints[flags]! & ~MetaCells.HELD) | row);
  }

  /** The slot takes no more messages. What it holds stays until a taken window covers the lane up to here. */
  retire(slot: number): void {
    this.#cells[this.#layout.handles + slot] = -this.handleOf(slot);
  }

  /** No slot takes any more messages. */
  retireAll(): void {
    for (const slot of this.owners.keys()) this.retire(slot);
  }

  /** Everything of the slot has been put: it waits for the window that reports it. */
  release(slot: number): void {
    this.#shards[this.shardOf(slot)]!.close(slot);
  }

  /** Takes back the slots whose last window was taken. */
  reclaim(): void {
    for (const shard of this.#shards) shard.reclaim((slot) => this.#giveBack(slot));
  }

  /** 32-bit word of the slot's first stream + 1. */
  firstStreamWord(slot: number): number {
    return this.#metaOf(slot) + MetaCells.I32_FIRST_STREAM;
  }

  #metaOf(slot: number): number {
    return 2 * (this.#layout.meta + slot);
  }

  #giveBack(slot: number): void {
    const cells = this.#cells;
    const counters = this.countersOf(slot);
    const totals = this.totalsOf(slot);
    const meta = this.#metaOf(slot);
    const flags = this.#ints[meta + MetaCells.I32_FLAGS]!;
    const direction = (flags & MetaCells.DOWNSTREAM) !== 0 ? Direction.DOWNSTREAM : Direction.UPSTREAM;
    const row = rowIn(flags);
    const book = ThreadBooks.GIVEN_BACK + direction * BookCells.WORDS; // S4
    if ((flags & MetaCells.COUNTER) !== 0) {
      const messages = cells[counters + CounterCells.MESSAGES]!;
      const bytes = cells[counters + CounterCells.BYTES]!;
      cells[book + BookCells.SAMPLES]! += messages + cells[this.#layout.samplesLessMessages + slot]!;
      cells[book + BookCells.MESSAGES]! += messages;
      cells[book + BookCells.BYTES]! += bytes;
      this.settled.moveMessages(slot, row, direction, { messages, bytes }, NOTHING);
      cells.fill(0, counters, counters + CounterCells.WORDS);
      cells[this.#layout.samplesLessMessages + slot] = 0;
    } else {
      bookTotals(cells, totals, false, cells, book);
      this.settled.moveTotals(slot, row, direction, totals);
      cells.fill(0, totals, totals + Totals.MAX_WORDS);
    }
    this.#streams.giveBack(this.#ints[meta + MetaCells.I32_FIRST_STREAM]!);
    this.#ints[meta + MetaCells.I32_FIRST_STREAM] = 0;
    Atomics.store(this.#ints, meta + MetaCells.I32_FLAGS, 0);
    this.settled.done();
    this.owners[slot] = undefined;
    this.#open--;
  }
}
