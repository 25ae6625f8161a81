import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneBench } from '../helpers/lane.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { noTotals, ShardBench } from '../helpers/shard.js';
import { WindowModel } from '../helpers/window-model.js';
import { WindowStory } from '../helpers/window-story.js';

const SLOTS = 4;

interface Story {
  seed: number;
  scoreBlocks: number;
  position: number;
  /** Records of each window. */
  windows: number[];
}

const stories: fc.Arbitrary<Story> = fc.record({
  seed: fc.nat(),
  scoreBlocks: fc.constantFrom(0, 1, 2, 100),
  position: fc.constantFrom(0, 2 ** 31 - 3000, 2 ** 32 - 3000),
  windows: fc.array(fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 150 })), { minLength: 1, maxLength: 8 }),
});

describe('a stats worker', () => {
  test('makes the rows that a plain reference makes of the same records, field by field', () => {
    fc.assert(
      fc.property(stories, ({ seed, scoreBlocks, position, windows }) => {
        const random = new SeededRandom(seed);
        const shard = new ShardBench({ laneSlots: SLOTS, ringWords: 8192, scoreBlocks }, position);
        const lane = new LaneBench(shard.memory);
        const model = new WindowModel(scoreBlocks);
        const story = new WindowStory(random, SLOTS);
        for (const records of windows) {
          for (let n = 0; n < records; n++) {
            const record = story.record();
            expect(lane.put(record)).toBe(true);
            model.apply(record);
            if (random.chance(0.1)) lane.publish();
            if (random.chance(0.1)) shard.step();
          }
          lane.publish();
          expect(shard.flush()).toEqual(model.close());
          story.reopenSome();
        }
      }),
      { numRuns: 400 },
    );
  });

  test('reads every lane, each with slots of its own, and gives rows lane by lane', () => {
    const shard = new ShardBench({ lanes: 3, laneSlots: 2 });
    const lanes = [0, 1, 2].map((lane) => new LaneBench(shard.memory, lane));
    expect(lanes.map(({ lane }) => lane.firstSlot)).toEqual([0, 2, 4]);
    lanes[2]!.put({ slot: 4, totals: { samples: 1, primaryBytes: 400 } });
    lanes[0]!.put({ slot: 1, totals: { samples: 1, primaryBytes: 100 } });
    lanes[2]!.put({ slot: 5, totals: { samples: 1, primaryBytes: 500 } });
    for (const lane of lanes) lane.publish();
    expect(shard.flush().map(({ slot, deltas }) => [slot, deltas.primaryBytes])).toEqual([
      [1, 100],
      [4, 400],
      [5, 500],
    ]);
  });

  test('gives a data track three deltas and nothing else', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.putCounter({ slot: 3, timeMs: 700, samples: 4, messages: 9, bytes: 1000 });
    lane.putCounter({ slot: 3, timeMs: 900, samples: 5, messages: 9, bytes: 1000 });
    lane.publish();
    expect(shard.flush()).toEqual([
      {
        slot: 3,
        generation: 1,
        deltas: { ...noTotals(), samples: 5, primaryPackets: 9, primaryBytes: 1000 },
        layers: [
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ],
        layersBrought: 0,
        keptLayer: undefined,
        rttMs: 0,
        jitterUs: 0,
        mime: 0,
        scores: 0,
        scoresDropped: 0,
        scoreSum: 0,
        scoreMin: 0,
        scoreMedian: 0,
        startMs: 700,
        endMs: 900,
      },
    ]);
  });

  test('gives no row for a slot whose samples did not grow, though a record came', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    const record = { slot: 0, timeMs: 100, totals: { samples: 3, primaryBytes: 10 } };
    lane.put(record);
    lane.publish();
    expect(shard.flush()).toHaveLength(1);
    lane.put({ ...record, timeMs: 200 });
    lane.publish();
    expect(shard.flush()).toEqual([]);
  });

  test('stamps a window with the flush and the time that were asked for', () => {
    const shard = new ShardBench();
    shard.request(30_000);
    shard.step();
    shard.request(60_000);
    shard.step();
    expect(shard.take()).toEqual([
      { window: 1, flush: 1, timeMs: 30_000, rows: [] },
      { window: 2, flush: 2, timeMs: 60_000, rows: [] },
    ]);
  });

  test('puts what was published before the request into its window, and what came later into the next', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1, primaryBytes: 10 } });
    lane.publish();
    lane.put({ slot: 0, totals: { samples: 2, primaryBytes: 30 } });
    expect(shard.flush()[0]?.deltas.primaryBytes).toBe(10);
    lane.publish();
    expect(shard.flush()[0]?.deltas.primaryBytes).toBe(20);
  });

  test("clears what the window's maxima were: the next has its own", () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1 }, rttMs: 2 ** 32 - 1, jitterUs: 2 ** 31, mime: 3, score: 4 });
    lane.publish();
    expect(shard.flush()[0]).toMatchObject({ rttMs: 2 ** 32 - 1, jitterUs: 2 ** 31, mime: 3, scores: 1 });
    lane.put({ slot: 0, totals: { samples: 2 }, rttMs: 7, jitterUs: 5, scoreNumber: 1 });
    lane.publish();
    expect(shard.flush()[0]).toMatchObject({ rttMs: 7, jitterUs: 5, mime: 0, scores: 0, scoreMedian: 0 });
  });

  test('keeps totals exact up to 2^53', () => {
    const shard = new ShardBench();
    const lane = new LaneBench(shard.memory);
    lane.put({ slot: 0, totals: { samples: 1, primaryBytes: 2 ** 53 - 3 } });
    lane.publish();
    expect(shard.flush()[0]?.deltas.primaryBytes).toBe(2 ** 53 - 3);
    lane.put({ slot: 0, totals: { samples: 2, primaryBytes: 2 ** 53 - 1 } });
    lane.publish();
    expect(shard.flush()[0]?.deltas.primaryBytes).toBe(2);
  });
});
