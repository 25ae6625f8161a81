/**
 * What one exporter's books count of batches: how many, the stats, events or reports in them, and what of the
 * engine's books those stats report. Doubles.
 */
export const BatchCounts = {
  BATCHES: 0,
  /** Stats, events or reports of rooms. */
  ITEMS: 1,
  SAMPLES: 2,
  MESSAGES: 3,
  PACKETS: 4,
  BYTES: 5,
  WORDS: 6,
} as const;

/** Why a batch was dropped, whole. */
export const ExportDrop = {
  /** The exporter's queue was full. */
  FULL: 0,
  /** The receiver refuses this batch for good, or it cannot be written in the exporter's form. */
  REFUSED: 1,
  /** It was queued when the time to close was over. */
  CLOSED: 2,
  /** It was queued in a timer thread that died. */
  TIMER_RESTART: 3,
} as const;
export type ExportDrop = (typeof ExportDrop)[keyof typeof ExportDrop];
export const EXPORT_DROPS = 4;

/**
 * The books of one exporter, in shared memory: they outlive the thread that keeps them. Offered to it is
 * `ACCEPTED` = `SENT` + `DROPPED` (by reason) + what is queued. Written by the timer thread; 8-byte words.
 */
export const ExporterWords = {
  ACCEPTED: 0,
  SENT: BatchCounts.WORDS,
  /** A section of BatchCounts for each ExportDrop. */
  DROPPED: 2 * BatchCounts.WORDS,
  /** Attempts that failed and were made again. */
  RETRIES: (2 + EXPORT_DROPS) * BatchCounts.WORDS,
  /** What went wrong outside of one batch: a connection that broke, a disk that was full, a file that was torn. */
  ERRORS: (2 + EXPORT_DROPS) * BatchCounts.WORDS + 1,
  /** Batches that went out more than once, because nobody had said that they arrived. */
  RESENT: (2 + EXPORT_DROPS) * BatchCounts.WORDS + 2,
  WORDS: (2 + EXPORT_DROPS) * BatchCounts.WORDS + 4,
} as const;

export function createExporterBooks(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(ExporterWords.WORDS * 8));
}
