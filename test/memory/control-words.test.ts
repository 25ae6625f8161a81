import { describe, expect, test } from 'vitest';
import { Control, laneWord, shardLayout } from '../../dist/src/memory/shard.js';

const LINE_BYTES = 128;
const CACHE_LINE_BYTES = 64;
const LANES = 3;

interface ControlWord {
  name: string;
  writer: string;
  from: number;
  bytes: number;
}

const i32 = (writer: string, name: string, at: number): ControlWord => ({
  name,
  writer,
  from: at * 4,
  bytes: 4,
});

/** Who writes each of the words that drive the window protocol. */
function controlWords(): ControlWord[] {
  const shared = [
    i32('stats worker', 'I32_WINDOW', Control.I32_WINDOW),
    i32('stats worker', 'I32_ANSWERED', Control.I32_ANSWERED),
    i32('stats worker', 'I32_BEAT', Control.I32_BEAT),
    i32('stats worker', 'I32_MERGED', Control.I32_MERGED),
    i32('stats worker', 'I32_POOL_STAMP', Control.I32_POOL_STAMP),
    i32('stats worker', 'I32_POOL_NEXT', Control.I32_POOL_NEXT),
    i32('timer thread', 'I32_REQUEST', Control.I32_REQUEST),
    i32('timer thread', 'I32_RELEASED', Control.I32_RELEASED),
    i32('timer thread', 'I32_STOP', Control.I32_STOP),
    { name: 'REQUEST_TIME', writer: 'timer thread', from: Control.REQUEST_TIME * 8, bytes: 8 },
    i32('supervisor', 'I32_OWNER', Control.I32_OWNER),
    i32('whoever wakes', 'I32_WAKE', Control.I32_WAKE),
    i32('who sleeps', 'I32_SLEEPING', Control.I32_SLEEPING),
  ];
  const lanes = Array.from({ length: LANES }, (_, lane) => [
    i32(`recording thread ${lane}`, 'LANE_PUBLISHED', laneWord(lane, Control.LANE_PUBLISHED)),
    i32(`recording thread ${lane}`, 'LANE_SLOTS_USED', laneWord(lane, Control.LANE_SLOTS_USED)),
    i32('stats worker', 'LANE_APPLIED', laneWord(lane, Control.LANE_APPLIED)),
    i32('timer thread', 'LANE_COVERED', laneWord(lane, Control.LANE_COVERED)),
  ]);
  return [...shared, ...lanes.flat()];
}

/** Every pair of words that breaks a rule. */
function pairs(words: readonly ControlWord[], breaks: (a: ControlWord, b: ControlWord) => boolean): string[] {
  return words.flatMap((a, i) =>
    words
      .slice(i + 1)
      .filter((b) => breaks(a, b))
      .map((b) => `${a.name} and ${b.name}`),
  );
}

describe('the control words', () => {
  test('are all in the table this test checks', () => {
    const named = new Set(controlWords().map(({ name }) => name));
    const places = ['I32_LANES', 'LANE_STRIDE'];
    expect([...named, ...places].sort()).toEqual(Object.keys(Control).sort());
  });

  test('do not overlap', () => {
    const clash = pairs(controlWords(), (a, b) => a.from < b.from + b.bytes && b.from < a.from + a.bytes);
    expect(clash).toEqual([]);
  });

  test('of different writers lie on different lines of 128 bytes', () => {
    const line = ({ from }: ControlWord): number => Math.floor(from / LINE_BYTES);
    const shared = pairs(controlWords(), (a, b) => a.writer !== b.writer && line(a) === line(b));
    expect(shared).toEqual([]);
  });

  test('of different writers never share a cache line, wherever the memory begins', () => {
    const near = pairs(controlWords(), (a, b) => {
      const gap = a.from < b.from ? b.from - (a.from + a.bytes) : a.from - (b.from + b.bytes);
      return a.writer !== b.writer && gap < CACHE_LINE_BYTES;
    });
    expect(near).toEqual([]);
  });

  test.each([0, 1, 2])('PUBLISHED and APPLIED of lane %d are at least 128 bytes apart', (lane) => {
    const published = laneWord(lane, Control.LANE_PUBLISHED) * 4;
    const applied = laneWord(lane, Control.LANE_APPLIED) * 4;
    expect(Math.abs(published - applied)).toBeGreaterThanOrEqual(LINE_BYTES);
  });

  test('are naturally aligned', () => {
    for (const { name, from, bytes } of controlWords()) expect(from % bytes, name).toBe(0);
  });

  test('end a line before the directory begins', () => {
    const { directory } = shardLayout({ lanes: LANES, laneSlots: 1, ringWords: 64, scoreBlocks: 0 });
    const last = Math.max(...controlWords().map(({ from }) => from));
    expect(directory * 8 - last).toBeGreaterThanOrEqual(LINE_BYTES);
  });
});
