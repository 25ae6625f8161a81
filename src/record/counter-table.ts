import { BookCells, type CellsMemory, CounterCells, ThreadBooks } from '../memory/cells.js';
import { Direction } from '../memory/totals.js';
import type { Lane } from './lane.js';
import { InvalidReason, RecordResult } from './result.js';
import { INVALID_BYTES_CHANGE, INVALID_CHANGE } from './running-totals.js';
import { HANDLE_SLOT_MASK, type SlotTable } from './slot-table.js';

const { BYTES, MESSAGES, WORDS } = CounterCells;
const { RECORDED } = RecordResult;
const SLOT_MASK = HANDLE_SLOT_MASK;
const MAX_U64 = 2 ** 64;

/** What the publish tick does with a slot that changed. */
const State = {
  /** Not a data or signalling slot, or closed. */
  NONE: 0,
  /** Puts its totals into the ring. */
  ATTRIBUTED: 1,
  /** Takes what was added out again and books it as unattributed. */
  UNATTRIBUTED: 2,
  /** Nothing yet: its identity has not reached the timer thread. */
  HELD: 3,
} as const;

/** Told what a table took out of a slot's cells, so that running totals can still be given. */
export interface CounterOwner {
  excluded(slot: number, messages: number, bytes: number): void;
}

/**
 * The data and signalling counters of one recording thread: dense cells, so that adding to one of many
 * touches one cache line. Recording thread only.
 */
export class CounterTable {
  // Declared, not defined: a field that is undefined first has no type V8 can count on, which costs 1 ns a message.
  declare readonly cells: Float64Array;
  /** No message is taken any more. */
  declare isClosed: boolean;
  declare private readonly first: number;
  declare private readonly handles: number;
  declare private readonly lessMessages: number;
  readonly #slots: SlotTable;
  readonly #now: () => number;
  readonly #state: Uint8Array;
  readonly #owners: (CounterOwner | undefined)[] = [];
  // Where a slot's records go, worked out once: two divisions a record otherwise.
  readonly #lanes: Lane[] = [];
  readonly #shardSlots: Int32Array;
  readonly #generations: Int32Array;
  /** What the worker was last told, or what was taken out since. */
  readonly #samples: Float64Array;
  readonly #messages: Float64Array;
  readonly #bytes: Float64Array;
  /** Slots up to here have ever been counters: the tick looks no further. */
  #highest = 0;

  constructor(memory: CellsMemory, slots: SlotTable, now: () => number) {
    this.cells = new Float64Array(memory.buffer);
    this.isClosed = false;
    this.first = memory.layout.counters;
    this.handles = memory.layout.handles;
    this.lessMessages = memory.layout.samplesLessMessages;
    this.#slots = slots;
    this.#now = now;
    const count = memory.layout.slots;
    this.#state = new Uint8Array(count);
    this.#shardSlots = new Int32Array(count);
    this.#generations = new Int32Array(count);
    this.#samples = new Float64Array(count);
    this.#messages = new Float64Array(count);
    this.#bytes = new Float64Array(count);
  }

  get highest(): number {
    return this.#highest;
  }

  open(slot: number, owner: CounterOwner): void {
    this.#state[slot] = State.HELD;
    this.#owners[slot] = owner;
    this.#lanes[slot] = this.#slots.laneOf(slot);
    this.#shardSlots[slot] = this.#slots.shardSlotOf(slot);
    this.#generations[slot] = this.#slots.generationOf(slot);
    this.#samples[slot] = 0;
    this.#messages[slot] = 0;
    this.#bytes[slot] = 0;
    if (slot >= this.#highest) this.#highest = slot + 1;
  }

  /** Whose the slot is whose cells begin at a word. */
  ownerAt(at: number): CounterOwner | undefined {
    return this.#owners[(at - this.first) / WORDS];
  }

  /**
   * Adds one message. The handle names slot and owner: one compare tells that both are still the same.
   * A size that is not a u32 is looked at again, and refused if it is not a whole number.
   */
  add(handle: number, bytes: number): RecordResult {
    // Arithmetic on a bigint or a symbol throws.
    if (typeof handle !== 'number') return this.#stale();
    const cells = this.cells;
    const slot = handle & SLOT_MASK;
    if (cells[this.handles + slot] !== handle || handle <= 0) return this.#stale();
    const at = this.first + slot * WORDS;
    if (typeof bytes !== 'number' || bytes >>> 0 !== bytes) return this.addMany(handle, bytes, 1);
    cells[at + BYTES]! += bytes;
    cells[at + MESSAGES]! += 1;
    return RECORDED;
  }

  /** Adds a sample of any number of messages, none among them. */
  addMany(handle: number, bytes: number, messages: number): RecordResult {
    const cells = this.cells;
    const slot = handle & SLOT_MASK;
    if (cells[this.handles + slot] !== handle || handle <= 0) return this.#stale();
    const reason = reasonToRefuse(bytes, messages);
    if (reason !== InvalidReason.NONE) return this.#refuse(slot, bytes, messages, reason);
    const at = this.first + slot * WORDS;
    cells[at + BYTES]! += bytes;
    cells[at + MESSAGES]! += messages;
    cells[this.lessMessages + slot]! += 1 - messages;
    return RecordResult.RECORDED;
  }

  #refuse(slot: number, bytes: number, messages: number, reason: InvalidReason): RecordResult {
    const direction = this.#slots.isDownstream(slot) ? Direction.DOWNSTREAM : Direction.UPSTREAM;
    const book = ThreadBooks.INVALID + direction * BookCells.WORDS;
    this.cells[book + BookCells.SAMPLES]!++;
    if (reason === InvalidReason.TOO_LARGE) {
      // What the books say of it stays finite.
      this.cells[book + BookCells.MESSAGES]! += Math.min(messages, MAX_U64);
      this.cells[book + BookCells.BYTES]! += Math.min(bytes, MAX_U64);
    }
    this.cells[ThreadBooks.INVALID_REASONS + reason]!++;
    return RecordResult.INVALID;
  }

