import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Control, laneWord, Record as RecordMap } from '../../dist/src/memory/shard.js';
import { LaneBench } from '../helpers/lane.js';
import { ShardBench } from '../helpers/shard.js';
import { until } from '../helpers/until.js';

const { SAMPLE_WORDS, COUNTER_WORDS, MAX_WORDS } = RecordMap;
const FOUR_LAYERS: [number, number, number][] = [
  [1, 1, 1],
  [2, 2, 2],
  [3, 3, 3],
  [4, 4, 4],
];

function laneOf(ringWords: number, position = 0) {
  const shard = new ShardBench({ ringWords }, position);
  const bench = new LaneBench(shard.memory);
  let samples = 0;
  let lastPut = 0;
  return {
    shard,
    bench,
    lane: bench.lane,
    /** Puts one more sample, or folds it into the next. */
    put(): boolean {
      const done = bench.put({ slot: 0, totals: { samples: ++samples } });
      if (done) lastPut = samples;
      return done;
    },
    /** Samples as the last record that was put gives them. */
    lastPut: (): number => lastPut,
    /** Words a lane has put since it began. */
    words: (): number => (bench.lane.position - position) | 0,
  };
}

describe('a lane', () => {
  test('takes records of each length as long as they say', () => {
    const { bench, words } = laneOf(1024);
    bench.put({ slot: 0 });
    expect(words()).toBe(SAMPLE_WORDS);
    bench.putCounter({ slot: 0, samples: 1, messages: 1, bytes: 1 });
    expect(words()).toBe(SAMPLE_WORDS + COUNTER_WORDS);
    bench.put({ slot: 0, layers: FOUR_LAYERS });
    expect(words()).toBe(SAMPLE_WORDS + COUNTER_WORDS + MAX_WORDS);
  });

  test('publishes in batches of an eighth of its ring, not record by record', () => {
    const { shard, bench, put } = laneOf(1024);
    const inABatch = Math.ceil(1024 / 8 / SAMPLE_WORDS);
    for (let n = 1; n < inABatch; n++) put();
    expect(shard.published()).toBe(0);
    put();
    expect(shard.published()).toBe(inABatch * SAMPLE_WORDS);
    put();
    expect(shard.published()).toBe(inABatch * SAMPLE_WORDS);
    bench.publish();
    expect(shard.published()).toBe((inABatch + 1) * SAMPLE_WORDS);
  });

  test('wakes the drain once a batch, and not when there is nothing new', () => {
    const { shard, bench, put } = laneOf(1024);
    const wakes = (): number => shard.control(Control.I32_WAKE);
    put();
    expect(wakes()).toBe(0);
    bench.publish();
    bench.publish();
    expect(wakes()).toBe(1);
  });

  test('is full when the next record does not fit, and stays as it was', () => {
    const { shard, put, words } = laneOf(64);
    for (let n = 0; n < 3; n++) expect(put()).toBe(true);
    const before = Int32Array.from(shard.ints);
    expect(put()).toBe(false);
    expect(words()).toBe(3 * SAMPLE_WORDS);
    expect(shard.ints).toEqual(before);
  });

  test('has room again once records were applied', () => {
    const { shard, bench, put } = laneOf(64);
    until(() => !put());
    bench.publish();
    shard.step();
    expect(put()).toBe(true);
  });

  test('says whether a record of any size fits, the skip at the end of its ring included', () => {
    for (let at = 0; at < 128; at++) {
      const { shard, bench, lane } = laneOf(128, at);
      until(() => {
        if (!lane.hasRoom()) return true;
        expect(bench.put({ slot: 0, layers: FOUR_LAYERS })).toBe(true);
        return false;
      });
      bench.publish();
      shard.step();
      expect(lane.hasRoom()).toBe(true);
    }
  });

  test('says how full it is', () => {
    const { shard, bench, lane, put } = laneOf(64, 2 ** 31 - 18);
    expect(lane.fill).toBe(0);
    put();
    put();
    expect(lane.fill).toBe((2 * SAMPLE_WORDS) / 64);
    bench.publish();
    shard.step();
    expect(lane.fill).toBe(0);
  });

  test('fills the rest of its ring where a record does not fit before the end', () => {
    const { shard, bench, put, words } = laneOf(64, 50);
    put();
    bench.publish();
    expect(words()).toBe(14 + SAMPLE_WORDS);
    shard.step();
    expect(shard.reader.isDrained()).toBe(true);
    expect(shard.flush()).toMatchObject([{ deltas: { samples: 1 } }]);
  });

  test('can be filled to the last word', () => {
    const { shard, bench, lane } = laneOf(64);
    for (let n = 1; n <= 10; n++) bench.putCounter({ slot: 0, samples: n, messages: n, bytes: n });
    expect(lane.fill).toBe(60 / 64);
    expect(bench.putCounter({ slot: 0, samples: 11, messages: 11, bytes: 11 })).toBe(false);
    bench.publish();
    shard.step();
    // The skip of four words and ten records: all 64.
    for (let n = 11; n <= 20; n++) {
      expect(bench.putCounter({ slot: 0, samples: n, messages: n, bytes: n })).toBe(true);
    }
    expect(lane.fill).toBe(1);
    bench.publish();
    expect(shard.flush()).toMatchObject([{ deltas: { samples: 20, primaryBytes: 20 } }]);
  });

  test.each([
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
  ])('goes on when its positions pass %s, full or not', (_, edge) => {
    const { shard, bench, put, lastPut, lane } = laneOf(64, (edge - 500) | 0);
    let reported = 0;
    for (let n = 0; n < 40; n++) {
      until(() => !put());
      expect(lane.fill).toBeGreaterThan(0.5);
      bench.publish();
      for (const { deltas } of shard.flush()) reported += deltas.samples;
      expect(reported).toBe(lastPut());
    }
    expect((shard.applied() - (edge | 0)) | 0).toBeGreaterThan(500);
  });

  test('is taken over where it stood by whoever comes after its thread', () => {
    const shard = new ShardBench({ ringWords: 64 });
    const first = new LaneBench(shard.memory);
    first.put({ slot: 0, totals: { samples: 1 } });
    first.publish();
    // Put and never published: gone with its thread.
    first.put({ slot: 0, totals: { samples: 2 } });
    const second = new LaneBench(shard.memory);
    expect(second.lane.position).toBe(shard.published());
    second.put({ slot: 0, totals: { samples: 5 } });
    second.publish();
    expect(shard.flush()).toMatchObject([{ deltas: { samples: 5 } }]);
  });

  test('tells flushes how many of its slots were ever used', () => {
    const shard = new ShardBench({ laneSlots: 4 });
    const bench = new LaneBench(shard.memory);
    bench.lane.slotsUsed = 1;
    expect(shard.control(laneWord(0, Control.LANE_SLOTS_USED))).toBe(1);
    for (const slot of [0, 1]) bench.put({ slot, totals: { samples: 1 } });
    bench.publish();
    expect(shard.flush().map(({ slot }) => slot)).toEqual([0]);
  });
});

