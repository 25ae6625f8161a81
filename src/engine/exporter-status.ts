import type { ExporterReport, ExporterState } from '../exporters/exporter.js';
import { BatchCounts, EXPORT_DROPS, ExportDrop, ExporterWords } from '../memory/exporter-books.js';
import type { ExporterMemory } from './messages.js';

/** Batches, and the books of the engine that were in them. */
export interface BatchTotals {
  readonly batches: number;
  /** Stats, events or reports of rooms. */
  readonly items: number;
  readonly samples: number;
  readonly messages: number;
  readonly packets: number;
  readonly bytes: number;
}

/** How one exporter is. Offered to it is accepted = sent + dropped + queued, for each number. */
export interface ExporterStatus {
  /** `callback` for listeners in the host, `prometheus`, `grpc` or `file`. */
  readonly name: string;
  readonly state: ExporterState;
  /** Where it listens, or sends to; "" while there is none. */
  readonly address: string;
  /** The last thing that went wrong, a stable code first; "" if nothing has since it last worked. */
  readonly error: string;
  readonly accepted: BatchTotals;
  readonly sent: BatchTotals;
  readonly queued: BatchTotals;
  /** By reason: `full`, `refused`, `closed`, `timerRestart`. */
  readonly dropped: Readonly<Record<DropName, BatchTotals>>;
  /** Attempts after the first. */
  readonly retries: number;
  /** What went wrong outside of one batch. */
  readonly errors: number;
  /** Batches that went out more than once, because nobody had said that they arrived. */
  readonly resent: number;
}

const DROP_NAMES = {
  full: ExportDrop.FULL,
  refused: ExportDrop.REFUSED,
  closed: ExportDrop.CLOSED,
  timerRestart: ExportDrop.TIMER_RESTART,
} as const;
type DropName = keyof typeof DROP_NAMES;

/** What an exporter is before it has said anything. */
const UNHEARD: ExporterReport = { state: 'starting', address: '', error: '' };

/** Reads an exporter's books, beside what it last said of itself. Any thread. */
export function exporterStatus({ name, books }: ExporterMemory, report = UNHEARD): ExporterStatus {
  const section = (at: number): BatchTotals => batchTotals((word) => books[at + word]!);
  const dropped = (word: number): number => {
    let sum = 0;
    for (let drop = 0; drop < EXPORT_DROPS; drop++) {
      sum += books[ExporterWords.DROPPED + drop * BatchCounts.WORDS + word]!;
    }
    return sum;
  };
  return {
    name,
    ...report,
    accepted: section(ExporterWords.ACCEPTED),
    sent: section(ExporterWords.SENT),
    queued: batchTotals(
      (word) => books[ExporterWords.ACCEPTED + word]! - books[ExporterWords.SENT + word]! - dropped(word),
    ),
    dropped: Object.fromEntries(
      Object.entries(DROP_NAMES).map(([drop, at]) => [
        drop,
        section(ExporterWords.DROPPED + at * BatchCounts.WORDS),
      ]),
    ) as Record<DropName, BatchTotals>,
    retries: books[ExporterWords.RETRIES]!,
    errors: books[ExporterWords.ERRORS]!,
    resent: books[ExporterWords.RESENT]!,
  };
}

function batchTotals(at: (word: number) => number): BatchTotals {
  return {
    batches: at(BatchCounts.BATCHES),
    items: at(BatchCounts.ITEMS),
    samples: at(BatchCounts.SAMPLES),
    messages: at(BatchCounts.MESSAGES),
    packets: at(BatchCounts.PACKETS),
    bytes: at(BatchCounts.BYTES),
  };
}
