/** Medians of many tracks' scores, all tracks with as many, one after the other in one array. */
export interface MedianRival {
  readonly name: string;
  /** The sum of the medians, so that each is really made. */
  sumOfMedians(scores: Float32Array, each: number): number;
}

const middle = (sorted: ArrayLike<number>): number => {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

export const arraySort: MedianRival = {
  name: 'medians by Array.sort',
  sumOfMedians(scores, each) {
    let sum = 0;
    for (let at = 0; at < scores.length; at += each) {
      sum += middle(Array.from(scores.subarray(at, at + each)).sort((a, b) => a - b));
    }
    return sum;
  },
};

export const typedArraySort: MedianRival = {
  name: 'medians by TypedArray.sort',
  sumOfMedians(scores, each) {
    const scratch = new Float32Array(each);
    let sum = 0;
    for (let at = 0; at < scores.length; at += each) {
      for (let n = 0; n < each; n++) scratch[n] = scores[at + n]!;
      sum += middle(scratch.sort());
    }
    return sum;
  },
};
