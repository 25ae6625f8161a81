import { Row } from './row.js';
import { Totals } from './totals.js';

/**
 * The byte map of one shard: one SharedArrayBuffer, allocated once, seen through an Int32, a Float64 and a
 * Float32 view of its whole length. Offsets named `I32_` count 4-byte words, all others 8-byte words.
 *
 * ```
 *   control words      each writer's on 128-byte lines of their own
 *   directory          8 entries, one a closed window, by WINDOW & 7
 *   rings              one a lane: a lane is one recording thread's SPSC ring and the slots it owns
 *   slots              the running state of each track
 *   rows               a ring of snapshot rows
 *   score blocks       a link each, then 16 scores each
 * ```
 *
 * Positions (PUBLISHED, APPLIED, COVERED) count 8-byte words of a lane's ring, never fall but by wrapping
 * at 2^32, and are compared by `(a - b) | 0`.
 */
const LINE = 32;

/** 32-bit words that drive the window protocol. Every one has exactly one writer but OWNER and WAKE. */
export const Control = {
  // Written by the stats worker that owns the shard.
  /** Number of the open window, from 1. The one store that closes a window adds 1 to it. */
  I32_WINDOW: 0,
  /** The last flush number that was dealt with. A hint: the directory's entry is the truth. */
  I32_ANSWERED: 1,
  /** Rises on every turn of the drain loop. */
  I32_BEAT: 2,
  /** Windows that found no room for rows or entry and went on. */
  I32_MERGED: 3,
  /** The window the score pool was last emptied for. */
  I32_POOL_STAMP: 4,
  /** The next free score block. */
  I32_POOL_NEXT: 5,

  // Written by the timer thread.
  /** Number of the flush asked for. */
  I32_REQUEST: LINE,
  /** Windows below this one have been taken; their rows and entries may be written again. */
  I32_RELEASED: LINE + 1,
  I32_STOP: LINE + 2,
  /** Engine time of the flush asked for (8-byte word); written before REQUEST. */
  REQUEST_TIME: (LINE + 4) / 2,

  /** Thread id of the drain that owns the shard, 0 for none: taken by compare-and-swap. */
  I32_OWNER: 2 * LINE,
  /** Bumped by whoever wakes the drain. */
  I32_WAKE: 3 * LINE,
  /** 1 while the drain may be asleep on WAKE. */
  I32_SLEEPING: 4 * LINE,

  /** The first lane's words; each lane has LANE_STRIDE of them. */
  I32_LANES: 5 * LINE,
  LANE_STRIDE: 3 * LINE,
  /** Recording thread: end of the last published record (the ring's tail). */
  LANE_PUBLISHED: 0,
  /** Recording thread: slots from the lane's first that were ever used. */
  LANE_SLOTS_USED: 1,
  /** Stats worker: all before it has been applied (the ring's head). */
  LANE_APPLIED: LINE,
  /** Timer thread: all before it is in a window that was taken; a slot closed before it is free. */
  LANE_COVERED: 2 * LINE,
} as const;

/** Values of STOP. */
export const Stop = { RUN: 0, NO_MERGING: 1, LEAVE: 2 } as const;

/** One entry of the directory (8-byte words); a window's entry is complete before WINDOW is stored. */
export const Entry = {
  COUNT: 8,
  FLUSH: 0,
  /** Number of the window's first row, counted since the start; its place is that modulo the rows. */
  FIRST_ROW: 1,
  ROWS: 2,
  TIME: 3,
  /** APPLIED of each lane when the window closed. */
  APPLIED: 4,
} as const;

/** Header of a record: length in words, type, layers, flags in one 32-bit word. */
export const Record = {
  LENGTH_MASK: 0xffff,
  TYPE_SHIFT: 16,
  TYPE_MASK: 0xf,
  LAYERS_SHIFT: 20,
  LAYERS_MASK: 0x7,
  HAS_SCORE: 1 << 24,

  /** All totals of a track. */
  SAMPLE: 1,
  /** The three totals of a data or signalling track. */
  COUNTER: 2,
  /** Nothing up to the end of the ring. */
  PAD: 3,

  I32_HEADER: 0,
  I32_SLOT: 1,
  I32_GENERATION: 2,
  /** SAMPLE: number of the score, counted per slot from 0. */
  I32_SCORE_NUMBER: 3,
  /** Engine time, ms. */
  TIME: 2,
  TOTALS: 3,
  COUNTER_WORDS: 6,
  I32_MIME: 2 * (3 + Totals.COUNT),
  F32_SCORE: 2 * (3 + Totals.COUNT) + 1,
  I32_RTT: 2 * (3 + Totals.COUNT) + 2,
  I32_JITTER: 2 * (3 + Totals.COUNT) + 3,
  LAYERS: 3 + Totals.COUNT + 2,
  /** Words of a SAMPLE without layers. */
  SAMPLE_WORDS: 3 + Totals.COUNT + 2,
  MAX_WORDS: 3 + Totals.COUNT + 2 + Totals.LAYER_WORDS * Totals.MAX_LAYERS,
} as const;

