import { describe, expect, test } from 'vitest';
import { BareCells } from '../../dist/bench/harness/bare-cells.js';
import {
  type Figure,
  judge,
  ratioAtLeast,
  slownessOf,
  timeAtMost,
} from '../../dist/bench/harness/figures.js';
import { measurement } from '../../dist/bench/harness/measurement.js';
import { inTurn } from '../../dist/bench/harness/message-pattern.js';
import { type Contestant, interleaved } from '../../dist/bench/harness/rounds.js';
import { median, pairedRatio, quantile, spread } from '../../dist/bench/harness/statistics.js';
import { SumsDifferError } from '../../dist/bench/harness/sums.js';
import { bareCells } from '../../dist/bench/rivals/cells.js';

const options = () => ({ rounds: 2, timeMs: 1, bare: new BareCells() });

/** Counts ten calls a batch, and says at the end that it counted so many more. */
function counting(contestant: string, more: number): Contestant {
  let counted = 0;
  return {
    case: 'counting',
    contestant,
    calls: 10,
    batch: () => {
      counted += 10;
    },
    verify: (calls) => {
      if (calls !== counted + more) throw new SumsDifferError(contestant, calls, counted + more);
    },
  };
}

describe('statistics', () => {
  test('a median of an even number of values lies between the two in the middle, in any order', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
  });

  test('quantiles are interpolated; the ends are the least and the largest', () => {
    expect(quantile([10, 20, 30, 40, 50], 0)).toBe(10);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20], 0.75)).toBe(17.5);
    expect(quantile([10, 20], 1)).toBe(20);
    expect(() => median([])).toThrow(RangeError);
  });

  test('the spread is half of the middle half over the median', () => {
    expect(spread([90, 95, 100, 105, 110])).toBe(0.05);
    expect(spread([7, 7, 7])).toBe(0);
  });

  test('a ratio pairs the rounds: a machine that gets slower does not change it', () => {
    expect(pairedRatio([2, 20, 200], [1, 10, 100])).toBe(2);
    expect(() => pairedRatio([1], [1, 2])).toThrow(RangeError);
  });

  test('of a rate the best is the highest, of a time the least', () => {
    const name = { case: 'a', contestant: 'b' };
    expect(measurement(name, 'M/s', [1, 3, 2])).toMatchObject({ best: 3, median: 2 });
    expect(measurement(name, 'ns', [1, 3, 2])).toMatchObject({ best: 1, median: 2 });
  });
});

describe('rounds', () => {
  test('every contestant is timed in every round, and its sums are compared', async () => {
    const measured = await interleaved([counting('one', 0), counting('other', 0)], options());
    expect(measured.map(({ contestant, rounds }) => [contestant, rounds.length])).toEqual([
      ['one', 2],
      ['other', 2],
    ]);
    expect(measured.every(({ best }) => best >= 0)).toBe(true);
  });

  test('sums that differ fail the bench, whoever it was', async () => {
    const wrong = interleaved([counting('right', 0), counting('wrong', -10)], options());
    await expect(wrong).rejects.toThrow(SumsDifferError);
    await expect(wrong).rejects.toThrow(/^wrong: \d+ instead of \d+$/);
  });

  test('the limit itself counts what the pattern says', async () => {
    const pattern = inTurn(10_000);
    const counter = bareCells.prepare(pattern);
    counter.batch();
    counter.batch();
    expect(await counter.counted()).toEqual({ messages: 20_000, bytes: pattern.bytesOf(20_000) });
    expect(pattern.bytesOf(10_001)).toBe(pattern.bytesOf(10_000) + pattern.sizes[0]!);
  });
});

describe('figures', () => {
  const planned = 1;

  test('a time is held or missed as it would be on the planned machine', () => {
    const figure = timeAtMost('put', 60, 'ns', 40);
    expect(judge(figure, planned, false)).toMatchObject({ held: false, normalised: 60 });
    expect(judge(figure, 2 * planned, false)).toMatchObject({ held: true, normalised: 30, value: 60 });
  });

  test('slowness is the time of a bare cell over 1.3 ns; a faster compiler is no faster machine', () => {
    expect(slownessOf(2.6, 'v20.20.2')).toBe(2);
    expect(slownessOf(0.82, 'v24.21.0')).toBeCloseTo(slownessOf(1.2, 'v20.20.2'), 10);
  });

  test('a rate is multiplied by how much slower the machine is', () => {
    const figure: Figure = { ...timeAtMost('rate', 80, 'M/s', 150), relation: 'at least', kind: 'rate' };
    expect(judge(figure, planned, false)).toMatchObject({ held: false });
    expect(judge(figure, 2 * planned, false)).toMatchObject({ held: true, normalised: 160 });
  });

  test('a ratio is left as it is; the bound itself is held', () => {
    expect(judge(ratioAtLeast('rival', 100, 100), 9, false)).toMatchObject({ held: true, normalised: 100 });
    expect(judge(ratioAtLeast('rival', 99, 100), 9, false)).toMatchObject({ held: false });
  });

  test('a quick run judges ratios alone, with their wider bounds', () => {
    expect(judge(timeAtMost('put', 60, 'ns', 40), planned, true)).toBeUndefined();
    expect(judge(ratioAtLeast('rival', 60, 100), planned, true)).toMatchObject({ held: true, bound: 50 });
    expect(judge(ratioAtLeast('rival', 40, 100), planned, true)).toMatchObject({ held: false });
  });
});
