import { AnalyticsStats } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { Batch, type BatchDetail } from '../../dist/src/exporters/batch.js';
import { CALLBACK_LIMITS, CallbackExporter } from '../../dist/src/exporters/callback-exporter.js';
import type { ExportQueueLimits } from '../../dist/src/exporters/export-queue.js';
import type { ExporterReport } from '../../dist/src/exporters/exporter.js';
import { ExporterBooks } from '../../dist/src/exporters/exporter-books.js';
import { createExporterBooks, ExporterWords } from '../../dist/src/memory/exporter-books.js';
import { batchOf, describeExporterContract } from '../helpers/exporter-contract.js';

type Posted = BatchDetail & { readonly bytes: Uint8Array };

/** The host's side: it takes what is posted, unless it stalls. */
class Host {
  readonly posted: Posted[] = [];
  readonly transferred: ArrayBuffer[] = [];
  readonly reports: ExporterReport[] = [];
  readonly words = createExporterBooks();
  readonly exporter: CallbackExporter;
  #taken = 0;
  stalls = false;

  constructor(limits?: ExportQueueLimits) {
    this.exporter = new CallbackExporter(
      (snapshot, transfer) => {
        this.posted.push(snapshot);
        this.transferred.push(...transfer);
        queueMicrotask(() => this.take());
      },
      { books: new ExporterBooks(this.words), report: (report) => this.reports.push(report) },
      limits,
    );
  }

  take(): void {
    if (this.stalls) return;
    while (this.#taken < this.posted.length) this.exporter.taken(this.posted[this.#taken++]!.flush);
  }

  get accepted(): number {
    return this.words[ExporterWords.ACCEPTED]!;
  }
}

function withRows(batch: Batch): Batch {
  const flush = batch.timeMs;
  const rows = new Float64Array(1);
  return new Batch({
    ...batch,
    detail: { flush, time: 0, originEpochMs: 0, rows, streams: new Float64Array(1) },
  });
}

describeExporterContract('listeners in the host', {
  lacks: ['failure'],
  dress: withRows,
  async start(limits) {
    const host = new Host({ ...limits, maxQueuedBatches: Math.min(limits.maxQueuedBatches, 20) });
    return {
      exporter: host.exporter,
      books: host.words,
      stall() {
        host.stalls = true;
      },
      fail() {},
      recover() {
        host.stalls = false;
        host.take();
      },
      arrived: () =>
        host.posted.flatMap(({ bytes }) => AnalyticsStats.fromBinary(bytes).stats.map(({ id }) => id)),
      state: () => host.reports.at(-1)!.state,
      async dispose() {
        await host.exporter.close(0);
      },
    };
  },
});

test('four snapshots may be on their way; each that was taken makes room for one', () => {
  const host = new Host(CALLBACK_LIMITS);
  host.stalls = true;
  const taken = [1, 2, 3, 4, 5, 6].map((n) => host.exporter.write(withRows(batchOf(n))));
  expect(taken).toEqual([true, true, true, true, false, false]);
  host.exporter.taken(host.posted[0]!.flush);
  expect([7, 8].map((n) => host.exporter.write(withRows(batchOf(n))))).toEqual([true, false]);
});

test('what nobody listens to is not offered, and nobody misses it', () => {
  const host = new Host();
  expect(host.exporter.write(batchOf(1))).toBe(true);
  expect([host.posted.length, host.accepted]).toEqual([0, 0]);
});

test('an answer to a thread before this one settles nothing', () => {
  const host = new Host();
  host.stalls = true;
  host.exporter.write(withRows(batchOf(5)));
  host.exporter.taken(batchOf(4).timeMs);
  expect(host.words[ExporterWords.SENT]).toBe(0);
});

test('the host gets bytes of its own: other exporters still read the batch', () => {
  const host = new Host();
  const batch = withRows(batchOf(1));
  host.exporter.write(batch);
  expect(host.transferred).not.toContain(batch.bytes.buffer);
  expect(host.transferred).toContain(batch.detail!.rows.buffer);
  expect(host.posted[0]!.bytes).toEqual(batch.bytes);
});
