/** 0 ≤ x < 1, the same sequence for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The numbers below `count` in an order that repeats with the seed (Fisher and Yates). */
export function shuffled(count: number, seed = 1): Int32Array {
  const random = seededRandom(seed);
  const order = Int32Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    const swapped = order[n]!;
    order[n] = order[other]!;
    order[other] = swapped;
  }
  return order;
}
