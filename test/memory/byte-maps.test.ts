import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CounterCells, cellsLayout, createCells, ThreadBooks } from '../../dist/src/memory/cells.js';
import { createLedger, Ledger, ledgerLayout } from '../../dist/src/memory/ledger.js';
import { COUNTRY_ROWS, countsOf, PacketCounts, Settled } from '../../dist/src/memory/packet-counts.js';
import { Row } from '../../dist/src/memory/row.js';
import {
  BLOCK_SCORES,
  Control,
  createShard,
  Entry,
  entryOf,
  laneWord,
  type ShardSizes,
  Slot,
  shardLayout,
} from '../../dist/src/memory/shard.js';
import { Totals } from '../../dist/src/memory/totals.js';

/** A part of a memory, in bytes. */
interface Region {
  name: string;
  from: number;
  length: number;
}

const LINE_BYTES = 128;

const shardSizes: fc.Arbitrary<ShardSizes> = fc.record({
  lanes: fc.integer({ min: 1, max: 17 }),
  laneSlots: fc.integer({ min: 1, max: 300 }),
  ringWords: fc.integer({ min: 4, max: 12 }).map((power) => 2 ** power),
  scoreBlocks: fc.integer({ min: 0, max: 100 }),
});

/** Every region of a shard, from what the code that uses it takes as its place and length. */
function regionsOf(sizes: ShardSizes): Region[] {
  const layout = shardLayout(sizes);
  const words = (name: string, from: number, length: number): Region => ({
    name,
    from: from * 8,
    length: length * 8,
  });
  const lanes = Array.from({ length: sizes.lanes }, (_, lane) => lane);
  return [
    { name: 'control', from: 0, length: laneWord(sizes.lanes, 0) * 4 },
    ...Array.from({ length: Entry.COUNT }, (_, window) =>
      words(`entry ${window}`, entryOf(layout, window), Entry.APPLIED + sizes.lanes),
    ),
    ...lanes.map((lane) => words(`ring ${lane}`, layout.rings + lane * sizes.ringWords, sizes.ringWords)),
    words('slots', layout.slotBase, layout.slots * Slot.WORDS),
    words('rows', layout.rowBase, layout.slots * Row.WORDS),
    { name: 'links', from: layout.i32Links * 4, length: sizes.scoreBlocks * 4 },
    { name: 'blocks', from: layout.f32Blocks * 4, length: sizes.scoreBlocks * BLOCK_SCORES * 4 },
  ];
}

function overlaps(regions: readonly Region[]): string[] {
  const found: string[] = [];
  const inOrder = [...regions].filter(({ length }) => length > 0).sort((a, b) => a.from - b.from);
  for (const [i, region] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (next !== undefined && region.from + region.length > next.from)
      found.push(`${region.name} and ${next.name}`);
  }
  return found;
}

describe("a shard's regions", () => {
  test('do not overlap and lie inside the memory, whatever the sizes', () => {
    fc.assert(
      fc.property(shardSizes, (sizes) => {
        const regions = regionsOf(sizes);
        expect(overlaps(regions)).toEqual([]);
        const { bytes } = shardLayout(sizes);
        for (const { name, from, length } of regions) {
          expect(from, name).toBeGreaterThanOrEqual(0);
          expect(from + length, name).toBeLessThanOrEqual(bytes);
        }
      }),
    );
  });

  test('begin on lines of 128 bytes, so that no two writers share one and every word is aligned', () => {
    fc.assert(
      fc.property(shardSizes, (sizes) => {
        for (const { name, from } of regionsOf(sizes)) expect(from % LINE_BYTES, name).toBe(0);
      }),
    );
  });

  test('have one slot and one row for every slot of every lane', () => {
    fc.assert(
      fc.property(shardSizes, (sizes) => {
        expect(shardLayout(sizes).slots).toBe(sizes.lanes * sizes.laneSlots);
      }),
    );
  });

  test('keep eight windows apart in the directory, though window numbers wrap', () => {
    const layout = shardLayout({ lanes: 2, laneSlots: 4, ringWords: 64, scoreBlocks: 1 });
    for (const first of [1, 2 ** 31 - 4, -(2 ** 31), -4]) {
      const places = Array.from({ length: Entry.COUNT }, (_, n) => entryOf(layout, (first + n) | 0));
      expect(new Set(places).size).toBe(Entry.COUNT);
      for (const place of places) {
        expect(place).toBeGreaterThanOrEqual(layout.directory);
        expect(place).toBeLessThan(layout.rings);
      }
      expect(entryOf(layout, (first + Entry.COUNT) | 0)).toBe(entryOf(layout, first));
    }
  });
});

describe('a new shard', () => {
  test('is as long as its layout says and opens window 1, so that a stamp of 0 means never', () => {
    const { buffer, layout } = createShard({ lanes: 2, laneSlots: 3, ringWords: 64, scoreBlocks: 5 });
    expect(buffer.byteLength).toBe(layout.bytes);
    const written = [...new Int32Array(buffer).entries()].filter(([, value]) => value !== 0);
    expect(written).toEqual([
      [Control.I32_WINDOW, 1],
      [Control.I32_RELEASED, 1],
    ]);
  });

  test('can be posted to another thread: its layout is nothing but numbers', () => {
    const { layout } = createShard({ lanes: 1, laneSlots: 1, ringWords: 64, scoreBlocks: 0 });
    expect(structuredClone(layout)).toEqual(layout);
    expect(Object.values(layout).every(Number.isInteger)).toBe(true);
  });
});