const SLOT_LAST = Totals.COUNT;
const SLOT_STATE = 2 * Totals.COUNT;
const SLOT_LAYERS = SLOT_STATE + 16;

/**
 * A slot: what a stats worker knows of one track. LAST are the totals of the last record applied, BASE what
 * they were when the window began. The window's fields are valid while STAMP == WINDOW.
 *
 * What every sample touches lies together, LAST to the first score; before it, what the first of a window does. Layers,
 * which most tracks have none of, come behind.
 */
export const Slot = {
  BASE: 0,
  LAST: SLOT_LAST,
  I32_STAMP: 2 * SLOT_STATE,
  I32_GENERATION: 2 * SLOT_STATE + 1,
  /** Number of the window's first score. */
  I32_FIRST_SCORE: 2 * SLOT_STATE + 2,
  /** Number the next score will have. */
  I32_NEXT_SCORE: 2 * SLOT_STATE + 3,
  I32_RTT: 2 * SLOT_STATE + 4,
  I32_JITTER: 2 * SLOT_STATE + 5,
  I32_MIME: 2 * SLOT_STATE + 6,
  /** Layers the track has brought: the highest id + 1. */
  I32_LAYERS: 2 * SLOT_STATE + 7,
  /** First chained score block, -1 for none. */
  I32_CHAIN: 2 * SLOT_STATE + 8,
  LAST_TIME: SLOT_STATE + 5,
  BASE_TIME: SLOT_STATE + 6,
  FIRST_TIME: SLOT_STATE + 7,
  SCORES: SLOT_STATE + 8,
  INLINE_SCORES: 16,
  BASE_LAYERS: SLOT_LAYERS,
  LAST_LAYERS: SLOT_LAYERS + Totals.LAYER_WORDS * Totals.MAX_LAYERS,
  WORDS: SLOT_LAYERS + 2 * Totals.LAYER_WORDS * Totals.MAX_LAYERS,
} as const;

/** Scores a chained block holds. */
export const BLOCK_SCORES = 16;

export interface ShardSizes {
  /** Recording threads. */
  readonly lanes: number;
  /** Slots of each lane. */
  readonly laneSlots: number;
  /** 8-byte words of each lane's ring, a power of two. */
  readonly ringWords: number;
  /** Chained score blocks, shared by the shard's slots. */
  readonly scoreBlocks: number;
}

export interface ShardLayout extends ShardSizes {
  readonly slots: number;
  readonly directory: number;
  readonly entryWords: number;
  readonly rings: number;
  readonly slotBase: number;
  readonly rowBase: number;
  /** Offset of the links, 4-byte words. */
  readonly i32Links: number;
  /** Offset of the score blocks, 4-byte words. */
  readonly f32Blocks: number;
  readonly bytes: number;
}

const toLine = (words: number): number => Math.ceil(words / 16) * 16;

/** Where everything of a shard of these sizes lies. */
export function shardLayout(sizes: ShardSizes): ShardLayout {
  const slots = sizes.lanes * sizes.laneSlots;
  const entryWords = toLine(Entry.APPLIED + sizes.lanes);
  const directory = toLine((Control.I32_LANES + sizes.lanes * Control.LANE_STRIDE) / 2);
  const rings = directory + Entry.COUNT * entryWords;
  const slotBase = rings + sizes.lanes * sizes.ringWords;
  const rowBase = slotBase + toLine(slots * Slot.WORDS);
  const links = rowBase + toLine(slots * Row.WORDS);
  const blocks = links + toLine(sizes.scoreBlocks / 2);
  const end = blocks + toLine((sizes.scoreBlocks * BLOCK_SCORES) / 2);
  return {
    ...sizes,
    slots,
    directory,
    entryWords,
    rings,
    slotBase,
    rowBase,
    i32Links: links * 2,
    f32Blocks: blocks * 2,
    bytes: end * 8,
  };
}

/** A shard's memory and where everything lies in it; structured-clonable, so it can be posted to a thread. */
export interface ShardMemory {
  readonly buffer: SharedArrayBuffer;
  readonly layout: ShardLayout;
}

/** Reserves a shard. Window numbers start at 1, so that a stamp of 0 means "never touched". */
export function createShard(sizes: ShardSizes): ShardMemory {
  const layout = shardLayout(sizes);
  const buffer = new SharedArrayBuffer(layout.bytes);
  const ints = new Int32Array(buffer);
  ints[Control.I32_WINDOW] = 1;
  ints[Control.I32_RELEASED] = 1;
  return { buffer, layout };
}

/** 4-byte word of a lane's control word. */
export function laneWord(lane: number, word: number): number {
  return Control.I32_LANES + lane * Control.LANE_STRIDE + word;
}

/** 8-byte word of the directory's entry for a window. */
export function entryOf(layout: ShardLayout, window: number): number {
  return layout.directory + (window & (Entry.COUNT - 1)) * layout.entryWords;
}

/** Wakes the shard's drain if it may be asleep. Any thread. */
export function wakeShard(ints: Int32Array): void {
  Atomics.add(ints, Control.I32_WAKE, 1);
  if (Atomics.load(ints, Control.I32_SLEEPING) === 1) Atomics.notify(ints, Control.I32_WAKE);
}
