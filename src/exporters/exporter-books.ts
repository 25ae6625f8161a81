import { BatchCounts, EXPORT_DROPS, type ExportDrop, ExporterWords } from '../memory/exporter-books.js';
import type { Batch } from './batch.js';

const { BATCHES, ITEMS, SAMPLES, MESSAGES, PACKETS, BYTES, WORDS } = BatchCounts;

/** Keeps the books of one exporter; see ExporterWords. Timer thread. */
export class ExporterBooks {
  readonly #words: Float64Array;

  constructor(words: Float64Array) {
    this.#words = words;
  }

  accepted(batch: Batch): void {
    this.#add(ExporterWords.ACCEPTED, batch);
  }

  sent(batch: Batch): void {
    this.#add(ExporterWords.SENT, batch);
  }

  dropped(reason: ExportDrop, batch: Batch): void {
    this.#add(ExporterWords.DROPPED + reason * WORDS, batch);
  }

  retried(): void {
    this.#words[ExporterWords.RETRIES]!++;
  }

  failed(): void {
    this.#words[ExporterWords.ERRORS]!++;
  }

  resent(): void {
    this.#words[ExporterWords.RESENT]!++;
  }

  /** What a thread that died had queued is dropped: everything accepted that is neither sent nor dropped. */
  settle(reason: ExportDrop): void {
    const words = this.#words;
    for (let i = 0; i < WORDS; i++) {
      let left = words[ExporterWords.ACCEPTED + i]! - words[ExporterWords.SENT + i]!;
      for (let drop = 0; drop < EXPORT_DROPS; drop++)
        left -= words[ExporterWords.DROPPED + drop * WORDS + i]!;
      words[ExporterWords.DROPPED + reason * WORDS + i]! += left;
    }
  }

  #add(section: number, { items, totals }: Batch): void {
    const words = this.#words;
    words[section + BATCHES]! += 1;
    words[section + ITEMS]! += items;
    words[section + SAMPLES]! += totals.samples;
    words[section + MESSAGES]! += totals.messages;
    words[section + PACKETS]! += totals.packets;
    words[section + BYTES]! += totals.bytes;
  }
}
