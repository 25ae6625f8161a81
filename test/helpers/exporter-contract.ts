import { AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Batch, BatchKind } from '../../dist/src/exporters/batch.js';
import type { ExportQueueLimits } from '../../dist/src/exporters/export-queue.js';
import type { Exporter } from '../../dist/src/exporters/exporter.js';
import {
  BatchCounts,
  EXPORT_DROPS,
  ExportDrop,
  ExporterWords,
} from '../../dist/src/memory/exporter-books.js';

/** An exporter in front of a receiver of its own. */
export interface ExporterUnderTest {
  readonly exporter: Exporter;
  readonly books: Float64Array;
  /** From now on the receiver says nothing of what it is sent. */
  stall(): void | Promise<void>;
  /** From now on every attempt fails. */
  fail(): void | Promise<void>;
  /** The receiver is well again. */
  recover(): void | Promise<void>;
  /** Ids of the stats that have arrived, in order, each once; none for one that sends nothing anywhere. */
  arrived?(): readonly string[] | Promise<readonly string[]>;
  /** The state that was reported last. */
  state(): string;
  /** Ends the receiver, and the exporter if it is still open. */
  dispose(): Promise<void>;
}

export interface ExporterHarness {
  /** What such an exporter cannot do by its nature: their tests do not apply. */
  readonly lacks?: readonly ('queue' | 'failure')[];
  start(limits: ExportQueueLimits): Promise<ExporterUnderTest>;
  /** Gives a batch what such an exporter needs in it. */
  dress?(batch: Batch): Batch;
}

/** Names one counted section of the books. */
type Section = 'accepted' | 'sent' | 'full' | 'refused' | 'closed' | 'timerRestart';
const SECTIONS: Readonly<Record<Section, number>> = {
  accepted: ExporterWords.ACCEPTED,
  sent: ExporterWords.SENT,
  full: ExporterWords.DROPPED + ExportDrop.FULL * BatchCounts.WORDS,
  refused: ExporterWords.DROPPED + ExportDrop.REFUSED * BatchCounts.WORDS,
  closed: ExporterWords.DROPPED + ExportDrop.CLOSED * BatchCounts.WORDS,
  timerRestart: ExporterWords.DROPPED + ExportDrop.TIMER_RESTART * BatchCounts.WORDS,
};
const STATS_A_BATCH = 3;
const NO_LIMIT: ExportQueueLimits = { maxQueuedBatches: 1_000, maxQueuedBytes: 2 ** 30 };

/** The n-th batch: its numbers are all different, so that none can stand for another. */
export function batchOf(n: number, fields: { readonly mimeType?: string } = {}): Batch {
  const stats = idsOf([n]).map((id) => new AnalyticsStat({ id, mime: fields.mimeType ?? 'audio/opus' }));
  return new Batch({
    kind: BatchKind.STATS,
    bytes: new AnalyticsStats({ stats }).toBinary(),
    items: stats.length,
    timeMs: 1_700_000_000_000 + n,
    totals: { samples: 1 + n, messages: 100 + n, packets: 10_000 + n, bytes: 1_000_000 + n },
  });
}

export function idsOf(batches: readonly number[]): string[] {
  return batches.flatMap((n) => Array.from({ length: STATS_A_BATCH }, (_, i) => `AS_${n}_${i}`));
}

function countsOf(books: Float64Array, section: Section): number[] {
  return Array.from(books.subarray(SECTIONS[section], SECTIONS[section] + BatchCounts.WORDS));
}

/** What a section holds when exactly these batches are in it. */
function countsOfBatches(batches: readonly number[]): number[] {
  const sum = (of: (n: number) => number): number => batches.reduce((total, n) => total + of(n), 0);
  return [
    batches.length,
    batches.length * STATS_A_BATCH,
    sum((n) => 1 + n),
    sum((n) => 100 + n),
    sum((n) => 10_000 + n),
    sum((n) => 1_000_000 + n),
  ];
}

