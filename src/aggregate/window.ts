import { Row, RowFlags } from '../memory/row.js';
import { BLOCK_SCORES, Control, Entry, entryOf, laneWord, type ShardLayout, Slot } from '../memory/shard.js';
import { Totals } from '../memory/totals.js';
import { createMedian, NETWORK_LIMIT } from './median.js';

const { I32_WINDOW, I32_ANSWERED, I32_RELEASED, REQUEST_TIME } = Control;
const { I32_STAMP, I32_GENERATION, I32_FIRST_SCORE, I32_NEXT_SCORE, I32_LAYERS, I32_CHAIN } = Slot;
const { LAST_TIME, BASE_TIME, FIRST_TIME, LAST, BASE, SCORES, INLINE_SCORES, WORDS: SLOT_WORDS } = Slot;
const { LAST_LAYERS, BASE_LAYERS } = Slot;
const { WORDS: ROW_WORDS, DELTAS, LAYERS: ROW_LAYERS } = Row;
const { PACKETS_LOST, MAX_LAYERS } = Totals;

/** What became of a flush request: the window is closed (also when it was before), or there was no room. */
export const FlushResult = { CLOSED: 0, NO_ROOM: 1 } as const;
export type FlushResult = (typeof FlushResult)[keyof typeof FlushResult];

export type CloseWindow = (request: number) => FlushResult;

/**
 * How a window becomes rows. Rows and entry are written where nobody reads yet; the one store of WINDOW + 1
 * then publishes them, makes every slot's totals its new base, and empties every slot and the score pool.
 */
