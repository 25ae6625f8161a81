import { BatchCounts, ExportDrop, ExporterWords } from '../../memory/exporter-books.js';
import type { MetricFamily, ValueSeries } from './families.js';

/** An exporter and its books; see ExporterWords. */
export interface ExporterCounts {
  readonly name: string;
  readonly books: Float64Array;
}

export interface ExporterDrops {
  readonly exporter: string;
  readonly reason: string;
  readonly batches: number;
  readonly packets: number;
  readonly bytes: number;
}

const { BATCHES, PACKETS, BYTES, WORDS } = BatchCounts;
const REASONS = Object.entries(ExportDrop).map(([name, at]) => [name.toLowerCase(), at] as const);

/** What each exporter dropped, by reason. */
export function exporterDrops(exporters: readonly ExporterCounts[]): ExporterDrops[] {
  return exporters.flatMap(({ name: exporter, books }) =>
    REASONS.map(([reason, at]) => {
      const section = ExporterWords.DROPPED + at * WORDS;
      const batches = books[section + BATCHES]!;
      return {
        exporter,
        reason,
        batches,
        packets: books[section + PACKETS]!,
        bytes: books[section + BYTES]!,
      };
    }),
  );
}

/** The books of all exporters as metrics. */
export function exporterFamilies(exporters: readonly ExporterCounts[]): MetricFamily[] {
  const drops = exporterDrops(exporters);
  const each = (value: (books: Float64Array) => number): ValueSeries[] =>
    exporters.map(({ name, books }) => ({ labels: [name], value: value(books) }));
  const dropped = (value: (drops: ExporterDrops) => number): ValueSeries[] =>
    drops.map((drop) => ({ labels: [drop.exporter, drop.reason], value: value(drop) }));
  const queued = (books: Float64Array): number =>
    REASONS.reduce(
      (left, [, at]) => left - books[ExporterWords.DROPPED + at * WORDS + BATCHES]!,
      books[ExporterWords.ACCEPTED + BATCHES]! - books[ExporterWords.SENT + BATCHES]!,
    );
  const byReason = ['exporter', 'reason'];
  return [
    counter(
      'accepted_total',
      'Batches offered to it.',
      each((books) => books[ExporterWords.ACCEPTED]!),
    ),
    counter(
      'sent_total',
      'Batches that arrived.',
      each((books) => books[ExporterWords.SENT]!),
    ),
    counter(
      'dropped_total',
      'Batches dropped whole.',
      dropped(({ batches }) => batches),
      byReason,
    ),
    counter(
      'dropped_packets_total',
      'Media packets that dropped batches report.',
      dropped(({ packets }) => packets),
      byReason,
    ),
    counter(
      'dropped_bytes_total',
      'Bytes of media and messages that dropped batches report.',
      dropped(({ bytes }) => bytes),
      byReason,
    ),
    counter(
      'retries_total',
      'Attempts made again.',
      each((books) => books[ExporterWords.RETRIES]!),
    ),
    counter(
      'errors_total',
      'What went wrong outside of a batch.',
      each((books) => books[ExporterWords.ERRORS]!),
    ),
    counter(
      'resent_total',
      'Batches sent more than once.',
      each((books) => books[ExporterWords.RESENT]!),
    ),
    {
      name: 'sfu_stats_exporter_queued_batches',
      help: 'Batches that wait.',
      type: 'gauge',
      labelNames: ['exporter'],
      series: each(queued),
    },
  ];
}

function counter(
  name: string,
  help: string,
  series: readonly ValueSeries[],
  labelNames: readonly string[] = ['exporter'],
): MetricFamily {
  return { name: `sfu_stats_exporter_${name}`, help, type: 'counter', labelNames, series };
}
