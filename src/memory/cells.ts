import { Settled } from './packet-counts.js';
import { Totals } from './totals.js';

/**
 * The byte map of one recording thread's cells: the running totals as that thread adds them up, for the
 * slots it owns in all shards. It is shared so that nothing is lost with the thread. Offsets in 8-byte words.
 *
 * ```
 *   books       drops booked at the door, and the totals of slots that were given back
 *   counters    2 words a slot: bytes, messages
 *   handles     1 word a slot: whose messages are counted there
 *   samples     1 word a slot: samples - messages
 *   totals      25 words a slot: the totals of a track (see Totals)
 *   streams     4 words an SSRC: (ssrc, next), packets, bytes, lost
 *   meta        1 word a slot: (flags, first stream)
 *   settled     packets of slots that were given back, by country (see Settled)
 * ```
 *
 * Slot s of the thread is slot s % laneSlots of its lane in shard floor(s / laneSlots).
 */
export const CounterCells = { BYTES: 0, MESSAGES: 1, WORDS: 2 } as const;

export const StreamCells = { I32_SSRC: 0, I32_NEXT: 1, PACKETS: 1, BYTES: 2, LOST: 3, WORDS: 4 } as const;

export const MetaCells = {
  I32_FLAGS: 0,
  /** Index of the slot's first stream + 1; 0 for none. */
  I32_FIRST_STREAM: 1,
  /** Flag: downstream. */
  DOWNSTREAM: 1,
  /** Flag: a data or signalling track, whose totals are in the counters. */
  COUNTER: 2,
  /** Flag: the slot is in use, from opening until a taken window covers its close. */
  IN_USE: 4,
  /** Flag: a signalling track whose participant is not known yet: no metric counts it before. */
  HELD: 8,
  /** Bits 8 to 15: the row its country has in the thread's packet counts. */
  COUNTRY_SHIFT: 8,
  COUNTRY_MASK: 0xff,
  /** Bits 16 to 31: the lower ones of its generation, so that no two owners in turn have the same flags. */
  GENERATION_SHIFT: 16,
} as const;

/** Four numbers of one direction in the books. */
export const BookCells = { SAMPLES: 0, MESSAGES: 1, PACKETS: 2, BYTES: 3, WORDS: 4 } as const;

/** Sections of a thread's books (two directions of BookCells each), then single counts. */
export const ThreadBooks = {
  /** Totals of slots that were given back. */
  GIVEN_BACK: 0,
  INVALID: 8,
  UNATTRIBUTED: 16,
  /** Records of a handle that was closed: not part of the books, they belong to nobody. */
  STALE: 24,
  /** Records that found the ring full: resolution lost, totals kept. */
  FOLDED: 25,
  SCORES_LOST: 26,
  MIMES_REFUSED: 27,
  /** One count for each InvalidReason. */
  INVALID_REASONS: 28,
  /** Slots opened for a country that had no row left in the packet counts. */
  COUNTRIES_OVERFLOWED: 46,
  /** Timer threads this thread has told of its slots, + 1; 0: it was never attached, or is closed. */
  ANNOUNCED: 47,
  WORDS: 48,
} as const;

export interface CellsLayout {
  readonly slots: number;
  readonly streams: number;
  readonly counters: number;
  /** The handle that messages are counted for; minus it where none are: a closed slot, or a track's. */
  readonly handles: number;
  /** Samples that were not exactly one message: one message a sample is the common case and pays two adds. */
  readonly samplesLessMessages: number;
  readonly totals: number;
  readonly streamBase: number;
  readonly meta: number;
  readonly settled: number;
  readonly bytes: number;
}

export function cellsLayout(slots: number, streams: number): CellsLayout {
  const counters = ThreadBooks.WORDS;
  const handles = counters + slots * CounterCells.WORDS;
  const samplesLessMessages = handles + slots;
  const totals = samplesLessMessages + slots;
  const streamBase = totals + slots * Totals.MAX_WORDS;
  const meta = streamBase + streams * StreamCells.WORDS;
  const settled = Math.ceil((meta + slots) / 16) * 16;
  const bytes = (settled + Settled.WORDS) * 8;
  return {
    slots,
    streams,
    counters,
    handles,
    samplesLessMessages,
    totals,
    streamBase,
    meta,
    settled,
    bytes,
  };
}

export interface CellsMemory {
  readonly buffer: SharedArrayBuffer;
  readonly layout: CellsLayout;
}

export function createCells(slots: number, streams: number): CellsMemory {
  const layout = cellsLayout(slots, streams);
  return { buffer: new SharedArrayBuffer(layout.bytes), layout };
}