function queuedOf(books: Float64Array): number {
  let queued = books[ExporterWords.ACCEPTED]! - books[ExporterWords.SENT]!;
  for (let drop = 0; drop < EXPORT_DROPS; drop++)
    queued -= books[ExporterWords.DROPPED + drop * BatchCounts.WORDS]!;
  return queued;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** What every exporter does; each runs it in front of its own kind of receiver. */
export function describeExporterContract(name: string, harness: ExporterHarness): void {
  const batch = (n: number): Batch => harness.dress?.(batchOf(n)) ?? batchOf(n);
  const can = (ability: 'queue' | 'failure'): boolean => !harness.lacks?.includes(ability);

  describe(`the contract of exporters, kept by ${name}`, () => {
    let open: ExporterUnderTest[] = [];
    afterEach(async () => {
      await Promise.all(open.map((one) => one.dispose()));
      open = [];
    });
    async function started(limits: ExportQueueLimits = NO_LIMIT): Promise<ExporterUnderTest> {
      const one = await harness.start(limits);
      open.push(one);
      return one;
    }
    async function expectArrived(one: ExporterUnderTest, ids: readonly string[]): Promise<void> {
      if (one.arrived !== undefined) expect(await one.arrived()).toEqual(ids);
    }
    const drained = ({ books }: ExporterUnderTest): Promise<void> =>
      vi.waitFor(() => expect(queuedOf(books)).toBe(0), { timeout: 20_000 });

    test('everything arrives once, in order, and the books say what was in it', async () => {
      const one = await started();
      for (const n of range(0, 20)) expect(one.exporter.write(batch(n))).toBe(true);
      await drained(one);
      await expectArrived(one, idsOf(range(0, 20)));
      expect(countsOf(one.books, 'accepted')).toEqual(countsOfBatches(range(0, 20)));
      expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(range(0, 20)));
    });

    test('close sends what is queued, and is done once', async () => {
      const one = await started();
      for (const n of range(0, 8)) one.exporter.write(batch(n));
      const closing = one.exporter.close(20_000);
      expect(one.exporter.close(0)).toBe(closing);
      expect(await closing).toBe(0);
      await expectArrived(one, idsOf(range(0, 8)));
      expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(range(0, 8)));
    });

    test('what comes after close is dropped whole, and counted', async () => {
      const one = await started();
      one.exporter.write(batch(1));
      await one.exporter.close(20_000);
      expect(one.exporter.write(batch(2))).toBe(false);
      expect(countsOf(one.books, 'accepted')).toEqual(countsOfBatches([1, 2]));
      expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches([1]));
      expect(countsOf(one.books, 'closed')).toEqual(countsOfBatches([2]));
      await expectArrived(one, idsOf([1]));
    });

    if (can('queue')) {
      test('a full queue drops whole batches, counted with what is in them; the rest arrives', async () => {
        const one = await started({ maxQueuedBatches: 4, maxQueuedBytes: 2 ** 30 });
        await one.stall();
        const taken = range(0, 40).filter((n) => one.exporter.write(batch(n)));
        const refused = range(0, 40).filter((n) => !taken.includes(n));
        expect(refused.length).toBeGreaterThan(0);
        expect(taken.slice(0, 4), 'what there is room for is taken').toEqual(range(0, 4));
        expect(countsOf(one.books, 'accepted')).toEqual(countsOfBatches(range(0, 40)));
        expect(countsOf(one.books, 'full')).toEqual(countsOfBatches(refused));
        await one.recover();
        await drained(one);
        await expectArrived(one, idsOf(taken));
        expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(taken));
      });

      test('the bytes that wait have a limit too', async () => {
        const size = batchOf(0).bytes.length;
        const one = await started({ maxQueuedBatches: 1_000, maxQueuedBytes: 3 * size });
        await one.stall();
        const taken = range(0, 9).filter((n) => one.exporter.write(batch(n)));
        expect(taken.length).toBeLessThan(9);
        expect(countsOf(one.books, 'full')).toEqual(
          countsOfBatches(range(0, 9).filter((n) => !taken.includes(n))),
        );
      });

      test('a receiver that stalls costs nothing but time', async () => {
        const one = await started();
        one.exporter.write(batch(0));
        await one.stall();
        for (const n of range(1, 10)) one.exporter.write(batch(n));
        expect(queuedOf(one.books)).toBeGreaterThan(0);
        await one.recover();
        await drained(one);
        await expectArrived(one, idsOf(range(0, 10)));
        expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(range(0, 10)));
      });

      test('close gives up at its deadline: what is left is dropped, counted and told', async () => {
        const one = await started();
        await one.stall();
        for (const n of range(0, 6)) one.exporter.write(batch(n));
        const left = await one.exporter.close(50);
        expect(left).toBeGreaterThan(0);
        expect(queuedOf(one.books)).toBe(0);
        expect(countsOf(one.books, 'closed')).toEqual(countsOfBatches(range(6 - left, 6)));
        expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(range(0, 6 - left)));
      });
    }

    if (can('failure')) {
      test('one that fails says so, keeps what it has, and goes on when it can', async () => {
        const one = await started();
        one.exporter.write(batch(0));
        await drained(one);
        await one.fail();
        for (const n of range(1, 6)) one.exporter.write(batch(n));
        await vi.waitFor(() => expect(one.state()).toBe('failing'), { timeout: 20_000 });
        expect(queuedOf(one.books)).toBe(5);
        expect(one.books[ExporterWords.RETRIES]! + one.books[ExporterWords.ERRORS]!).toBeGreaterThan(0);
        await one.recover();
        await drained(one);
        await expectArrived(one, idsOf(range(0, 6)));
        expect(countsOf(one.books, 'sent')).toEqual(countsOfBatches(range(0, 6)));
        await vi.waitFor(() => expect(one.state()).toBe('running'), { timeout: 20_000 });
      });

      test('close does not wait for one that fails longer than it may', async () => {
        const one = await started();
        await one.fail();
        for (const n of range(0, 3)) one.exporter.write(batch(n));
        expect(await one.exporter.close(50)).toBe(3);
        expect(countsOf(one.books, 'closed')).toEqual(countsOfBatches(range(0, 3)));
        expect(one.state()).toBe('closed');
      });
    }
  });
}
