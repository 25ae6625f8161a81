import { describe, expect, test } from 'vitest';
import { BookCells } from '../../dist/src/memory/cells.js';
import { createLedger, Ledger, LedgerWords } from '../../dist/src/memory/ledger.js';
import { Row } from '../../dist/src/memory/row.js';
import {
  Control,
  createShard,
  Entry,
  entryOf,
  laneWord,
  type ShardMemory,
} from '../../dist/src/memory/shard.js';
import { type ClosedWindow, ShardReader } from '../../dist/src/snapshot/windows.js';

const SIZES = { lanes: 2, laneSlots: 3, ringWords: 64, scoreBlocks: 2 };

/** A stats worker's part, by hand: it closes windows with as many rows as it is told. */
class Closer {
  readonly memory: ShardMemory = createShard(SIZES);
  readonly ints = new Int32Array(this.memory.buffer);
  readonly words = new Float64Array(this.memory.buffer);
  readonly ledger = new Ledger(createLedger({ shards: 1, lanes: SIZES.lanes, metricWords: 0 }));

  /** Begins at a window number, as if all before it had been taken. */
  startAt(window: number): this {
    this.ints[Control.I32_WINDOW] = window;
    this.ints[Control.I32_RELEASED] = window;
    return this;
  }

  close(flush: number, rows: number, applied: readonly number[] = [0, 0]): void {
    const { layout } = this.memory;
    const window = this.ints[Control.I32_WINDOW]!;
    const before = entryOf(layout, (window - 1) | 0);
    const entry = entryOf(layout, window);
    this.words[entry + Entry.FLUSH] = flush;
    this.words[entry + Entry.FIRST_ROW] =
      this.words[before + Entry.FIRST_ROW]! + this.words[before + Entry.ROWS]!;
    this.words[entry + Entry.ROWS] = rows;
    this.words[entry + Entry.TIME] = 1_000 * flush;
    applied.forEach((position, lane) => {
      this.words[entry + Entry.APPLIED + lane] = position;
    });
    Atomics.store(this.ints, Control.I32_WINDOW, (window + 1) | 0);
  }

  covered(lane: number): number {
    return this.ints[laneWord(lane, Control.LANE_COVERED)]!;
  }
}

/** Takes the oldest closed window: `bytes` more are reported upstream. */
function take({ ledger }: Closer, reader: ShardReader, bytes = 0): void {
  write(ledger, reader, bytes);
  ledger.commit();
  reader.release(ledger, 0);
}

/** The part of taking that comes before the commit. */
function write(ledger: Ledger, reader: ShardReader, bytes: number): void {
  const half = ledger.begin();
  ledger.words[half + LedgerWords.REPORTED + BookCells.BYTES]! += bytes;
  reader.noteTaken(reader.closed()[0]!, ledger, half, 0);
}

const reportedBytes = ({ ledger }: Closer): number =>
  ledger.words[ledger.valid + LedgerWords.REPORTED + BookCells.BYTES]!;
const flushesOf = (windows: readonly ClosedWindow[]): number[] => windows.map(({ flush }) => flush);

describe('the closed windows of a shard', () => {
  test('are none in the beginning', () => {
    const closer = new Closer();
    expect(new ShardReader(closer.memory).closed()).toEqual([]);
    expect(reportedBytes(closer)).toBe(0);
  });

  test('come oldest first, with what their entries say', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(5, 2);
    closer.close(6, 0);
    closer.close(9, 1);
    expect(reader.closed()).toEqual([
      { window: 1, flush: 5, time: 5_000, rows: 2, firstRow: 0 },
      { window: 2, flush: 6, time: 6_000, rows: 0, firstRow: 2 },
      { window: 3, flush: 9, time: 9_000, rows: 1, firstRow: 2 },
    ]);
  });

  test('are gone one by one as they are taken', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(1, 1);
    closer.close(2, 1);
    take(closer, reader);
    expect(flushesOf(reader.closed())).toEqual([2]);
    closer.close(3, 1);
    expect(flushesOf(reader.closed())).toEqual([2, 3]);
  });

  test.each([2 ** 31 - 3, -3])('are numbered on where 32 bits wrap (from %i)', (start) => {
    const closer = new Closer().startAt(start);
    const reader = new ShardReader(closer.memory);
    for (let flush = 1; flush <= Entry.COUNT; flush++) closer.close(flush, 1);
    expect(flushesOf(reader.closed())).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    let bytes = 0;
    for (const window of reader.closed()) {
      take(closer, reader, window.flush);
      bytes += window.flush;
      expect(reportedBytes(closer)).toBe(bytes);
    }
    expect(reader.closed()).toEqual([]);
  });

  test('have their rows in a ring, that goes round', () => {
    const closer = new Closer();
    const { layout } = closer.memory;
    const reader = new ShardReader(closer.memory);
    closer.close(1, layout.slots - 1);
    take(closer, reader);
    closer.close(2, 3);
    const places = [...reader.rowsOf(reader.closed()[0]!)].map((row) => (row - layout.rowBase) / Row.WORDS);
    expect(places).toEqual([layout.slots - 1, 0, 1]);
  });
});

