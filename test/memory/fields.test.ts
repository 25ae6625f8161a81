import { describe, expect, test } from 'vitest';
import { Board } from '../../dist/src/memory/board.js';
import { BookCells, CounterCells, MetaCells, StreamCells, ThreadBooks } from '../../dist/src/memory/cells.js';
import { LedgerWords } from '../../dist/src/memory/ledger.js';
import { COUNTRY_ROWS } from '../../dist/src/memory/packet-counts.js';
import { Row, RowFlags } from '../../dist/src/memory/row.js';
import { Entry, Record as RecordMap, Slot } from '../../dist/src/memory/shard.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { InvalidReason } from '../../dist/src/record/result.js';
import { TOTAL_NAMES } from '../helpers/shard.js';

/** Fields by their name in a map: where they begin and how long they are, in 4-byte words. */
type Fields = Record<string, readonly [at: number, length: number]>;

const half = (at: number): readonly [number, number] => [at, 1];
const words = (at: number, count = 1): readonly [number, number] => [at * 2, count * 2];

function clashes(fields: Fields, length: number): string[] {
  const found: string[] = [];
  const inOrder = Object.entries(fields).sort(([, [a]], [, [b]]) => a - b);
  for (const [i, [name, [at, long]]] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (at < 0 || at + long > length) found.push(`${name} is outside`);
    if (next !== undefined && at + long > next[1][0]) found.push(`${name} and ${next[0]}`);
  }
  return found;
}

const SAMPLE_FIELDS: Fields = {
  I32_HEADER: half(RecordMap.I32_HEADER),
  I32_SLOT: half(RecordMap.I32_SLOT),
  I32_GENERATION: half(RecordMap.I32_GENERATION),
  I32_SCORE_NUMBER: half(RecordMap.I32_SCORE_NUMBER),
  TIME: words(RecordMap.TIME),
  TOTALS: words(RecordMap.TOTALS, Totals.COUNT),
  I32_MIME: half(RecordMap.I32_MIME),
  F32_SCORE: half(RecordMap.F32_SCORE),
  I32_RTT: half(RecordMap.I32_RTT),
  I32_JITTER: half(RecordMap.I32_JITTER),
};

const SLOT_FIELDS: Fields = {
  I32_STAMP: half(Slot.I32_STAMP),
  I32_GENERATION: half(Slot.I32_GENERATION),
  I32_FIRST_SCORE: half(Slot.I32_FIRST_SCORE),
  I32_NEXT_SCORE: half(Slot.I32_NEXT_SCORE),
  I32_RTT: half(Slot.I32_RTT),
  I32_JITTER: half(Slot.I32_JITTER),
  I32_MIME: half(Slot.I32_MIME),
  I32_LAYERS: half(Slot.I32_LAYERS),
  I32_CHAIN: half(Slot.I32_CHAIN),
  LAST_TIME: words(Slot.LAST_TIME),
  BASE_TIME: words(Slot.BASE_TIME),
  FIRST_TIME: words(Slot.FIRST_TIME),
  LAST: words(Slot.LAST, Totals.COUNT),
  BASE: words(Slot.BASE, Totals.COUNT),
  LAST_LAYERS: words(Slot.LAST_LAYERS, Totals.LAYER_WORDS * Totals.MAX_LAYERS),
  BASE_LAYERS: words(Slot.BASE_LAYERS, Totals.LAYER_WORDS * Totals.MAX_LAYERS),
  SCORES: words(Slot.SCORES, Slot.INLINE_SCORES / 2),
};

const ROW_FIELDS: Fields = {
  I32_SLOT: half(Row.I32_SLOT),
  I32_GENERATION: half(Row.I32_GENERATION),
  I32_SCORES: half(Row.I32_SCORES),
  I32_SCORES_DROPPED: half(Row.I32_SCORES_DROPPED),
  I32_RTT: half(Row.I32_RTT),
  I32_JITTER: half(Row.I32_JITTER),
  I32_MIME: half(Row.I32_MIME),
  I32_FLAGS: half(Row.I32_FLAGS),
  START: words(Row.START),
  END: words(Row.END),
  DELTAS: words(Row.DELTAS, Totals.COUNT),
  LAYERS: words(Row.LAYERS, Totals.LAYER_WORDS * Totals.MAX_LAYERS),
  SCORE_SUM: words(Row.SCORE_SUM),
  SCORE_MEDIAN: words(Row.SCORE_MEDIAN),
  F32_SCORE_MIN: half(Row.F32_SCORE_MIN),
};