describe('a reader that lags behind', () => {
  test('gets every total in the end, however lengths, batches and turns fall', () => {
    const steps = fc.array(fc.constantFrom('sample', 'layers', 'counter', 'publish', 'step'), {
      maxLength: 200,
    });
    const positions = fc.constantFrom(0, 1000, 2 ** 31 - 200, 2 ** 32 - 200);
    fc.assert(
      fc.property(steps, positions, (todo, position) => {
        const shard = new ShardBench({ ringWords: 128 }, position | 0);
        const bench = new LaneBench(shard.memory);
        const given = [0, 0, 0];
        const put = [0, 0, 0];
        const tryPut = (slot: number): void => {
          const samples = ++given[slot]!;
          const done =
            slot === 2
              ? bench.putCounter({ slot, samples, messages: samples, bytes: samples })
              : bench.put({ slot, totals: { samples }, layers: slot === 1 ? FOUR_LAYERS : [] });
          if (done) put[slot] = samples;
        };
        for (const step of todo) {
          if (step === 'publish') bench.publish();
          else if (step === 'step') shard.step();
          else tryPut(['sample', 'layers', 'counter'].indexOf(step));
        }
        bench.publish();
        const reported = [0, 0, 0];
        for (const { slot, deltas } of shard.flush()) reported[slot] = deltas.samples;
        expect(reported).toEqual(put);
      }),
    );
  });
});
