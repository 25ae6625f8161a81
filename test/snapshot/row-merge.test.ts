import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Row, RowFlags } from '../../dist/src/memory/row.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { addRow, type RowViews, rowViews } from '../../dist/src/snapshot/row-merge.js';

interface PlainRow {
  readonly deltas: readonly number[];
  /** Packets, bytes, frames of each layer the track has brought. */
  readonly layers: readonly (readonly [number, number, number])[];
  readonly scores: readonly number[];
  readonly scoresDropped: number;
  readonly rtt: number;
  readonly jitter: number;
  readonly mime: number;
  readonly start: number;
  readonly end: number;
}

const NOTHING: PlainRow = {
  deltas: new Array<number>(Totals.COUNT).fill(0),
  layers: [],
  scores: [],
  scoresDropped: 0,
  rtt: 0,
  jitter: 0,
  mime: 0,
  start: 10,
  end: 20,
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function median(scores: readonly number[]): number {
  const sorted = [...scores].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The layer with the most bytes, of equals the higher id; undefined when none has any. */
function keptLayer(layers: PlainRow['layers']): number | undefined {
  const most = Math.max(0, ...layers.map(([, bytes]) => bytes));
  return most === 0 ? undefined : layers.findLastIndex(([, bytes]) => bytes === most);
}

function write({ words, ints, floats }: RowViews, row: number, from: PlainRow): void {
  from.deltas.forEach((delta, i) => {
    words[row + Row.DELTAS + i] = delta;
  });
  from.layers.forEach((layer, id) => {
    words.set(layer, row + Row.LAYERS + id * Totals.LAYER_WORDS);
  });
  ints[2 * row + Row.I32_SCORES] = from.scores.length;
  ints[2 * row + Row.I32_SCORES_DROPPED] = from.scoresDropped;
  words[row + Row.SCORE_SUM] = sum(from.scores);
  words[row + Row.SCORE_MEDIAN] = median(from.scores);
  floats[2 * row + Row.F32_SCORE_MIN] = from.scores.length === 0 ? 0 : Math.min(...from.scores);
  ints[2 * row + Row.I32_RTT] = from.rtt;
  ints[2 * row + Row.I32_JITTER] = from.jitter;
  ints[2 * row + Row.I32_MIME] = from.mime;
  words[row + Row.START] = from.start;
  words[row + Row.END] = from.end;
  const kept = keptLayer(from.layers);
  ints[2 * row + Row.I32_FLAGS] =
    from.layers.length | ((kept === undefined ? 0 : kept + 1) << RowFlags.KEPT_SHIFT);
}

/** Adds the rows up, the first of them in place. */
function merged(rows: readonly PlainRow[]): { row: RowViews; mimes: boolean[] } {
  const all = rowViews(rows.length);
  rows.forEach((row, n) => {
    write(all, n * Row.WORDS, row);
  });
  const total = rowViews(1);
  total.words.set(all.words.subarray(0, Row.WORDS));
  const mimes = rows.slice(1).map((_, n) => addRow(total, all, (n + 1) * Row.WORDS));
  return { row: total, mimes };
}

const layer = fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 3 }), fc.nat({ max: 9 }));
const rowArbitrary: fc.Arbitrary<PlainRow> = fc
  .record({
    deltas: fc.array(fc.nat({ max: 2 ** 40 }), { minLength: Totals.COUNT, maxLength: Totals.COUNT }),
    layers: fc.array(layer, { maxLength: Totals.MAX_LAYERS }),
    scores: fc.array(fc.constantFrom(0.5, 1, 2.5, 4, 4.5), { maxLength: 6 }),
    scoresDropped: fc.nat({ max: 5 }),
    rtt: fc.nat({ max: 2 ** 31 - 1 }).map((n) => 2 * n),
    jitter: fc.nat({ max: 2 ** 31 - 1 }).map((n) => 2 * n + 1),
    mime: fc.nat({ max: 3 }),
    start: fc.nat({ max: 100 }),
    end: fc.nat({ max: 100 }),
  })
  .map((row) => ({ ...row, end: row.start + row.end }));

