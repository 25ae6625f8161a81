import type { Ledger } from '../memory/ledger.js';
import { Row } from '../memory/row.js';
import { Control, Entry, entryOf, laneWord, type ShardMemory } from '../memory/shard.js';

/** A closed window of one shard that was not yet taken. */
export interface ClosedWindow {
  readonly window: number;
  readonly flush: number;
  /** Engine time of the flush, ms. */
  readonly time: number;
  readonly rows: number;
  readonly firstRow: number;
}

/** The timer thread's view of one shard: its closed windows, their rows, and what became of them. */
export class ShardReader {
  readonly ints: Int32Array;
  readonly words: Float64Array;
  readonly floats: Float32Array;
  readonly layout: ShardMemory['layout'];

  constructor(memory: ShardMemory) {
    this.layout = memory.layout;
    this.ints = new Int32Array(memory.buffer);
    this.words = new Float64Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
  }

  /**
   * Closed windows, oldest first.
   * @param from the first that was not taken
   */
  closed(from = this.ints[Control.I32_RELEASED]!): ClosedWindow[] {
    const windows: ClosedWindow[] = [];
    const open = Atomics.load(this.ints, Control.I32_WINDOW);
    for (let window = from; window !== open; window = (window + 1) | 0) {
      const entry = entryOf(this.layout, window);
      windows.push({
        window,
        flush: this.words[entry + Entry.FLUSH]!,
        time: this.words[entry + Entry.TIME]!,
        rows: this.words[entry + Entry.ROWS]!,
        firstRow: this.words[entry + Entry.FIRST_ROW]!,
      });
    }
    return windows;
  }

  /**
   * Whether a window of a flush was taken before, as far back as the directory goes.
   * @param taken the first window that was not taken
   */
  hasTaken(flush: number, taken: number): boolean {
    for (let window = taken - 1; window > 0 && window >= taken - Entry.COUNT; window--) {
      if (this.words[entryOf(this.layout, window) + Entry.FLUSH] !== flush) continue;
      // Read behind the entry: that of a window so far back may be a later one's by now, or half written.
      if (window > Atomics.load(this.ints, Control.I32_WINDOW) - Entry.COUNT) return true;
    }
    return false;
  }

  /** First word of each row of a window. */
  *rowsOf({ rows, firstRow }: ClosedWindow): Generator<number> {
    const { slots, rowBase } = this.layout;
    for (let n = 0; n < rows; n++) yield rowBase + ((firstRow + n) % slots) * Row.WORDS;
  }

  /** Notes in a half of the ledger that a window is taken, and what it covers of each lane. */
  noteTaken(window: ClosedWindow, ledger: Ledger, half: number, shard: number): void {
    const at = ledger.shardOf(half, shard);
    const applied = entryOf(this.layout, window.window) + Entry.APPLIED;
    ledger.words[at] = (window.window + 1) | 0;
    for (let lane = 0; lane < this.layout.lanes; lane++) {
      ledger.words[at + 1 + lane] = this.words[applied + lane]!; // C5
    }
  }

  /**
   * Gives back what the ledger says is taken: rows and entries may be written again, then slots closed before are free,
   * when nobody needs their identity any more. Done again it changes nothing.
   */
  release(ledger: Ledger, shard: number): void {
    const at = ledger.shardOf(ledger.valid, shard);
    Atomics.store(this.ints, Control.I32_RELEASED, ledger.words[at]!); // C8
    for (let lane = 0; lane < this.layout.lanes; lane++) {
      Atomics.store(this.ints, laneWord(lane, Control.LANE_COVERED), ledger.words[at + 1 + lane]!); // C9
    }
  }

  /** Whether everything published has been applied and every flush answered: no window is closed behind one's back. */
  isDrained(): boolean {
    const { I32_ANSWERED, I32_REQUEST } = Control;
    if (Atomics.load(this.ints, I32_ANSWERED) !== Atomics.load(this.ints, I32_REQUEST)) return false;
    for (let lane = 0; lane < this.layout.lanes; lane++) {
      const published = Atomics.load(this.ints, laneWord(lane, Control.LANE_PUBLISHED));
      if (Atomics.load(this.ints, laneWord(lane, Control.LANE_APPLIED)) !== published) return false;
    }
    return true;
  }
}