export function createCloseWindow(
  layout: ShardLayout,
  ints: Int32Array,
  words: Float64Array,
  floats: Float32Array,
): CloseWindow {
  const { lanes, laneSlots, slots, slotBase, rowBase, i32Links, f32Blocks, scoreBlocks } = layout;
  const scratch = new Float32Array(Math.max(NETWORK_LIMIT, INLINE_SCORES + scoreBlocks * BLOCK_SCORES));
  const scratchBits = new Int32Array(scratch.buffer);
  const median = createMedian(scratchBits, scratch);

  /** The layer with the most bytes in the window, of equals the higher id; -1 when none has any. */
  function keptLayer(slot: number, layers: number): number {
    let kept = -1;
    let most = 0;
    for (let layer = 0; layer < layers; layer++) {
      const at = slot + 3 * layer + 1;
      const bytes = words[at + LAST_LAYERS]! - words[at + BASE_LAYERS]!;
      if (bytes > 0 && bytes >= most) {
        most = bytes;
        kept = layer;
      }
    }
    return kept;
  }

  /** Copies the window's scores together; returns how many there are places for, and leaves the sum in the row. */
  function gatherScores(slot: number, slotInts: number, row: number): number {
    const count = (ints[slotInts + I32_NEXT_SCORE]! - ints[slotInts + I32_FIRST_SCORE]!) | 0;
    const inline = 2 * (slot + SCORES);
    const near = Math.min(count, INLINE_SCORES);
    let sum = 0;
    for (let i = 0; i < near; i++) {
      const score = floats[inline + i]!;
      scratch[i] = score;
      sum += score;
    }
    let at = near;
    let block = ints[slotInts + I32_CHAIN]!;
    while (at < count && block >= 0) {
      const from = f32Blocks + block * BLOCK_SCORES;
      const many = Math.min(count - at, BLOCK_SCORES);
      for (let i = 0; i < many; i++) {
        const score = floats[from + i]!;
        scratch[at++] = score;
        sum += score;
      }
      block = ints[i32Links + block]!;
    }
    words[row + Row.SCORE_SUM] = sum;
    ints[2 * row + Row.I32_SCORES_DROPPED] = count - at;
    return at;
  }

  function writeScores(slot: number, slotInts: number, row: number): void {
    const rowInts = row * 2;
    const count = gatherScores(slot, slotInts, row);
    ints[rowInts + Row.I32_SCORES] = count;
    let min = 0;
    if (count > 0) {
      min = scratchBits[0]!;
      for (let i = 1; i < count; i++) if (scratchBits[i]! < min) min = scratchBits[i]!;
    }
    ints[rowInts + Row.F32_SCORE_MIN] = min;
    words[row + Row.SCORE_MEDIAN] = median(count);
  }

  function writeRow(index: number, slot: number, slotInts: number, row: number): void {
    const rowInts = row * 2;
    const last = slot + LAST;
    const base = slot + BASE;
    const deltas = row + DELTAS;
    words[deltas] = words[last]! - words[base]!;
    words[deltas + 1] = words[last + 1]! - words[base + 1]!;
    words[deltas + 2] = words[last + 2]! - words[base + 2]!;
    words[deltas + 3] = words[last + 3]! - words[base + 3]!;
    words[deltas + 4] = words[last + 4]! - words[base + 4]!;
    words[deltas + 5] = words[last + 5]! - words[base + 5]!;
    words[deltas + 6] = words[last + 6]! - words[base + 6]!;
    const loss = words[last + PACKETS_LOST]! - words[base + PACKETS_LOST]!;
    words[deltas + PACKETS_LOST] = Math.max(loss, 0);
    words[deltas + 8] = words[last + 8]! - words[base + 8]!;
    words[deltas + 9] = words[last + 9]! - words[base + 9]!;
    words[deltas + 10] = words[last + 10]! - words[base + 10]!;
    words[deltas + 11] = words[last + 11]! - words[base + 11]!;
    words[deltas + 12] = words[last + 12]! - words[base + 12]!;
    const layers = ints[slotInts + I32_LAYERS]!;
    const layerWords = 3 * layers;
    for (let i = 0; i < layerWords; i++) {
      words[row + ROW_LAYERS + i] = words[slot + LAST_LAYERS + i]! - words[slot + BASE_LAYERS + i]!;
    }
    for (let i = layerWords; i < 3 * MAX_LAYERS; i++) words[row + ROW_LAYERS + i] = 0;
    ints[rowInts + Row.I32_SLOT] = index;
    ints[rowInts + Row.I32_GENERATION] = ints[slotInts + I32_GENERATION]!;
    ints[rowInts + Row.I32_RTT] = ints[slotInts + Slot.I32_RTT]!;
    ints[rowInts + Row.I32_JITTER] = ints[slotInts + Slot.I32_JITTER]!;
    ints[rowInts + Row.I32_MIME] = ints[slotInts + Slot.I32_MIME]!;
    ints[rowInts + Row.I32_FLAGS] = layers | ((keptLayer(slot, layers) + 1) << RowFlags.KEPT_SHIFT);
    const start = words[slot + BASE_TIME]!;
    words[row + Row.START] = start < 0 ? words[slot + FIRST_TIME]! : start;
    words[row + Row.END] = words[slot + LAST_TIME]!;
    writeScores(slot, slotInts, row);
  }

  return (request) => {
    const window = ints[I32_WINDOW]!;
    const before = entryOf(layout, window - 1);
    // W1: the worker before us closed this window and died before it said so.
    if (words[before + Entry.FLUSH] === request) {
      Atomics.store(ints, I32_ANSWERED, request);
      return FlushResult.CLOSED;
    }
    const released = Atomics.load(ints, I32_RELEASED); // W2
    if (((window - released) | 0) >= Entry.COUNT) return FlushResult.NO_ROOM;
    const first = words[before + Entry.FIRST_ROW]! + words[before + Entry.ROWS]!;
    const oldest = released === window ? first : words[entryOf(layout, released) + Entry.FIRST_ROW]!; // W3
    const room = slots - (first - oldest);

    let rows = 0;
    let place = first % slots;
    for (let lane = 0; lane < lanes; lane++) {
      const from = lane * laneSlots;
      const to = from + ints[laneWord(lane, Control.LANE_SLOTS_USED)]!;
      for (let index = from; index < to; index++) {
        const slot = slotBase + index * SLOT_WORDS;
        if (ints[2 * slot + I32_STAMP] !== window || words[slot + LAST] === words[slot + BASE]) continue;
        if (rows === room) return FlushResult.NO_ROOM;
        writeRow(index, slot, 2 * slot, rowBase + place * ROW_WORDS); // W4
        rows++;
        if (++place === slots) place = 0;
      }
    }
    const entry = entryOf(layout, window);
    words[entry + Entry.FLUSH] = request; // W5
    words[entry + Entry.FIRST_ROW] = first;
    words[entry + Entry.ROWS] = rows;
    words[entry + Entry.TIME] = words[REQUEST_TIME]!;
    for (let lane = 0; lane < lanes; lane++) {
      words[entry + Entry.APPLIED + lane] = ints[laneWord(lane, Control.LANE_APPLIED)]!;
    }
    // W6: the one store that closes the window.
    Atomics.store(ints, I32_WINDOW, (window + 1) | 0);
    // W7: a hint for who waits; the entry is the truth.
    Atomics.store(ints, I32_ANSWERED, request);
    return FlushResult.CLOSED;
  };
}
