import { createMedianNetworks } from './median-networks.js';

/** Up to this many scores a network beats partitioning (measured: docs/performance.md). */
export const NETWORK_LIMIT = 32;
const INFINITY_BITS = 0x7f800000;

/**
 * The exact median of the first `count` scores of a scratch area: the middle, or the mean of the two middles
 * in double precision; 0 when there is none. The scores are positive float32 seen as Int32 through a view of
 * the same memory, because positive floats order as their bit patterns do. The scratch area has room for
 * NETWORK_LIMIT scores at least, and holds others afterwards.
 */
export function createMedian(bits: Int32Array, scores: Float32Array): (count: number) => number {
  const { middlesOf8, middlesOf16, middlesOf32 } = createMedianNetworks(bits);

  /** Fills up to the width of a network with as many below all scores as above, or one more above. */
  function byNetwork(count: number): number {
    const width = count <= 8 ? 8 : count <= 16 ? 16 : 32;
    const zeros = count + ((width - count) >> 1);
    for (let i = count; i < zeros; i++) bits[i] = 0;
    for (let i = zeros; i < width; i++) bits[i] = INFINITY_BITS;
    if (width === 8) middlesOf8();
    else if (width === 16) middlesOf16();
    else middlesOf32();
    return count & 1 ? scores[0]! : (scores[0]! + scores[1]!) / 2;
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
    return count <= NETWORK_LIMIT ? byNetwork(count) : bySelection(count);
  };
}
