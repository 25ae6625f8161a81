import { Row, RowFlags } from '../memory/row.js';
import { Totals } from '../memory/totals.js';

/** A row's memory in all three views. */
export interface RowViews {
  readonly words: Float64Array;
  readonly ints: Int32Array;
  readonly floats: Float32Array;
}

export function rowViews(rows: number): RowViews {
  const words = new Float64Array(rows * Row.WORDS);
  return { words, ints: new Int32Array(words.buffer), floats: new Float32Array(words.buffer) };
}

/**
 * Adds a row to the one at word 0 of `sum`: a track that was closed and opened again within a window, or that
 * two threads recorded, has two slots. Everything is as if it had been one, but the median: that of the row
 * with more scores is kept, because the scores themselves are gone.
 * @returns whether the mime is now that of the added row.
 */
export function addRow(sum: RowViews, from: RowViews, row: number): boolean {
  const { words, ints, floats } = sum;
  const fromInts = 2 * row;
  const scores = ints[Row.I32_SCORES]!;
  const added = from.ints[fromInts + Row.I32_SCORES]!;
  const later = from.words[row + Row.END]! >= words[Row.END]!;
  for (let i = 0; i < Totals.MAX_WORDS; i++) words[Row.DELTAS + i]! += from.words[row + Row.DELTAS + i]!;
  words[Row.SCORE_SUM]! += from.words[row + Row.SCORE_SUM]!;
  if (added > scores) words[Row.SCORE_MEDIAN] = from.words[row + Row.SCORE_MEDIAN]!;
  if (added > 0) {
    const min = from.floats[fromInts + Row.F32_SCORE_MIN]!;
    if (scores === 0 || min < floats[Row.F32_SCORE_MIN]!) floats[Row.F32_SCORE_MIN] = min;
  }
  ints[Row.I32_SCORES] = scores + added;
  ints[Row.I32_SCORES_DROPPED]! += from.ints[fromInts + Row.I32_SCORES_DROPPED]!;
  for (const word of [Row.I32_RTT, Row.I32_JITTER]) {
    if (from.ints[fromInts + word]! >>> 0 > ints[word]! >>> 0) ints[word] = from.ints[fromInts + word]!;
  }
  const mime = from.ints[fromInts + Row.I32_MIME]!;
  const takesMime = mime !== 0 && (later || ints[Row.I32_MIME] === 0);
  if (takesMime) ints[Row.I32_MIME] = mime;
  words[Row.START] = Math.min(words[Row.START]!, from.words[row + Row.START]!);
  words[Row.END] = Math.max(words[Row.END]!, from.words[row + Row.END]!);
  const layers = Math.max(
    ints[Row.I32_FLAGS]! & RowFlags.LAYERS_MASK,
    from.ints[fromInts + Row.I32_FLAGS]! & RowFlags.LAYERS_MASK,
  );
  ints[Row.I32_FLAGS] = layers | ((keptLayer(words, layers) + 1) << RowFlags.KEPT_SHIFT);
  return takesMime;
}

/** The layer with the most bytes, of equals the higher id; -1 when none has any. */
function keptLayer(words: Float64Array, layers: number): number {
  let kept = -1;
  let most = 0;
  for (let layer = 0; layer < layers; layer++) {
    const bytes = words[Row.LAYERS + layer * Totals.LAYER_WORDS + 1]!;
    if (bytes > 0 && bytes >= most) {
      most = bytes;
      kept = layer;
    }
  }
  return kept;
}