  #stale(): RecordResult {
    this.cells[ThreadBooks.STALE]!++;
    return RecordResult.CLOSED;
  }

  /**
   * Whether the slot's participant is known from now on; what came before is settled first. What an owner says
   * of a slot that is no longer his is not heard.
   */
  attribute(slot: number, owner: CounterOwner, known: boolean): void {
    if (this.#owners[slot] !== owner) return;
    if (this.#state[slot] !== State.HELD) this.publishSlot(slot);
    this.#state[slot] = known ? State.ATTRIBUTED : State.UNATTRIBUTED;
  }

  /** Tells the worker what changed; false while the ring is full or the slot is held. */
  publishSlot(slot: number): boolean {
    const cells = this.cells;
    const at = this.first + slot * WORDS;
    const samples = cells[at + MESSAGES]! + cells[this.lessMessages + slot]!;
    if (samples === this.#samples[slot]) return true;
    const state = this.#state[slot];
    // The cells of a slot that was given back say nothing: it may be a track's by now.
    if (state === State.NONE) return true;
    if (state === State.HELD) return false;
    if (state === State.UNATTRIBUTED) {
      this.#takeOut(slot, at);
      return true;
    }
    const [shardSlot, generation] = [this.#shardSlots[slot]!, this.#generations[slot]!];
    const put = this.#lanes[slot]!.putCounter(shardSlot, generation, this.#now(), samples, at);
    if (!put) {
      cells[ThreadBooks.FOLDED]!++;
      return false;
    }
    this.#samples[slot] = samples;
    this.#messages[slot] = cells[at + MESSAGES]!;
    this.#bytes[slot] = cells[at + BYTES]!;
    return true;
  }

  /** Publishes what changed among slots from `from`, until `maxPuts` were put; returns where it stopped. */
  publishFrom(from: number, maxSlots: number, maxPuts: number): number {
    const cells = this.cells;
    const published = this.#samples;
    const end = Math.min(this.#highest, from + maxSlots);
    let puts = 0;
    const lessMessages = this.lessMessages;
    let at = this.first + from * WORDS + MESSAGES;
    for (let slot = from; slot < end; slot++, at += WORDS) {
      if (cells[at]! + cells[lessMessages + slot]! === published[slot]) continue;
      if (this.#state[slot] === State.NONE) continue;
      this.publishSlot(slot);
      if (++puts === maxPuts) return slot + 1;
    }
    return end;
  }

  /**
   * The slot takes no more. @returns whether all it held was settled; else the caller tries `publishSlot`
   * again before it releases the slot.
   */
  close(slot: number): boolean {
    this.#slots.retire(slot);
    return this.publishSlot(slot);
  }

  /** After the last publish of a closed slot. */
  forget(slot: number): void {
    this.#state[slot] = State.NONE;
    this.#owners[slot] = undefined;
    this.#slots.release(slot);
  }

  #takeOut(slot: number, at: number): void {
    const cells = this.cells;
    const messages = cells[at + MESSAGES]! - this.#messages[slot]!;
    const bytes = cells[at + BYTES]! - this.#bytes[slot]!;
    const samples = cells[at + MESSAGES]! + cells[this.lessMessages + slot]! - this.#samples[slot]!;
    const slots = this.#slots;
    const direction = slots.isDownstream(slot) ? Direction.DOWNSTREAM : Direction.UPSTREAM;
    const left = { messages: this.#messages[slot]!, bytes: this.#bytes[slot]! };
    slots.settled.moveMessages(slot, slots.countryRowOf(slot), direction, { messages, bytes }, left);
    cells[at + MESSAGES] = left.messages;
    cells[at + BYTES] = left.bytes;
    cells[this.lessMessages + slot]! -= samples - messages;
    slots.settled.done();
    const book = ThreadBooks.UNATTRIBUTED + direction * BookCells.WORDS;
    cells[book + BookCells.SAMPLES]! += samples;
    cells[book + BookCells.MESSAGES]! += messages;
    cells[book + BookCells.BYTES]! += bytes;
    this.#owners[slot]?.excluded(slot, messages, bytes);
  }
}

function reasonToRefuse(bytes: number, messages: number): InvalidReason {
  if (typeof bytes !== 'number' || typeof messages !== 'number') return InvalidReason.NOT_WHOLE;
  if (bytes < 0 || messages < 0) return InvalidReason.NEGATIVE;
  if (!Number.isInteger(bytes) || !Number.isInteger(messages)) return InvalidReason.NOT_WHOLE;
  const isTooLarge = bytes >= INVALID_BYTES_CHANGE || messages >= INVALID_CHANGE;
  return isTooLarge ? InvalidReason.TOO_LARGE : InvalidReason.NONE;
}
