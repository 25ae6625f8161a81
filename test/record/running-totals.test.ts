import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeOfBytes,
  changeOfCounter,
  INVALID_BYTES_CHANGE,
  INVALID_CHANGE,
  signedLoss,
} from '../../dist/src/record/running-totals.js';

const U32 = 2 ** 32;
const SIXTEENTH = U32 / 16;

const below = (limit: number): fc.Arbitrary<number> => fc.maxSafeInteger().map((n) => Math.abs(n) % limit);

describe('the change of a u32 counter', () => {
  test('is what was added while it rises, nothing while it stands', () => {
    expect(changeOfCounter(0, 0)).toBe(0);
    expect(changeOfCounter(100, 100)).toBe(0);
    expect(changeOfCounter(100, 130)).toBe(30);
    expect(changeOfCounter(0, U32 - 1)).toBe(U32 - 1);
  });

  test.each([
    ['from the last number to the first', U32 - 1, 0, 1],
    ['from the last sixteenth to the end of the first', U32 - SIXTEENTH, SIXTEENTH - 1, 2 * SIXTEENTH - 1],
    ['from the last number to 99', U32 - 1, 99, 100],
  ])('is a wrap %s', (_, before, now, change) => {
    expect(changeOfCounter(before, now)).toBe(change);
  });

  test.each([
    ['before the last sixteenth', U32 - SIXTEENTH - 1, 0],
    ['before the last sixteenth, into the first', U32 - SIXTEENTH - 1, SIXTEENTH - 1],
    ['in the last sixteenth, to the end of the first', U32 - SIXTEENTH, SIXTEENTH],
    ['in the last number, to beyond the first sixteenth', U32 - 1, SIXTEENTH],
    ['in the middle of the range', U32 / 2, 5],
    ['beyond the range of u32', U32, 5],
    ['far beyond the range of u32', 2 ** 40, SIXTEENTH - 1],
    ['by one', 1000, 999],
  ])('is a restart from zero when it steps back %s', (_, before, now) => {
    expect(changeOfCounter(before, now)).toBe(now);
  });

  test('is never negative, whatever came before', () => {
    fc.assert(
      fc.property(below(2 ** 40), below(2 ** 40), (before, now) => {
        expect(changeOfCounter(before, now)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('of a counter that wraps as it should is what was added, wherever it stood', () => {
    fc.assert(
      fc.property(below(U32), below(SIXTEENTH), (before, added) => {
        expect(changeOfCounter(before, (before + added) % U32)).toBe(added);
      }),
    );
  });
});

describe('the change of a byte counter', () => {
  test('never is a wrap: a step back is a restart from zero', () => {
    expect(changeOfBytes(U32 - 1, 0)).toBe(0);
    expect(changeOfBytes(U32 - 1, 99)).toBe(99);
    expect(changeOfBytes(2 ** 63, 7)).toBe(7);
  });

  test('passes 2^32 like any other number', () => {
    expect(changeOfBytes(U32 - 1, U32 + 9)).toBe(10);
  });

  test('is never negative, whatever came before', () => {
    fc.assert(
      fc.property(below(2 ** 53), below(2 ** 53), (before, now) => {
        expect(changeOfBytes(before, now)).toBe(now >= before ? now - before : now);
      }),
    );
  });
});

describe('packetsLost', () => {
  test.each([
    [0, 0],
    [7, 7],
    [-13, -13],
    [4_294_967_283, -13],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [2 ** 31, -(2 ** 31)],
    [U32 - 1, -1],
    [U32, U32],
    [-(2 ** 31), -(2 ** 31)],
  ])('of %d means %d', (value, loss) => {
    expect(signedLoss(value)).toBe(loss);
  });
});

describe('the least change that is invalid', () => {
  test('is the one with the sign bit of its LiveKit field set', () => {
    expect(INVALID_CHANGE).toBe(2 ** 31);
    expect(INVALID_BYTES_CHANGE).toBe(2 ** 63);
  });
});