describe('the fields of', () => {
  test('a sample record do not overlap and fill what comes before the layers', () => {
    expect(clashes(SAMPLE_FIELDS, 2 * RecordMap.SAMPLE_WORDS)).toEqual([]);
    expect(RecordMap.LAYERS).toBe(RecordMap.SAMPLE_WORDS);
  });

  test('a sample record with all layers fit its longest form', () => {
    const layers = words(RecordMap.LAYERS, Totals.LAYER_WORDS * Totals.MAX_LAYERS);
    expect(clashes({ ...SAMPLE_FIELDS, LAYERS: layers }, 2 * RecordMap.MAX_WORDS)).toEqual([]);
  });

  test('a counter record do not overlap and fit its length', () => {
    const { I32_HEADER, I32_SLOT, I32_GENERATION, TIME } = SAMPLE_FIELDS;
    const fields = { I32_HEADER, I32_SLOT, I32_GENERATION, TIME, TOTALS: words(RecordMap.TOTALS, 3) };
    expect(clashes(fields as Fields, 2 * RecordMap.COUNTER_WORDS)).toEqual([]);
  });

  test('a slot do not overlap and fit its length', () => {
    expect(clashes(SLOT_FIELDS, 2 * Slot.WORDS)).toEqual([]);
  });

  test('a row do not overlap and fit its length', () => {
    expect(clashes(ROW_FIELDS, 2 * Row.WORDS)).toEqual([]);
  });

  test.each([
    ['slot', Object.keys(SLOT_FIELDS), Slot, ['INLINE_SCORES', 'WORDS']],
    ['row', Object.keys(ROW_FIELDS), Row, ['WORDS']],
    [
      'sample record',
      [...Object.keys(SAMPLE_FIELDS), 'LAYERS'],
      RecordMap,
      [
        ...['LENGTH_MASK', 'TYPE_SHIFT', 'TYPE_MASK', 'LAYERS_SHIFT', 'LAYERS_MASK', 'HAS_SCORE'],
        ...['SAMPLE', 'COUNTER', 'PAD', 'COUNTER_WORDS', 'SAMPLE_WORDS', 'MAX_WORDS'],
      ],
    ],
  ])('a %s are all in the table this test checks', (_, named, map, sizes) => {
    expect([...named, ...sizes].sort()).toEqual(Object.keys(map).sort());
  });

  test("a directory entry do not overlap; the lanes' positions come last", () => {
    const { FLUSH, FIRST_ROW, ROWS, TIME, APPLIED } = Entry;
    expect(new Set([FLUSH, FIRST_ROW, ROWS, TIME, APPLIED]).size).toBe(5);
    expect(Math.max(FLUSH, FIRST_ROW, ROWS, TIME)).toBeLessThan(APPLIED);
  });

  test('a ledger do not overlap: two directions of four numbers each, then single counts', () => {
    const { REPORTED, UNATTRIBUTED, STATS, SCORES_DROPPED, FIELDS_SATURATED, SHARDS } = LedgerWords;
    const fields = {
      REPORTED: words(REPORTED, 2 * BookCells.WORDS),
      UNATTRIBUTED: words(UNATTRIBUTED, 2 * BookCells.WORDS),
      STATS: words(STATS, 1),
      SCORES_DROPPED: words(SCORES_DROPPED, 1),
      FIELDS_SATURATED: words(FIELDS_SATURATED, 1),
    };
    expect(clashes(fields, 2 * SHARDS)).toEqual([]);
  });

  test('the cells of counters, streams and meta do not overlap', () => {
    const counters = { BYTES: words(CounterCells.BYTES), MESSAGES: words(CounterCells.MESSAGES) };
    expect(clashes(counters, 2 * CounterCells.WORDS)).toEqual([]);
    const streams = {
      I32_SSRC: half(StreamCells.I32_SSRC),
      I32_NEXT: half(StreamCells.I32_NEXT),
      PACKETS: words(StreamCells.PACKETS),
      BYTES: words(StreamCells.BYTES),
      LOST: words(StreamCells.LOST),
    };
    expect(clashes(streams, 2 * StreamCells.WORDS)).toEqual([]);
    const meta = { FLAGS: half(MetaCells.I32_FLAGS), STREAM: half(MetaCells.I32_FIRST_STREAM) };
    expect(clashes(meta, 2)).toEqual([]);
  });

  test("a thread's books do not overlap: sections of two directions, single counts, one count a reason", () => {
    const section = 2 * BookCells.WORDS;
    const fields = {
      GIVEN_BACK: words(ThreadBooks.GIVEN_BACK, section),
      INVALID: words(ThreadBooks.INVALID, section),
      UNATTRIBUTED: words(ThreadBooks.UNATTRIBUTED, section),
      STALE: words(ThreadBooks.STALE),
      FOLDED: words(ThreadBooks.FOLDED),
      SCORES_LOST: words(ThreadBooks.SCORES_LOST),
      MIMES_REFUSED: words(ThreadBooks.MIMES_REFUSED),
      ANNOUNCED: words(ThreadBooks.ANNOUNCED),
      COUNTRIES_OVERFLOWED: words(ThreadBooks.COUNTRIES_OVERFLOWED),
      INVALID_REASONS: words(ThreadBooks.INVALID_REASONS, Math.max(...Object.values(InvalidReason)) + 1),
    };
    expect(clashes(fields, 2 * ThreadBooks.WORDS)).toEqual([]);
    expect([...Object.keys(fields), 'WORDS'].sort()).toEqual(Object.keys(ThreadBooks).sort());
  });

  test("the board are one word each, inside the board's length", () => {
    const { WORDS, ...fields } = Board;
    const places = Object.values(fields);
    expect(new Set(places).size).toBe(places.length);
    expect(Math.max(...places)).toBeLessThan(WORDS);
  });
});

