import { BookCells } from './cells.js';

/**
 * What the timer thread made of all windows it has taken, of all shards: two halves, of which the one named by
 * COMMITS & 1 is valid. 8-byte words.
 *
 * ```
 *   0    COMMITS (i32): flushes that were taken; the one store that commits a flush adds 1 to it
 *   16   half 0: books, counts, for each shard RELEASED and its lanes' COVERED, then metrics
 *   …    half 1: the same
 * ```
 *
 * A flush is written beside what is valid and becomes valid, over all shards, with one store. A timer thread that dies
 * before it has its successor take the flush once more, whole; one that dies after it, has only RELEASED and COVERED
 * stored again.
 */
export const LedgerWords = {
  I32_COMMITS: 0,
  /** Two directions of BookCells: handed on in snapshots. */
  REPORTED: 0,
  /** Two directions of BookCells: of participants nobody knew. */
  UNATTRIBUTED: 2 * BookCells.WORDS,
  /** Stats that were handed on. */
  STATS: 4 * BookCells.WORDS,
  SCORES_DROPPED: 4 * BookCells.WORDS + 1,
  FIELDS_SATURATED: 4 * BookCells.WORDS + 2,
  /** The first shard's words: the window it is released up to, then the position each lane is covered up to. */
  SHARDS: 4 * BookCells.WORDS + 4,
} as const;

export interface LedgerSizes {
  readonly shards: number;
  readonly lanes: number;
  /** Words at the end of each half that belong to the metrics of windows. */
  readonly metricWords: number;
}

export interface LedgerLayout extends LedgerSizes {
  readonly halfWords: number;
  /** Offset of the metrics in a half. */
  readonly metrics: number;
  readonly bytes: number;
}

const LINE_WORDS = 16;
const toLine = (words: number): number => Math.ceil(words / LINE_WORDS) * LINE_WORDS;

export function ledgerLayout(sizes: LedgerSizes): LedgerLayout {
  const metrics = toLine(LedgerWords.SHARDS + sizes.shards * (1 + sizes.lanes));
  const halfWords = toLine(metrics + sizes.metricWords);
  return { ...sizes, metrics, halfWords, bytes: 8 * (LINE_WORDS + 2 * halfWords) };
}

export interface LedgerMemory {
  readonly buffer: SharedArrayBuffer;
  readonly layout: LedgerLayout;
}

/** Reserves a ledger; windows count from 1. */
export function createLedger(sizes: LedgerSizes): LedgerMemory {
  const layout = ledgerLayout(sizes);
  const memory = { buffer: new SharedArrayBuffer(layout.bytes), layout };
  const ledger = new Ledger(memory);
  for (let shard = 0; shard < sizes.shards; shard++) ledger.words[ledger.shardOf(ledger.valid, shard)] = 1;
  return memory;
}

/** A view of the ledger. Any thread may read what is valid; the timer thread alone writes. */
export class Ledger {
  readonly words: Float64Array;
  readonly layout: LedgerLayout;
  readonly #ints: Int32Array;

  constructor({ buffer, layout }: LedgerMemory) {
    this.words = new Float64Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.layout = layout;
  }

  /** First word of the valid half. */
  get valid(): number {
    return this.#halfOf(Atomics.load(this.#ints, LedgerWords.I32_COMMITS));
  }

  /** Word of a shard's RELEASED in a half; its lanes' COVERED follow. */
  shardOf(half: number, shard: number): number {
    return half + LedgerWords.SHARDS + shard * (1 + this.layout.lanes);
  }

  /** The other half as a copy of the valid one, to be changed and committed; returns its first word. */
  begin(): number {
    const { words } = this;
    const { valid } = this;
    const pending = this.#halfOf(this.#ints[LedgerWords.I32_COMMITS]! + 1);
    words.copyWithin(pending, valid, valid + this.layout.halfWords); // C3
    return pending;
  }

  /** Makes what was begun valid. */
  commit(): void {
    Atomics.store(this.#ints, LedgerWords.I32_COMMITS, this.#ints[LedgerWords.I32_COMMITS]! + 1); // C7
  }

  #halfOf(commits: number): number {
    return LINE_WORDS + (commits & 1) * this.layout.halfWords;
  }
}