describe('rows of one track and window', () => {
  test('add up as if it had been one slot, but for the median and the latest mime', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 4 }), (rows) => {
        const { words, ints, floats } = merged(rows).row;
        const layers = Array.from({ length: Math.max(...rows.map((row) => row.layers.length)) }, (_, id) =>
          [0, 1, 2].map((word) => sum(rows.map((row) => row.layers[id]?.[word] ?? 0))),
        ) as [number, number, number][];
        for (let i = 0; i < Totals.COUNT; i++) {
          expect(words[Row.DELTAS + i]).toBe(sum(rows.map(({ deltas }) => deltas[i]!)));
        }
        expect([...words.subarray(Row.LAYERS, Row.LAYERS + 3 * layers.length)]).toEqual(layers.flat());
        const scores = rows.flatMap((row) => row.scores);
        expect(ints[Row.I32_SCORES]).toBe(scores.length);
        expect(words[Row.SCORE_SUM]).toBe(sum(scores));
        expect(floats[Row.F32_SCORE_MIN]).toBe(scores.length === 0 ? 0 : Math.min(...scores));
        expect(ints[Row.I32_SCORES_DROPPED]).toBe(sum(rows.map(({ scoresDropped }) => scoresDropped)));
        expect(ints[Row.I32_RTT]! >>> 0).toBe(Math.max(...rows.map(({ rtt }) => rtt)));
        expect(ints[Row.I32_JITTER]! >>> 0).toBe(Math.max(...rows.map(({ jitter }) => jitter)));
        expect(words[Row.START]).toBe(Math.min(...rows.map(({ start }) => start)));
        expect(words[Row.END]).toBe(Math.max(...rows.map(({ end }) => end)));
        expect(ints[Row.I32_FLAGS]! & RowFlags.LAYERS_MASK).toBe(layers.length);
        const kept = (ints[Row.I32_FLAGS]! & RowFlags.KEPT_MASK) >> RowFlags.KEPT_SHIFT;
        expect(kept === 0 ? undefined : kept - 1).toBe(keptLayer(layers));
      }),
      { numRuns: 500 },
    );
  });

  test('the median is that of the row with more scores, of equals the first', () => {
    const many = { ...NOTHING, scores: [4, 4.5, 5] };
    const few = { ...NOTHING, scores: [1, 1] };
    const same = { ...NOTHING, scores: [1, 1, 1] };
    expect(merged([many, few]).row.words[Row.SCORE_MEDIAN]).toBe(4.5);
    expect(merged([few, many]).row.words[Row.SCORE_MEDIAN]).toBe(4.5);
    expect(merged([many, same]).row.words[Row.SCORE_MEDIAN]).toBe(4.5);
    expect(merged([NOTHING, few]).row.words[Row.SCORE_MEDIAN]).toBe(1);
  });

  test('the mime is the last named: of the row that ends later, if it names one', () => {
    const early = { ...NOTHING, mime: 1, end: 20 };
    const late = { ...NOTHING, mime: 2, end: 30 };
    const silent = { ...NOTHING, mime: 0, end: 40 };
    const mimeOf = (rows: readonly PlainRow[]): [number | undefined, boolean[]] => {
      const { row, mimes } = merged(rows);
      return [row.ints[Row.I32_MIME], mimes];
    };
    expect(mimeOf([early, late])).toEqual([2, [true]]);
    expect(mimeOf([late, early])).toEqual([2, [false]]);
    expect(mimeOf([early, silent])).toEqual([1, [false]]);
    expect(mimeOf([silent, early])).toEqual([1, [true]]);
    expect(mimeOf([NOTHING, silent])).toEqual([0, [false]]);
  });

  test('a row that brought no scores does not make the minimum 0', () => {
    const scored = { ...NOTHING, scores: [3] };
    expect(merged([scored, NOTHING]).row.floats[Row.F32_SCORE_MIN]).toBe(3);
    expect(merged([NOTHING, scored]).row.floats[Row.F32_SCORE_MIN]).toBe(3);
  });

  test('values with the highest of 32 bits set are large, not negative', () => {
    const { ints } = merged([
      { ...NOTHING, rtt: 5, jitter: 2 ** 32 - 1 },
      { ...NOTHING, rtt: 2 ** 31, jitter: 7 },
    ]).row;
    expect([ints[Row.I32_RTT]! >>> 0, ints[Row.I32_JITTER]! >>> 0]).toEqual([2 ** 31, 2 ** 32 - 1]);
  });
});
