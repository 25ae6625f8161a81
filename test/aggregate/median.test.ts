import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMedian, NETWORK_LIMIT } from '../../dist/src/aggregate/median.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { plainMedian } from '../helpers/window-model.js';

/** More than any test puts in; what lies beyond the count must not matter. */
const CAPACITY = 256;

const scratch = new Float32Array(CAPACITY);
const median = createMedian(new Int32Array(scratch.buffer), scratch);

function medianOf(scores: readonly number[]): number {
  scratch.fill(Number.MAX_VALUE);
  scratch.set(scores);
  return median(scores.length);
}

const float32 = fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true });
/** Few different values, so that most scores are equal. */
const tied = fc.constantFrom(1, 2.5, Math.fround(4.4), Math.fround(4.3), 5);

describe('the median', () => {
  test('of no score is 0, of one it is that score, of two their mean in double precision', () => {
    expect(medianOf([])).toBe(0);
    expect(medianOf([Math.fround(4.4)])).toBe(Math.fround(4.4));
    const [a, b] = [Math.fround(0.1), Math.fround(0.2)];
    expect(medianOf([a, b])).toBe((a + b) / 2);
    expect(medianOf([a, b])).not.toBe(Math.fround((a + b) / 2));
  });

  test('is the middle of the sorted scores for every count from 0 to 200, whatever their order', () => {
    const random = new SeededRandom(42);
    for (let count = 0; count <= 200; count++) {
      const scores = Array.from({ length: count }, () => Math.fround(1 + 4 * random.next()));
      const rising = [...scores].sort((a, b) => a - b);
      for (const order of [scores, rising, [...rising].reverse()]) {
        expect(medianOf(order), `${count} scores`).toBe(plainMedian(scores));
      }
    }
  });

  test.each([
    ['network', 0, NETWORK_LIMIT],
    ['selection', NETWORK_LIMIT + 1, 200],
  ])('by %s equals that of a sort, for any scores', (_, minLength, maxLength) => {
    fc.assert(
      fc.property(fc.array(float32, { minLength, maxLength, size: 'max' }), (scores) => {
        expect(medianOf(scores)).toBe(plainMedian(scores));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['network', 0, NETWORK_LIMIT],
    ['selection', NETWORK_LIMIT + 1, 200],
  ])('by %s equals that of a sort, where many scores are equal', (_, minLength, maxLength) => {
    fc.assert(
      fc.property(fc.array(tied, { minLength, maxLength, size: 'max' }), (scores) => {
        expect(medianOf(scores)).toBe(plainMedian(scores));
      }),
      { numRuns: 300 },
    );
  });

  test.each([7, 8, 9, 16, 17, 31, 32, 33, 100, 101])('of %d equal scores is that score', (count) => {
    expect(medianOf(Array.from({ length: count }, () => 3.5))).toBe(3.5);
  });

  test('orders the smallest and the largest floats right', () => {
    const smallest = 2 ** -149;
    const largest = (2 - 2 ** -23) * 2 ** 127;
    expect(medianOf([largest, smallest, 1])).toBe(1);
    expect(medianOf([largest, smallest, smallest])).toBe(smallest);
    expect(medianOf([largest, largest])).toBe(largest);
  });
});
