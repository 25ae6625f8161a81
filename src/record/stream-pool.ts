import { type CellsMemory, StreamCells } from '../memory/cells.js';
import { Totals } from '../memory/totals.js';

/** What a source said last of one SSRC: 12 counters, then 3 for each layer. */
export const RAW_LAYERS = Totals.COUNT - 1;
const RAW_WORDS = RAW_LAYERS + Totals.LAYER_WORDS * Totals.MAX_LAYERS;

/**
 * The SSRCs of one recording thread's tracks. What a source said last stays in this thread; what the snapshot
 * shows of a stream is shared (StreamCells). Recording thread only.
 */
export class StreamPool {
  /** Last counters of each stream as its source gave them, `rawOf(stream)` the first word. */
  readonly raw: Float64Array;
  readonly cells: Float64Array;
  readonly #ints: Int32Array;
  readonly #base: number;
  readonly #count: number;
  #used = 0;
  readonly #free: number[] = [];

  constructor(memory: CellsMemory) {
    this.cells = new Float64Array(memory.buffer);
    this.#ints = new Int32Array(memory.buffer);
    this.#base = memory.layout.streamBase;
    this.#count = memory.layout.streams;
    this.raw = new Float64Array(this.#count * RAW_WORDS);
  }

  get inUse(): number {
    return this.#used - this.#free.length;
  }

  /** First word of the stream's last counters in `raw`. */
  rawOf(stream: number): number {
    return stream * RAW_WORDS;
  }

  /** First word of the stream's cells. */
  cellsOf(stream: number): number {
    return this.#base + stream * StreamCells.WORDS;
  }

  /**
   * Takes a stream and puts it at the front of a slot's chain.
   * @param firstWord the 32-bit word that holds the chain's first stream + 1.
   * @returns -1 when all are in use.
   */
  take(ssrc: number, firstWord: number): number {
    const stream = this.#free.pop() ?? (this.#used < this.#count ? this.#used++ : -1);
    if (stream < 0) return -1;
    const raw = this.rawOf(stream);
    this.raw.fill(0, raw, raw + RAW_WORDS);
    const cells = this.cellsOf(stream);
    this.cells.fill(0, cells, cells + StreamCells.WORDS);
    this.#ints[2 * cells + StreamCells.I32_SSRC] = ssrc;
    this.#ints[2 * cells + StreamCells.I32_NEXT] = this.#ints[firstWord]!;
    // The timer thread walks the chain: the stream is complete before it can be seen.
    Atomics.store(this.#ints, firstWord, stream + 1);
    return stream;
  }

  /** Takes a slot's whole chain back, given its first stream + 1. */
  giveBack(first: number): void {
    for (let at = first; at !== 0; at = this.#ints[2 * this.cellsOf(at - 1) + StreamCells.I32_NEXT]!) {
      this.#free.push(at - 1);
    }
  }
}