describe('the ledger', () => {
  const sizes = fc.record({
    shards: fc.integer({ min: 1, max: 64 }),
    lanes: fc.integer({ min: 1, max: 17 }),
    metricWords: fc.integer({ min: 0, max: 5_000 }),
  });

  test('has two halves that do not overlap, in which every shard has words of its own before the metrics', () => {
    fc.assert(
      fc.property(sizes, (ledgerSizes) => {
        const { shards, lanes, metricWords } = ledgerSizes;
        const { metrics, halfWords, bytes } = ledgerLayout(ledgerSizes);
        const ledger = new Ledger(createLedger(ledgerSizes));
        const regions = [ledger.valid, ledger.begin()].flatMap((half) => [
          { name: 'half', from: half, length: ledger.shardOf(0, 0) },
          ...Array.from({ length: shards }, (_, n) => ({
            name: `shard ${n}`,
            from: ledger.shardOf(half, n),
            length: 1 + lanes,
          })),
          { name: 'metrics', from: half + metrics, length: metricWords },
        ]);
        expect(overlaps(regions)).toEqual([]);
        for (const { from, length } of regions) expect(8 * (from + length)).toBeLessThanOrEqual(bytes);
        expect(metrics + metricWords).toBeLessThanOrEqual(halfWords);
      }),
      { numRuns: 30 },
    );
  });

  test('says what was committed last, whatever was begun since', () => {
    const ledger = new Ledger(createLedger({ shards: 1, lanes: 1, metricWords: 1 }));
    const { metrics } = ledger.layout;
    for (const value of [3, 4, 5]) {
      ledger.words[ledger.begin() + metrics] = value;
      ledger.commit();
      ledger.words[ledger.begin() + metrics] = 99;
      expect(ledger.words[ledger.valid + metrics]).toBe(value);
      expect(ledger.words[ledger.begin() + metrics]).toBe(value);
    }
  });
});

describe("a recording thread's cells", () => {
  const counts = fc.record({
    slots: fc.integer({ min: 1, max: 400 }),
    streams: fc.integer({ min: 1, max: 400 }),
  });

  test('have regions that do not overlap, whatever the sizes', () => {
    fc.assert(
      fc.property(counts, ({ slots, streams }) => {
        const layout = cellsLayout(slots, streams);
        const regions = [
          { name: 'books', from: 0, length: ThreadBooks.WORDS },
          { name: 'counters', from: layout.counters, length: slots * CounterCells.WORDS },
          { name: 'handles', from: layout.handles, length: slots },
          { name: 'samples', from: layout.samplesLessMessages, length: slots },
          { name: 'totals', from: layout.totals, length: slots * Totals.MAX_WORDS },
          { name: 'streams', from: layout.streamBase, length: streams * 4 },
          { name: 'meta', from: layout.meta, length: slots },
          { name: 'settled', from: layout.settled, length: Settled.WORDS },
        ];
        expect(overlaps(regions)).toEqual([]);
        expect((8 * layout.settled) % LINE_BYTES).toBe(0);
        const end = Math.max(...regions.map(({ from, length }) => from + length));
        expect(end * 8).toBe(layout.bytes);
      }),
    );
  });

  test('have settled counts of every country and direction in two halves, each writer on lines of its own', () => {
    const { HALVES, HALF_WORDS, TABLE, TABLE_WORDS, SHOWN, COUNTRIES } = Settled;
    const word = (name: string, from: number, length: number): Region => ({ name, from, length });
    const regions = [
      word('commits', 0, 1),
      word('countries', COUNTRIES, COUNTRY_ROWS / 2),
      ...[0, 1].map((half) => word(`header ${half}`, HALVES + half * HALF_WORDS, TABLE)),
      ...[0, 1].map((half) => word(`half ${half}`, HALVES + half * HALF_WORDS + TABLE, TABLE_WORDS)),
      word('shown', SHOWN, TABLE_WORDS),
    ];
    expect(overlaps(regions)).toEqual([]);
    expect((8 * SHOWN) % LINE_BYTES).toBe(0);
    expect(SHOWN + TABLE_WORDS).toBe(Settled.WORDS);
    const places = Array.from({ length: COUNTRY_ROWS }, (_, row) => [
      countsOf(row, 0),
      countsOf(row, 1),
    ]).flat();
    expect(places).toEqual(places.map((_, n) => n * PacketCounts.WORDS));
    expect(TABLE_WORDS).toBe(places.length * PacketCounts.WORDS);
  });

  test('are as long as their layout says, and all zero', () => {
    const { buffer, layout } = createCells(7, 11);
    expect(buffer.byteLength).toBe(layout.bytes);
    expect(new Float64Array(buffer).every((word) => word === 0)).toBe(true);
  });
});
