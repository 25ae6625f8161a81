import { bookTotals } from '../memory/books.js';
import { BookCells, type CellsMemory, MetaCells, StreamCells } from '../memory/cells.js';
import { Row } from '../memory/row.js';
import type { ShardLayout } from '../memory/shard.js';
import { Direction } from '../memory/totals.js';
import { STREAM_LIST_WORDS } from './track-window.js';
import { encodeUtf8 } from './wire.js';

const NO_MIME = new Uint8Array(0);

/** What another thread may read of a recording thread: what its slots count, its SSRCs, its mime types. */
export class ThreadView {
  readonly #cells: Float64Array;
  readonly #ints: Int32Array;
  readonly #layout: CellsMemory['layout'];
  readonly #lane: number;
  readonly #mimes: Uint8Array[] = [];

  constructor(memory: CellsMemory, lane: number) {
    this.#cells = new Float64Array(memory.buffer);
    this.#ints = new Int32Array(memory.buffer);
    this.#layout = memory.layout;
    this.#lane = lane;
  }

  setMime(id: number, mime: string): void {
    this.#mimes[id] = encodeUtf8(mime);
  }

  /** UTF-8 of a mime number, empty for none. */
  mime(id: number): Uint8Array {
    return this.#mimes[id] ?? NO_MIME;
  }

  /** The thread's number of a slot, given its shard and its number there. */
  #slotOf(shard: number, shardSlot: number, layout: ShardLayout): number {
    return shard * layout.laneSlots + shardSlot - this.#lane * layout.laneSlots;
  }

  #metaOf(slot: number): number {
    return 2 * (this.#layout.meta + slot);
  }

  /** Whether a slot is a track's, and not one of data or signalling. */
  isMedia(shard: number, shardSlot: number, layout: ShardLayout): boolean {
    const flags = this.#ints[this.#metaOf(this.#slotOf(shard, shardSlot, layout)) + MetaCells.I32_FLAGS]!;
    return (flags & MetaCells.COUNTER) === 0;
  }

  /** Adds what a row counts to the books that begin at a word, in its direction. */
  book(
    words: Float64Array,
    ints: Int32Array,
    row: number,
    shard: number,
    layout: ShardLayout,
    books: Float64Array,
    section: number,
  ): void {
    const slot = this.#slotOf(shard, ints[2 * row + Row.I32_SLOT]!, layout);
    const flags = this.#ints[this.#metaOf(slot) + MetaCells.I32_FLAGS]!;
    const direction = (flags & MetaCells.DOWNSTREAM) !== 0 ? Direction.DOWNSTREAM : Direction.UPSTREAM;
    bookTotals(
      words,
      row + Row.DELTAS,
      (flags & MetaCells.COUNTER) !== 0,
      books,
      section + direction * BookCells.WORDS,
    );
  }

  /** Appends the SSRCs of a slot to a list, STREAM_LIST_WORDS each; returns how many there were. */
  listStreams(shard: number, shardSlot: number, layout: ShardLayout, list: number[]): number {
    const slot = this.#slotOf(shard, shardSlot, layout);
    let next = Atomics.load(this.#ints, this.#metaOf(slot) + MetaCells.I32_FIRST_STREAM);
    let count = 0;
    // Bounded by the pool, whatever another thread is writing.
    while (next > 0 && next <= this.#layout.streams && count < this.#layout.streams) {
      const at = this.#layout.streamBase + (next - 1) * StreamCells.WORDS;
      list.push(
        this.#ints[2 * at + StreamCells.I32_SSRC]! >>> 0,
        this.#cells[at + StreamCells.PACKETS]!,
        this.#cells[at + StreamCells.BYTES]!,
        this.#cells[at + StreamCells.LOST]!,
      );
      next = this.#ints[2 * at + StreamCells.I32_NEXT]!;
      count++;
    }
    return count * STREAM_LIST_WORDS;
  }
}
