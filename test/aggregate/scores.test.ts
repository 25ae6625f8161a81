import { describe, expect, test } from 'vitest';
import { BLOCK_SCORES, Control, Slot } from '../../dist/src/memory/shard.js';
import { LaneBench } from '../helpers/lane.js';
import { type RowFields, ShardBench } from '../helpers/shard.js';
import { plainMedian } from '../helpers/window-model.js';

const { INLINE_SCORES } = Slot;

function benchWith(scoreBlocks: number) {
  const shard = new ShardBench({ laneSlots: 4, ringWords: 16_384, scoreBlocks });
  const lane = new LaneBench(shard.memory);
  const given = [0, 0, 0, 0];
  const samples = [0, 0, 0, 0];
  return {
    shard,
    /** One record with a score; 0 for none. */
    give(slot: number, score: number): void {
      samples[slot]!++;
      lane.put({ slot, totals: { samples: samples[slot]! }, score, scoreNumber: given[slot]! });
      if (score > 0) given[slot]!++;
    },
    flush(): RowFields[] {
      lane.publish();
      return shard.flush();
    },
  };
}

/** What a row says of scores that were all kept. */
function summary(scores: readonly number[]): Partial<RowFields> {
  const kept = scores.map(Math.fround);
  return {
    scores: kept.length,
    scoresDropped: 0,
    scoreSum: kept.reduce((sum, score) => sum + score, 0),
    scoreMin: Math.min(...kept),
    scoreMedian: plainMedian(kept),
  };
}

/** Different scores, the smallest neither first nor last. */
const scoresOf = (count: number): number[] =>
  Array.from({ length: count }, (_, n) => 1 + ((n * 37 + 11) % count) / count);

describe('the scores of a window', () => {
  test.each([1, 15, 16, 17, 31, 32, 33, 48, 49, 200])(
    'are all there when there are %d: inline, then chained',
    (count) => {
      const bench = benchWith(100);
      for (const score of scoresOf(count)) bench.give(0, score);
      expect(bench.flush()[0]).toMatchObject(summary(scoresOf(count)));
    },
  );

  test('of several tracks are kept apart, though their blocks lie among each other', () => {
    const bench = benchWith(100);
    const scores = scoresOf(80);
    for (const [n, score] of scores.entries()) bench.give(n % 2, score);
    const [first, second] = bench.flush();
    expect(first).toMatchObject(summary(scores.filter((_, n) => n % 2 === 0)));
    expect(second).toMatchObject(summary(scores.filter((_, n) => n % 2 === 1)));
  });

  test('do not count where a record has none', () => {
    const bench = benchWith(1);
    for (const score of [0, 3, 0, 0, 5, 0]) bench.give(0, score);
    expect(bench.flush()[0]).toMatchObject(summary([3, 5]));
  });

  test('are those of this window only, chain and pool with it', () => {
    const bench = benchWith(2);
    for (const score of scoresOf(48)) bench.give(0, score);
    expect(bench.flush()[0]).toMatchObject(summary(scoresOf(48)));
    for (const score of scoresOf(40)) bench.give(1, score);
    bench.give(0, 2);
    const [first, second] = bench.flush();
    expect(first).toMatchObject(summary([2]));
    expect(second).toMatchObject(summary(scoresOf(40)));
  });

  test('are summed in double precision, in the order they came', () => {
    const bench = benchWith(1);
    const scores = [1e8, 0.1, 0.2, 0.3, 4.4];
    for (const score of scores) bench.give(0, score);
    const sum = scores.map(Math.fround).reduce((all, score) => all + score, 0);
    expect(bench.flush()[0]?.scoreSum).toBe(sum);
    expect(Math.fround(sum)).not.toBe(sum);
  });
});

describe('a dry pool of score blocks', () => {
  test('drops the scores it has no room for, counts them and leaves the others exact', () => {
    const bench = benchWith(1);
    const scores = scoresOf(50);
    for (const score of scores) bench.give(0, score);
    const kept = scores.slice(0, INLINE_SCORES + BLOCK_SCORES);
    expect(bench.flush()[0]).toEqual(
      expect.objectContaining({ ...summary(kept), scoresDropped: scores.length - kept.length }),
    );
  });

  test('without any block keeps the inline scores', () => {
    const bench = benchWith(0);
    const scores = scoresOf(20);
    for (const score of scores) bench.give(0, score);
    expect(bench.flush()[0]).toEqual(
      expect.objectContaining({ ...summary(scores.slice(0, INLINE_SCORES)), scoresDropped: 4 }),
    );
  });

  test('costs only the track that came too late, and only in this window', () => {
    const bench = benchWith(1);
    for (const score of scoresOf(20)) bench.give(0, score);
    for (const score of scoresOf(20)) bench.give(1, score);
    expect(bench.flush().map(({ scores, scoresDropped }) => [scores, scoresDropped])).toEqual([
      [20, 0],
      [16, 4],
    ]);
    for (const score of scoresOf(20)) bench.give(1, score);
    expect(bench.flush()[0]).toMatchObject(summary(scoresOf(20)));
  });

  test('loses no sample: only scores are left out', () => {
    const bench = benchWith(0);
    for (const score of scoresOf(30)) bench.give(0, score);
    expect(bench.flush()[0]?.deltas.samples).toBe(30);
  });
});

describe('the numbers of scores', () => {
  test('may pass 2^31', () => {
    const shard = new ShardBench({ scoreBlocks: 4 });
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1 } });
    lane.publish();
    shard.flush();
    // As after that many scores: the next has the last number below 2^31, and a record's word is signed.
    shard.ints[2 * shard.memory.layout.slotBase + Slot.I32_NEXT_SCORE] = 2 ** 31 - 1;
    const scores = scoresOf(20);
    scores.forEach((score, n) => {
      lane.put({ slot: 0, totals: { samples: 2 + n }, score, scoreNumber: (2 ** 31 - 1 + n) | 0 });
    });
    lane.publish();
    expect(shard.flush()[0]).toMatchObject(summary(scores));
  });
});

describe('the score pool', () => {
  test('is emptied by the window, not by a store of its own', () => {
    const bench = benchWith(3);
    for (const score of scoresOf(40)) bench.give(0, score);
    bench.flush();
    expect(bench.shard.control(Control.I32_POOL_NEXT)).toBe(2);
    expect(bench.shard.control(Control.I32_POOL_STAMP)).not.toBe(bench.shard.control(Control.I32_WINDOW));
  });
});
