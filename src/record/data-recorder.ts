import { CounterCells } from '../memory/cells.js';
import { Direction } from '../memory/totals.js';
import type { CounterOwner, CounterTable } from './counter-table.js';
import type { RecordingThread } from './recording-thread.js';
import type { RecordResult } from './result.js';

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
  readonly #counters: CounterTable;
  readonly #messages: MessageCounters;
  readonly #end: () => void;
  /** Kept beside the pair: an array access less for every message. */
  readonly #upstream: number;
  readonly #downstream: number;

  /** @internal Recorders are opened by an engine or a port. */
  constructor(thread: RecordingThread, messages: MessageCounters, end: () => void) {
    this.#counters = thread.counters;
    this.#messages = messages;
    this.#end = end;
    this.#upstream = messages.handles[Direction.UPSTREAM];
    this.#downstream = messages.handles[Direction.DOWNSTREAM];
  }

  /** Counts one sample of `messages` messages that had `bytes` bytes together, both whole numbers. */
  addBytes(direction: Direction, bytes: number, messages = 1): RecordResult {
    const handle = direction === 0 ? this.#upstream : this.#downstream;
    return messages === 1
      ? this.#counters.add(handle, bytes)
      : this.#counters.addMany(handle, bytes, messages);
  }

  /** The number that `add` takes for a direction. */
  handle(direction: Direction): number {
    return direction === 0 ? this.#upstream : this.#downstream;
  }

  /** Puts the totals into the ring now instead of at the next publish tick, with the time of now. */
  publish(): void {
    this.#messages.publish();
  }

  getTrafficTotals(): TrafficTotals {
    return this.#messages.totals();
  }

  /** Ends the recorder: its last window is in the next snapshot. Closing twice does nothing. */
  close(): void {
    if (!this.#messages.isOpen) return;
    this.#messages.close();
    this.#end();
  }
}
