import { Row } from '../memory/row.js';
import { Control, Entry, entryOf, Ledger, laneWord, type ShardMemory } from '../memory/shard.js';

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

  /** Closed windows, oldest first. */
  closed(): ClosedWindow[] {
    const windows: ClosedWindow[] = [];
    const open = Atomics.load(this.ints, Control.I32_WINDOW);
    for (let window = this.ints[Control.I32_RELEASED]!; window !== open; window = (window + 1) | 0) {
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

  /** First word of each row of a window. */
  *rowsOf({ rows, firstRow }: ClosedWindow): Generator<number> {
    const { slots, rowBase } = this.layout;
    for (let n = 0; n < rows; n++) yield rowBase + ((firstRow + n) % slots) * Row.WORDS;
  }

  /** First word of the books of all windows taken so far (Ledger). */
  get ledger(): number {
    return this.#ledgerOf((this.ints[Control.I32_RELEASED]! - 1) | 0);
  }

  #ledgerOf(window: number): number {
    return this.layout.ledgers + (window & 1) * Ledger.WORDS;
  }

  /**
   * Takes the oldest closed window: its rows and entry may be written again, and slots closed before its end
   * are free. The books are written beside the valid ones and become valid with the one store of RELEASED; a
   * slot is freed after it, when nobody needs its identity any more.
   */
  release(window: ClosedWindow, booked: Float64Array): void {
    const before = this.ledger;
    const after = this.#ledgerOf(window.window);
    for (let i = 0; i < Ledger.WORDS; i++) this.words[after + i] = this.words[before + i]! + booked[i]!;
    const applied = entryOf(this.layout, window.window) + Entry.APPLIED;
    const covered = Array.from({ length: this.layout.lanes }, (_, lane) => this.words[applied + lane]!);
    Atomics.store(this.ints, Control.I32_RELEASED, (window.window + 1) | 0);
    covered.forEach((position, lane) => {
      Atomics.store(this.ints, laneWord(lane, Control.LANE_COVERED), position);
    });
  }

  /** Whether everything published has been applied. */
  isDrained(): boolean {
    for (let lane = 0; lane < this.layout.lanes; lane++) {
      const published = Atomics.load(this.ints, laneWord(lane, Control.LANE_PUBLISHED));
      if (Atomics.load(this.ints, laneWord(lane, Control.LANE_APPLIED)) !== published) return false;
    }
    return true;
  }
}
