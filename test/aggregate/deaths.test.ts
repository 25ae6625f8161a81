import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createApply } from '../../dist/src/aggregate/apply.js';
import { createCloseWindow } from '../../dist/src/aggregate/window.js';
import { Control, laneWord, Record as RecordMap } from '../../dist/src/memory/shard.js';
import { Life, mortal, outlives } from '../helpers/death.js';
import { LaneBench } from '../helpers/lane.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { type RowFields, ShardBench } from '../helpers/shard.js';
import { WindowModel } from '../helpers/window-model.js';
import { WindowStory } from '../helpers/window-story.js';

const SLOTS = 3;
/** A death may lose a block between taking and linking it: enough that none is ever missing. */
const SCORE_BLOCKS = 200;

/** A shard in mid-window: two windows were taken, records of the third are published and not yet applied. */
function inMidWindow(seed: number, records: number): { shard: ShardBench; expected: RowFields[] } {
  const random = new SeededRandom(seed);
  const shard = new ShardBench({ laneSlots: SLOTS, ringWords: 8192, scoreBlocks: SCORE_BLOCKS });
  const lane = new LaneBench(shard.memory);
  const model = new WindowModel(SCORE_BLOCKS);
  const story = new WindowStory(random, SLOTS);
  const put = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const record = story.record();
      lane.put(record);
      model.apply(record);
    }
    lane.publish();
  };
  for (let window = 0; window < 2; window++) {
    put(10);
    shard.flush();
    model.close();
    story.reopenSome();
  }
  put(records);
  return { shard, expected: model.close() };
}

/** Views a worker uses, which end with its life. */
function viewsOf({ memory }: ShardBench, life: Life): [Int32Array, Float64Array, Float32Array] {
  const { buffer } = memory;
  return [
    mortal(new Int32Array(buffer), life),
    mortal(new Float64Array(buffer), life),
    mortal(new Float32Array(buffer), life),
  ];
}

/** Applies what is published, as a worker that begins at APPLIED and dies before it stores how far it came. */
function applyAndDie(shard: ShardBench, life: Life): boolean {
  const { layout } = shard.memory;
  const apply = createApply(layout, ...viewsOf(shard, life));
  const window = shard.control(Control.I32_WINDOW);
  return outlives(life, () => {
    for (let at = shard.applied(); at !== shard.published(); ) {
      const record = layout.rings + (at & (layout.ringWords - 1));
      apply(record, window);
      at = (at + (shard.ints[2 * record]! & RecordMap.LENGTH_MASK)) | 0;
    }
  });
}

/** Runs a step of the whole drain, which dies at one of its Atomics stores. */
function stepAndDie(shard: ShardBench, life: Life): boolean {
  shard.succeed();
  return outlives(life, () => shard.step());
}

function closeAndDie(shard: ShardBench, request: number, life: Life): boolean {
  const closeWindow = createCloseWindow(shard.memory.layout, ...viewsOf(shard, life));
  return outlives(life, () => closeWindow(request));
}

/** What the next worker makes of the window that is open. */
function rowsOfSuccessor(shard: ShardBench): RowFields[] {
  shard.succeed();
  return shard.flush();
}

describe('a stats worker that dies while it applies', () => {
  test('at any store leaves its successor the same rows', () => {
    let stores = 0;
    for (let survived = false; !survived; stores++) {
      const { shard, expected } = inMidWindow(7, 40);
      survived = applyAndDie(shard, new Life(stores));
      expect(rowsOfSuccessor(shard), `after ${stores} stores`).toEqual(expected);
    }
    // Every record stores at least its totals: the loop above has seen them all.
    expect(stores).toBeGreaterThan(40 * 13);
  });

  test('again and again leaves its last successor the same rows', () => {
    const deaths = fc.array(fc.nat({ max: 1500 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(), deaths, (seed, lives) => {
        const { shard, expected } = inMidWindow(seed, 60);
        for (const stores of lives) applyAndDie(shard, new Life(stores));
        expect(rowsOfSuccessor(shard)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('beyond APPLIED makes nothing count twice: any record of the window may be applied again', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat({ max: 79 }), { maxLength: 5 }), (seed, steps) => {
        const { shard, expected } = inMidWindow(seed, 80);
        const boundaries = boundariesOf(shard);
        const applied = laneWord(0, Control.LANE_APPLIED);
        for (const back of steps) {
          shard.step();
          shard.ints[applied] = boundaries[back]!;
          shard.succeed();
        }
        expect(rowsOfSuccessor(shard)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

/** Where each published record begins. */
function boundariesOf(shard: ShardBench): number[] {
  const { rings, ringWords } = shard.memory.layout;
  const starts: number[] = [];
  for (let at = shard.applied(); at !== shard.published(); ) {
    const header = shard.ints[2 * (rings + (at & (ringWords - 1)))]!;
    if (((header >>> RecordMap.TYPE_SHIFT) & RecordMap.TYPE_MASK) !== RecordMap.PAD) starts.push(at);
    at = (at + (header & RecordMap.LENGTH_MASK)) | 0;
  }
  return starts;
}

describe('a stats worker that dies in a flush', () => {
  test('at any store of the closing leaves its successor one window with the same rows', () => {
    let stores = 0;
    for (let survived = false; !survived; stores++) {
      const { shard, expected } = inMidWindow(11, 40);
      shard.step();
      const request = shard.request(30_000);
      survived = closeAndDie(shard, request, new Life(stores));
      shard.succeed();
      shard.step();
      shard.step();
      const windows = shard.take();
      expect(windows, `after ${stores} stores`).toMatchObject([{ flush: request, timeMs: 30_000 }]);
      expect(windows[0]?.rows).toEqual(expected);
      expect(shard.control(Control.I32_ANSWERED)).toBe(request);
    }
    expect(stores).toBeGreaterThan(SLOTS * 30);
  });

  test('at any Atomics store of the whole turn leaves its successor one window with the same rows', () => {
    let stores = 0;
    for (let survived = false; !survived; stores++) {
      const { shard, expected } = inMidWindow(13, 150);
      const request = shard.request();
      survived = stepAndDie(shard, new Life(stores));
      shard.succeed();
      shard.step();
      const windows = shard.take();
      expect(windows, `after ${stores} stores`).toHaveLength(1);
      expect(windows[0]).toMatchObject({ flush: request });
      expect(windows[0]?.rows).toEqual(expected);
    }
    // APPLIED after 64 and 128 records and at the end, WINDOW, ANSWERED.
    expect(stores).toBe(6);
  });

  test('after the window was closed leaves nothing to do: the flush is not closed twice', () => {
    const { shard, expected } = inMidWindow(17, 30);
    const before = shard.control(Control.I32_ANSWERED);
    const request = shard.request();
    shard.step();
    shard.ints[Control.I32_ANSWERED] = before;
    shard.succeed();
    shard.step();
    expect(shard.control(Control.I32_ANSWERED)).toBe(request);
    expect(shard.take().map(({ rows }) => rows)).toEqual([expected]);
  });

  test('leaves the next window nothing of what it wrote for this one', () => {
    const { shard } = inMidWindow(19, 30);
    shard.step();
    closeAndDie(shard, shard.request(), new Life(60));
    shard.succeed();
    shard.step();
    shard.take();
    expect(shard.flush()).toEqual([]);
  });
});
