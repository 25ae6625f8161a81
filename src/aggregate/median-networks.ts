/**
 * Sorting networks: which two numbers are compared next does not depend on the numbers, so nothing is mispredicted, and
 * eight of them stay in registers. Batcher, "Sorting networks and their applications", 1968; of eight numbers the
 * shortest, 19 exchanges (Knuth, TAOCP 3, 5.3.4).
 */

/** Of two integers from 0 to 2^31 - 1. No branch: their difference says by its sign which it is. */
function smaller(x: number, y: number): number {
  const difference = (x - y) | 0;
  return (y + (difference & (difference >> 31))) | 0;
}

function larger(x: number, y: number): number {
  const difference = (x - y) | 0;
  return (x - (difference & (difference >> 31))) | 0;
}

export interface MedianNetworks {
  /** Puts the middles of the first 8, 16 or 32 into the first two places. */
  readonly middlesOf8: () => void;
  readonly middlesOf16: () => void;
  readonly middlesOf32: () => void;
}

/** @param bits numbers from 0 to 2^31 - 1, which every call puts into another order or loses */
export function createMedianNetworks(bits: Int32Array): MedianNetworks {
  /** Sorts eight numbers. */
  function sort8(at: number): void {
    let a = bits[at]!;
    let b = bits[at + 1]!;
    let c = bits[at + 2]!;
    let d = bits[at + 3]!;
    let e = bits[at + 4]!;
    let f = bits[at + 5]!;
    let g = bits[at + 6]!;
    let h = bits[at + 7]!;
    let most: number;

    most = larger(a, c);
    a = smaller(a, c);
    c = most;
    most = larger(b, d);
    b = smaller(b, d);
    d = most;
    most = larger(e, g);
    e = smaller(e, g);
    g = most;
    most = larger(f, h);
    f = smaller(f, h);
    h = most;

    most = larger(a, e);
    a = smaller(a, e);
    e = most;
    most = larger(b, f);
    b = smaller(b, f);
    f = most;
    most = larger(c, g);
    c = smaller(c, g);
    g = most;
    most = larger(d, h);
    d = smaller(d, h);
    h = most;

    most = larger(a, b);
    a = smaller(a, b);
    b = most;
    most = larger(c, d);
    c = smaller(c, d);
    d = most;
    most = larger(e, f);
    e = smaller(e, f);
    f = most;
    most = larger(g, h);
    g = smaller(g, h);
    h = most;

    most = larger(c, e);
    c = smaller(c, e);
    e = most;
    most = larger(d, f);
    d = smaller(d, f);
    f = most;

    most = larger(b, e);
    b = smaller(b, e);
    e = most;
    most = larger(d, g);
    d = smaller(d, g);
    g = most;

    most = larger(b, c);
    b = smaller(b, c);
    c = most;
    most = larger(d, e);
    d = smaller(d, e);
    e = most;
    most = larger(f, g);
    f = smaller(f, g);
    g = most;

    bits[at] = a;
    bits[at + 1] = b;
    bits[at + 2] = c;
    bits[at + 3] = d;
    bits[at + 4] = e;
    bits[at + 5] = f;
    bits[at + 6] = g;
    bits[at + 7] = h;
  }

  /** Sorts eight numbers that rise and then fall, or fall and then rise. */
  function tidy8(at: number): void {
    let a = bits[at]!;
    let b = bits[at + 1]!;
    let c = bits[at + 2]!;
    let d = bits[at + 3]!;
    let e = bits[at + 4]!;
    let f = bits[at + 5]!;
    let g = bits[at + 6]!;
    let h = bits[at + 7]!;
    let most: number;

    most = larger(a, e);
    a = smaller(a, e);
    e = most;
    most = larger(b, f);
    b = smaller(b, f);
    f = most;
    most = larger(c, g);
    c = smaller(c, g);
    g = most;
    most = larger(d, h);
    d = smaller(d, h);
    h = most;

    most = larger(a, c);
    a = smaller(a, c);
    c = most;
    most = larger(b, d);
    b = smaller(b, d);
    d = most;
    most = larger(e, g);
    e = smaller(e, g);
    g = most;
    most = larger(f, h);
    f = smaller(f, h);
    h = most;

    most = larger(a, b);
    a = smaller(a, b);
    b = most;
    most = larger(c, d);
    c = smaller(c, d);
    d = most;
    most = larger(e, f);
    e = smaller(e, f);
    f = most;
    most = larger(g, h);
    g = smaller(g, h);
    h = most;

    bits[at] = a;
    bits[at + 1] = b;
    bits[at + 2] = c;
    bits[at + 3] = d;
    bits[at + 4] = e;
    bits[at + 5] = f;
    bits[at + 6] = g;
    bits[at + 7] = h;
  }

  /** Sorts 16 numbers of which each half is sorted. */
  function merge16(at: number): void {
    for (let low = at, high = at + 15; low < high; low++, high--) {
      const [x, y] = [bits[low]!, bits[high]!];
      bits[low] = smaller(x, y);
      bits[high] = larger(x, y);
    }
    tidy8(at);
    tidy8(at + 8);
  }

  /**
   * Of two sorted runs, each number of the one compared with its mirror image in the other: the smaller ones are the
   * lower half of all.
   */
  function middlesOfRuns(length: number): void {
    let lower = 0;
    let upper = 0x7fffffff;
    for (let low = 0, high = 2 * length - 1; low < length; low++, high--) {
      const [x, y] = [bits[low]!, bits[high]!];
      lower = larger(lower, smaller(x, y));
      upper = smaller(upper, larger(x, y));
    }
    bits[0] = lower;
    bits[1] = upper;
  }

  return {
    middlesOf8() {
      sort8(0);
      bits[0] = bits[3]!;
      bits[1] = bits[4]!;
    },
    middlesOf16() {
      sort8(0);
      sort8(8);
      middlesOfRuns(8);
    },
    middlesOf32() {
      sort8(0);
      sort8(8);
      merge16(0);
      sort8(16);
      sort8(24);
      merge16(16);
      middlesOfRuns(16);
    },
  };
}
