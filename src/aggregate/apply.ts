import { BLOCK_SCORES, Control, Record, type ShardLayout, Slot } from '../memory/shard.js';
import { Totals } from '../memory/totals.js';

// Bound once: in a hot function an imported constant costs a load more than a local one.
const { I32_POOL_NEXT, I32_POOL_STAMP } = Control;
const { I32_STAMP, I32_GENERATION, I32_FIRST_SCORE, I32_NEXT_SCORE, I32_LAYERS, I32_CHAIN } = Slot;
const { I32_RTT: SLOT_RTT, I32_JITTER: SLOT_JITTER, I32_MIME: SLOT_MIME } = Slot;
const { LAST_TIME, BASE_TIME, FIRST_TIME, LAST, BASE, SCORES, INLINE_SCORES, WORDS: SLOT_WORDS } = Slot;
const { LAST_LAYERS, BASE_LAYERS } = Slot;
const { TYPE_SHIFT, TYPE_MASK, LAYERS_SHIFT, LAYERS_MASK, HAS_SCORE, SAMPLE, COUNTER } = Record;
const { I32_SLOT, I32_GENERATION: RECORD_GENERATION, I32_SCORE_NUMBER, TIME, TOTALS, LAYERS } = Record;
const { I32_MIME, F32_SCORE, I32_RTT, I32_JITTER } = Record;
const { COUNT, PACKETS_LOST } = Totals;
const BLOCK = BLOCK_SCORES;

/** Applies the record at a word of the ring, for the open window. */
export type ApplyRecord = (record: number, window: number) => void;

/**
 * How a stats worker takes a record into its slot. Applying is overwriting, so that a record applied twice,
 * by this worker or by its successor, changes nothing; every function here may be cut off at any store and
 * be done again from its start.
 */