describe('taking a window', () => {
  test('adds to the books, which stay valid in between', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    for (const [flush, bytes] of [
      [1, 10],
      [2, 0],
      [3, 2 ** 52],
    ] as const) {
      closer.close(flush, 1);
      take(closer, reader, bytes);
    }
    expect(reportedBytes(closer)).toBe(2 ** 52 + 10);
  });

  test('counts nothing when the thread that took it dies before its commit, and once when it is taken again', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(1, 1);
    take(closer, reader, 10);
    closer.close(2, 1);
    write(closer.ledger, reader, 5);
    const next = new ShardReader(closer.memory);
    next.release(closer.ledger, 0);
    expect(reportedBytes(closer)).toBe(10);
    expect(flushesOf(next.closed())).toEqual([2]);
    take(closer, next, 5);
    expect(reportedBytes(closer)).toBe(15);
    expect(next.closed()).toEqual([]);
  });

  test('is done when the thread dies after its commit: the next one gives the window back, and counts nothing', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(1, 1, [40, -7]);
    write(closer.ledger, reader, 5);
    closer.ledger.commit();
    const next = new ShardReader(closer.memory);
    next.release(closer.ledger, 0);
    next.release(closer.ledger, 0);
    expect(next.closed()).toEqual([]);
    expect([closer.covered(0), closer.covered(1)]).toEqual([40, -7]);
    expect(reportedBytes(closer)).toBe(5);
  });

  test('frees the slots that were closed before its end, in each lane by itself', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(1, 1, [40, -7]);
    expect([closer.covered(0), closer.covered(1)], 'not before it is taken').toEqual([0, 0]);
    take(closer, reader);
    expect([closer.covered(0), closer.covered(1)]).toEqual([40, -7]);
  });

  test('frees slots only after the window was given back', () => {
    const closer = new Closer();
    const reader = new ShardReader(closer.memory);
    closer.close(1, 1, [40, 0]);
    // The entry may be written again from the moment RELEASED is stored: what is needed of it was read before.
    const entry = entryOf(closer.memory.layout, 1);
    const store = Atomics.store;
    const order: (number | string)[] = [];
    Atomics.store = ((ints: Int32Array, at: number, value: number) => {
      order.push(ints.buffer === closer.memory.buffer ? at : 'commit');
      const stored = store(ints, at, value);
      if (at === Control.I32_RELEASED) closer.words[entry + Entry.APPLIED] = 999;
      return stored;
    }) as typeof Atomics.store;
    try {
      take(closer, reader);
    } finally {
      Atomics.store = store;
    }
    const covered = [0, 1].map((lane) => laneWord(lane, Control.LANE_COVERED));
    expect(order).toEqual(['commit', Control.I32_RELEASED, ...covered]);
    expect(closer.covered(0)).toBe(40);
  });
});

describe('a shard is drained', () => {
  test('when every lane’s worker is where its writer is', () => {
    const { memory, ints } = new Closer();
    const reader = new ShardReader(memory);
    expect(reader.isDrained()).toBe(true);
    ints[laneWord(1, Control.LANE_PUBLISHED)] = 8;
    expect(reader.isDrained()).toBe(false);
    ints[laneWord(1, Control.LANE_APPLIED)] = 8;
    expect(reader.isDrained()).toBe(true);
  });

  test('not while a flush is unanswered, whose window may be closed at any time', () => {
    const { memory, ints } = new Closer();
    const reader = new ShardReader(memory);
    ints[Control.I32_REQUEST] = 1;
    expect(reader.isDrained()).toBe(false);
    ints[Control.I32_ANSWERED] = 1;
    expect(reader.isDrained()).toBe(true);
  });
});
