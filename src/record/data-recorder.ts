import { CounterCells } from '../memory/cells.js';
import { Direction } from '../memory/totals.js';
import type { CounterOwner, CounterTable } from './counter-table.js';
import type { RecordingThread } from './recording-thread.js';
import { RecordResult } from './result.js';
import type { SlotTable } from './slot-table.js';

const { BYTES, MESSAGES } = CounterCells;
const { RECORDED } = RecordResult;
/** In place of the first word of a slot's cells. */
const CLOSED = 0;

/** Running totals of a recorder since it was opened, as LiveKit's `GetTrafficTotals`. */
export interface TrafficTotals {
  /** Engine time, milliseconds since the engine started. */
  readonly atMs: number;
  /** Downstream: to the client. */
  readonly sentBytes: number;
  readonly sentMessages: number;
  /** Upstream: from the client. */
  readonly receivedBytes: number;
  readonly receivedMessages: number;
}

/** The two slots, up and down, that data and signalling recorders count in. */
export class MessageCounters implements CounterOwner {
  readonly slots: readonly [upstream: number, downstream: number];
  readonly handles: readonly [upstream: number, downstream: number];
  readonly #thread: RecordingThread;
  readonly #counters: CounterTable;
  #open = true;
  /** Told when they are closed. */
  ended: () => void = () => {};
  /** What was taken out of the cells as unattributed, or stood in them at the close: bytes and messages, up and down. */
  readonly #bytes: [number, number] = [0, 0];
  readonly #messages: [number, number] = [0, 0];

  constructor(thread: RecordingThread, slots: readonly [number, number]) {
    this.#thread = thread;
    this.#counters = thread.counters;
    this.slots = slots;
    this.handles = [thread.slots.handleOf(slots[0]), thread.slots.handleOf(slots[1])];
  }

  get isOpen(): boolean {
    return this.#open;
  }

  excluded(slot: number, messages: number, bytes: number): void {
    const direction = slot === this.slots[Direction.UPSTREAM] ? Direction.UPSTREAM : Direction.DOWNSTREAM;
    this.#messages[direction] += messages;
    this.#bytes[direction] += bytes;
  }

  attribute(known: boolean): void {
    for (const slot of this.slots) this.#counters.attribute(slot, this, known);
  }

  publish(): void {
    if (!this.#open) return;
    for (const slot of this.slots) {
      this.#counters.publishSlot(slot);
      this.#thread.slots.laneOf(slot).publish();
    }
  }

  totals(): TrafficTotals {
    const [receivedBytes, sentBytes] = this.#bytes;
    const [receivedMessages, sentMessages] = this.#messages;
    const [up, down] = this.slots.map((slot) => this.#thread.slots.countersOf(slot)) as [number, number];
    const cell = (at: number, word: number): number => (this.#open ? this.#counters.cells[at + word]! : 0);
    return {
      atMs: this.#thread.now(),
      sentBytes: sentBytes + cell(down, CounterCells.BYTES),
      sentMessages: sentMessages + cell(down, CounterCells.MESSAGES),
      receivedBytes: receivedBytes + cell(up, CounterCells.BYTES),
      receivedMessages: receivedMessages + cell(up, CounterCells.MESSAGES),
    };
  }

  close(): void {
    const settled = this.slots.map((slot) => this.#counters.close(slot));
    const last = this.totals();
    this.#open = false;
    this.#bytes[Direction.UPSTREAM] = last.receivedBytes;
    this.#bytes[Direction.DOWNSTREAM] = last.sentBytes;
    this.#messages[Direction.UPSTREAM] = last.receivedMessages;
    this.#messages[Direction.DOWNSTREAM] = last.sentMessages;
    this.slots.forEach((slot, direction) => {
      if (settled[direction]) this.#counters.forget(slot);
      else this.#thread.retryLater({ retry: () => this.#settle(slot) });
    });
    this.ended();
  }

  #settle(slot: number): boolean {
    if (!this.#counters.publishSlot(slot)) return false;
    this.#counters.forget(slot);
    return true;
  }
}

/**
 * Counts a participant's data messages, both ways. All calls: only on the thread that opened it; none throws,
 * waits or allocates. What is counted reaches the stats workers at the next publish tick.
 */
export class DataRecorder {
  // As few fields as there can be: of many recorders at random, each costs the lines of memory it lies in. Declared,
  // not defined: a field that is undefined first has no type V8 can count on. The first words of the two slots' cells
  // are small integers, which handles in time are not.
  declare private readonly counters: CounterTable;
  declare private upstreamAt: number;
  declare private downstreamAt: number;
  declare protected messages: MessageCounters;

  /** @internal Recorders are opened by an engine or a port. Takes nothing until it is bound. */
  constructor(counters: CounterTable) {
    this.counters = counters;
    this.upstreamAt = CLOSED;
    this.downstreamAt = CLOSED;
    // Until it is bound.
    this.messages = undefined as unknown as MessageCounters;
  }

  /** @internal Opens it. */
  bind(slots: SlotTable, messages: MessageCounters): this {
    this.upstreamAt = slots.countersOf(messages.slots[Direction.UPSTREAM]);
    this.downstreamAt = slots.countersOf(messages.slots[Direction.DOWNSTREAM]);
    this.messages = messages;
    return this;
  }

  /** Counts one sample of `messages` messages that had `bytes` bytes together, both whole numbers. */
  addBytes(direction: Direction, bytes: number, messages = 1): RecordResult {
    const counters = this.counters;
    const at = direction === 0 ? this.upstreamAt : this.downstreamAt;
    // An open recorder's slots are its own: there is no handle to compare.
    const isOpen = at !== CLOSED && !counters.isClosed;
    const isPlain = isOpen && messages === 1 && typeof bytes === 'number' && bytes >>> 0 === bytes;
    if (!isPlain) return counters.addMany(this.handle(direction), bytes, messages);
    const cells = counters.cells;
    cells[at + BYTES]! += bytes;
    cells[at + MESSAGES]! += 1;
    return RECORDED;
  }

  /** The number that `add` takes for a direction. */
  handle(direction: Direction): number {
    return this.messages.handles[direction === 0 ? Direction.UPSTREAM : Direction.DOWNSTREAM];
  }

  /** Puts the totals into the ring now instead of at the next publish tick, with the time of now. */
  publish(): void {
    this.messages.publish();
  }

  getTrafficTotals(): TrafficTotals {
    return this.messages.totals();
  }

  /** Ends the recorder: its last window is in the next snapshot. Closing twice does nothing. */
  close(): void {
    if (!this.messages.isOpen) return;
    this.upstreamAt = CLOSED;
    this.downstreamAt = CLOSED;
    this.messages.close();
  }
}
