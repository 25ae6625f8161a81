import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemory, memoryBytes } from '../../dist/src/engine/memory-plan.js';

type Sizes = Parameters<typeof memoryBytes>[0];

const NAMES = [
  'shards',
  'tracks',
  'streams',
  'ports',
  'ringBytes',
  'eventRingBytes',
  'scoreBlocks',
] as const satisfies readonly (keyof Sizes)[];

function reserved(sizes: Sizes): number {
  const { shards, threads, board, ledger, telemetry } = createMemory(sizes);
  return (
    telemetry.buffer.byteLength +
    shards.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) +
    threads.reduce((sum, { cells, events }) => sum + cells.buffer.byteLength + events.byteLength, 0) +
    board.buffer.byteLength +
    ledger.buffer.byteLength
  );
}

/** The formula that stands in memoryBytes' comment, as a function. */
function documentedFormula(): (sizes: Sizes) => number {
  const source = readFileSync(new URL('../../src/engine/memory-plan.ts', import.meta.url), 'utf8');
  const [, formula] = /`(\([^`]*)`/.exec(source) ?? [];
  if (formula === undefined) throw new Error('no formula in the comment');
  const expression = formula.replaceAll(/\n\s*\*/g, ' ').replaceAll(/(?<=\d),(?=\d{3})/g, '');
  const evaluate = new Function(...NAMES, `return ${expression};`) as (...values: number[]) => number;
  return (sizes) => evaluate(...NAMES.map((name) => sizes[name]));
}

const smallSizes = fc.record({
  shards: fc.integer({ min: 1, max: 5 }),
  tracks: fc.integer({ min: 2, max: 500 }),
  streams: fc.integer({ min: 1, max: 900 }),
  ports: fc.integer({ min: 0, max: 3 }),
  ringBytes: fc.constantFrom(16_384, 65_536),
  eventRingBytes: fc.constantFrom(65_536, 131_072),
  scoreBlocks: fc.integer({ min: 0, max: 300 }),
});

describe('the memory an engine reserves', () => {
  test('is what memoryBytes says, to the byte', () => {
    fc.assert(
      fc.property(smallSizes, (sizes) => {
        expect(memoryBytes(sizes)).toBe(reserved(sizes));
      }),
      { numRuns: 50 },
    );
  });

  test('is within 2 % of the documented formula', () => {
    const formula = documentedFormula();
    // Fewer tracks a shard, and its control words and rounding show.
    const realSizes = fc.integer({ min: 1, max: 64 }).chain((shards) =>
      fc.record({
        shards: fc.constant(shards),
        tracks: fc.integer({ min: 300 * shards, max: 1_000_000 }),
        streams: fc.integer({ min: 1, max: 2_000_000 }),
        ports: fc.integer({ min: 0, max: 16 }),
        ringBytes: fc.integer({ min: 16, max: 24 }).map((power) => 2 ** power),
        eventRingBytes: fc.integer({ min: 16, max: 24 }).map((power) => 2 ** power),
        scoreBlocks: fc.integer({ min: 0, max: 100_000 }),
      }),
    );
    fc.assert(
      fc.property(realSizes, (sizes) => {
        const off = memoryBytes(sizes) / formula(sizes) - 1;
        expect(Math.abs(off)).toBeLessThan(0.02);
      }),
      { numRuns: 1000 },
    );
  });

  test('holds at least the tracks that were asked for in every thread, over all shards', () => {
    const sizes = { shards: 3, tracks: 100, streams: 10, ports: 1, ...{ ringBytes: 16_384 } };
    const { shards, threads } = createMemory({ ...sizes, eventRingBytes: 65_536, scoreBlocks: 0 });
    expect(shards.map(({ layout }) => [layout.lanes, layout.laneSlots])).toEqual([
      [2, 34],
      [2, 34],
      [2, 34],
    ]);
    expect(threads.map(({ cells }) => cells.layout.slots)).toEqual([102, 102]);
  });
});
