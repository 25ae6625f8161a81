/** Up to this many scores insertion beats partitioning (measured: docs/performance.md). */
const INSERTION_LIMIT = 40;

/**
 * The exact median of the first `count` scores of a scratch area: the middle, or the mean of the two middles
 * in double precision; 0 when there is none. The scores are positive float32 seen as Int32 through a view of
 * the same memory, because positive floats order as their bit patterns do. Reorders the scratch area.
 */
export function createMedian(bits: Int32Array, scores: Float32Array): (count: number) => number {
  /** Keeps only the lower half sorted: what comes after the middle need not be. */
  function byInsertion(count: number): number {
    const half = count >> 1;
    const keep = half + 1;
    let sorted = 1;
    for (let i = 1; i < count; i++) {
      const bit = bits[i]!;
      let j: number;
      if (sorted < keep) {
        j = sorted - 1;
        sorted++;
      } else {
        if (bit >= bits[keep - 1]!) continue;
        j = keep - 2;
      }
      while (j >= 0 && bits[j]! > bit) {
        bits[j + 1] = bits[j]!;
        j--;
      }
      bits[j + 1] = bit;
    }
    return count & 1 ? scores[half]! : (scores[half - 1]! + scores[half]!) / 2;
  }

  /** Hoare's selection; the lower middle is then the largest of the left part. */
  function bySelection(count: number): number {
    const half = count >> 1;
    let left = 0;
    let right = count - 1;
    while (left < right) {
      const pivot = bits[half]!;
      let i = left;
      let j = right;
      do {
        while (bits[i]! < pivot) i++;
        while (pivot < bits[j]!) j--;
        if (i <= j) {
          const bit = bits[i]!;
          bits[i] = bits[j]!;
          bits[j] = bit;
          i++;
          j--;
        }
      } while (i <= j);
      if (j < half) left = i;
      if (half < i) right = j;
    }
    if (count & 1) return scores[half]!;
    let lower = 0;
    for (let i = 1; i < half; i++) if (bits[i]! > bits[lower]!) lower = i;
    return (scores[lower]! + scores[half]!) / 2;
  }

  return (count) => {
    if (count === 0) return 0;
    return count <= INSERTION_LIMIT ? byInsertion(count) : bySelection(count);
  };
}