export function createApply(
  layout: ShardLayout,
  ints: Int32Array,
  words: Float64Array,
  floats: Float32Array,
): ApplyRecord {
  const { slotBase, scoreBlocks, i32Links, f32Blocks } = layout;

  /**
   * A record of a new generation takes the slot over: its last owner's close lies in a window that was taken,
   * so nothing of it is in the ring any more. The generation is stored last.
   */
  function takeOver(slot: number, slotInts: number, generation: number): void {
    ints[slotInts + I32_STAMP] = 0; // A1
    for (let i = 0; i < COUNT; i++) {
      words[slot + LAST + i] = 0; // A2
      words[slot + BASE + i] = 0;
    }
    for (let i = BASE_LAYERS; i < SLOT_WORDS; i++) words[slot + i] = 0;
    words[slot + LAST_TIME] = -1;
    words[slot + FIRST_TIME] = -1;
    ints[slotInts + I32_NEXT_SCORE] = 0;
    ints[slotInts + I32_LAYERS] = 0;
    ints[slotInts + I32_GENERATION] = generation; // A3
  }

  /**
   * The first record of a slot in a window: what it was becomes the base, the window's fields are emptied,
   * the stamp comes last. Loss alone never falls: its base is the most that was ever reported.
   */
  function touch(slot: number, slotInts: number, window: number): void {
    const last = slot + LAST;
    const base = slot + BASE;
    const reportedLoss = words[base + PACKETS_LOST]!;
    words[base] = words[last]!; // A4
    words[base + 1] = words[last + 1]!;
    words[base + 2] = words[last + 2]!;
    words[base + 3] = words[last + 3]!;
    words[base + 4] = words[last + 4]!;
    words[base + 5] = words[last + 5]!;
    words[base + 6] = words[last + 6]!;
    const loss = words[last + PACKETS_LOST]!;
    words[base + PACKETS_LOST] = Math.max(loss, reportedLoss);
    words[base + 8] = words[last + 8]!;
    words[base + 9] = words[last + 9]!;
    words[base + 10] = words[last + 10]!;
    words[base + 11] = words[last + 11]!;
    words[base + 12] = words[last + 12]!;
    const layerWords = 3 * ints[slotInts + I32_LAYERS]!;
    for (let i = 0; i < layerWords; i++) words[slot + BASE_LAYERS + i] = words[slot + LAST_LAYERS + i]!;
    words[slot + BASE_TIME] = words[slot + LAST_TIME]!;
    ints[slotInts + I32_FIRST_SCORE] = ints[slotInts + I32_NEXT_SCORE]!; // A5
    ints[slotInts + SLOT_RTT] = 0;
    ints[slotInts + SLOT_JITTER] = 0;
    ints[slotInts + SLOT_MIME] = 0;
    ints[slotInts + I32_CHAIN] = -1;
    ints[slotInts + I32_STAMP] = window; // A6
  }

  /**
   * The 32-bit offset of the n-th chained score block of a slot, -1 when the pool is dry. A block that is
   * lost between taking and linking it comes back with the next window, which empties the whole pool.
   */
  function scoreBlock(slotInts: number, n: number, window: number): number {
    if (ints[I32_POOL_STAMP] !== window) {
      ints[I32_POOL_NEXT] = 0;
      ints[I32_POOL_STAMP] = window;
    }
    let link = slotInts + I32_CHAIN;
    for (let left = n; ; left--) {
      let block = ints[link]!;
      if (block < 0) {
        block = ints[I32_POOL_NEXT]!;
        if (block >= scoreBlocks) return -1;
        ints[i32Links + block] = -1;
        ints[I32_POOL_NEXT] = block + 1;
        ints[link] = block;
      }
      if (left === 0) return f32Blocks + block * BLOCK;
      link = i32Links + block;
    }
  }

  function applySample(
    record: number,
    recordInts: number,
    header: number,
    slot: number,
    slotInts: number,
    window: number,
  ): void {
    const from = record + TOTALS;
    const last = slot + LAST;
    words[last] = words[from]!; // A7
    words[last + 1] = words[from + 1]!;
    words[last + 2] = words[from + 2]!;
    words[last + 3] = words[from + 3]!;
    words[last + 4] = words[from + 4]!;
    words[last + 5] = words[from + 5]!;
    words[last + 6] = words[from + 6]!;
    words[last + 7] = words[from + 7]!;
    words[last + 8] = words[from + 8]!;
    words[last + 9] = words[from + 9]!;
    words[last + 10] = words[from + 10]!;
    words[last + 11] = words[from + 11]!;
    words[last + 12] = words[from + 12]!;
    const layers = (header >>> LAYERS_SHIFT) & LAYERS_MASK;
    if (layers > 0) {
      const layerWords = 3 * layers;
      for (let i = 0; i < layerWords; i++) words[slot + LAST_LAYERS + i] = words[record + LAYERS + i]!;
      if (layers > ints[slotInts + I32_LAYERS]!) ints[slotInts + I32_LAYERS] = layers;
    }
    const mime = ints[recordInts + I32_MIME]!;
    if (mime !== 0) ints[slotInts + SLOT_MIME] = mime;
    // rtt and jitter are u32 in signed words.
    const rtt = ints[recordInts + I32_RTT]!;
    if (rtt >>> 0 > ints[slotInts + SLOT_RTT]! >>> 0) ints[slotInts + SLOT_RTT] = rtt;
    const jitter = ints[recordInts + I32_JITTER]!;
    if (jitter >>> 0 > ints[slotInts + SLOT_JITTER]! >>> 0) ints[slotInts + SLOT_JITTER] = jitter;
    if ((header & HAS_SCORE) !== 0) {
      const number = ints[recordInts + I32_SCORE_NUMBER]!;
      // Numbers wrap at 2^32, their difference does not.
      const place = (number - ints[slotInts + I32_FIRST_SCORE]!) | 0;
      if (place < INLINE_SCORES) {
        floats[2 * (slot + SCORES) + place] = floats[recordInts + F32_SCORE]!; // A8
      } else {
        const chained = place - INLINE_SCORES;
        const block = scoreBlock(slotInts, (chained / BLOCK) | 0, window);
        if (block >= 0) floats[block + (chained % BLOCK)] = floats[recordInts + F32_SCORE]!;
      }
      ints[slotInts + I32_NEXT_SCORE] = (number + 1) | 0; // A9
    }
  }

  return (record, window) => {
    const recordInts = record * 2;
    const header = ints[recordInts]!;
    const type = (header >>> TYPE_SHIFT) & TYPE_MASK;
    if (type !== SAMPLE && type !== COUNTER) return;
    const slot = slotBase + ints[recordInts + I32_SLOT]! * SLOT_WORDS;
    const slotInts = slot * 2;
    const generation = ints[recordInts + RECORD_GENERATION]!;
    if (ints[slotInts + I32_GENERATION] !== generation) takeOver(slot, slotInts, generation);
    if (ints[slotInts + I32_STAMP] !== window) touch(slot, slotInts, window);
    if (type === SAMPLE) {
      applySample(record, recordInts, header, slot, slotInts, window);
    } else {
      words[slot + LAST] = words[record + TOTALS]!;
      words[slot + LAST + 1] = words[record + TOTALS + 1]!;
      words[slot + LAST + 2] = words[record + TOTALS + 2]!;
    }
    const time = words[record + TIME]!;
    words[slot + LAST_TIME] = time;
    if (words[slot + FIRST_TIME]! < 0) words[slot + FIRST_TIME] = time;
  };
}