describe('the bits of', () => {
  test("a slot's flags do not overlap and hold every row of a country", () => {
    const { DOWNSTREAM, COUNTER, IN_USE, HELD, COUNTRY_MASK, COUNTRY_SHIFT, GENERATION_SHIFT } = MetaCells;
    const bits = [DOWNSTREAM, COUNTER, IN_USE, HELD, COUNTRY_MASK << COUNTRY_SHIFT];
    expect(bits.reduce((all, some) => all + some, 0)).toBe(bits.reduce((all, some) => all | some, 0));
    expect(COUNTRY_MASK << COUNTRY_SHIFT).toBeLessThan(1 << GENERATION_SHIFT);
    expect(COUNTRY_ROWS - 1).toBeLessThanOrEqual(COUNTRY_MASK);
  });

  test("a record's header do not overlap", () => {
    const bits = [
      RecordMap.LENGTH_MASK,
      RecordMap.TYPE_MASK << RecordMap.TYPE_SHIFT,
      RecordMap.LAYERS_MASK << RecordMap.LAYERS_SHIFT,
      RecordMap.HAS_SCORE,
    ];
    expect(bits.reduce((all, some) => all + some, 0)).toBe(bits.reduce((all, some) => all | some, 0));
  });

  test("a record's header hold every length, type and number of layers", () => {
    expect(RecordMap.MAX_WORDS).toBeLessThanOrEqual(RecordMap.LENGTH_MASK);
    expect(Totals.MAX_LAYERS).toBeLessThanOrEqual(RecordMap.LAYERS_MASK);
    const types = [RecordMap.SAMPLE, RecordMap.COUNTER, RecordMap.PAD];
    expect(new Set(types).size).toBe(types.length);
    expect(Math.max(...types)).toBeLessThanOrEqual(RecordMap.TYPE_MASK);
  });

  test("a row's flags hold the layers brought and the kept one, each by itself", () => {
    expect(RowFlags.LAYERS_MASK & RowFlags.KEPT_MASK).toBe(0);
    expect(Totals.MAX_LAYERS).toBeLessThanOrEqual(RowFlags.LAYERS_MASK);
    expect(Totals.MAX_LAYERS << RowFlags.KEPT_SHIFT).toBeLessThanOrEqual(RowFlags.KEPT_MASK);
  });
});

describe('the totals', () => {
  test('are thirteen words in the order of their names, and three words a layer', () => {
    const { SAMPLES, COUNT, LAYER_WORDS, MAX_LAYERS, MAX_WORDS, ...counters } = Totals;
    const named = Object.entries({ SAMPLES, ...counters }).sort(([, a], [, b]) => a - b);
    const asFields = TOTAL_NAMES.map((name) => name.replace(/[A-Z]/g, '_$&').toUpperCase());
    expect(named).toEqual(asFields.map((name, word) => [name, word]));
    expect(COUNT).toBe(named.length);
    expect(MAX_WORDS).toBe(COUNT + LAYER_WORDS * MAX_LAYERS);
  });
});
