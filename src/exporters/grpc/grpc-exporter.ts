import { ExportDrop } from '../../memory/exporter-books.js';
import type { Batch } from '../batch.js';
import { ExportQueue } from '../export-queue.js';
import { type Exporter, type ExporterReport, ExporterState, type ExporterSurroundings } from '../exporter.js';
import type { ExporterBooks } from '../exporter-books.js';
import { GrpcChannel } from './grpc-channel.js';
import type { ResolvedGrpcOptions } from './grpc-options.js';
import type { IngestChannel } from './ingest-channel.js';
import { IngestStream } from './ingest-stream.js';
import { retryDelayMs, slowRetryDelayMs } from './retry-delay.js';
import { type StreamStatus, shownStatus, Verdict, verdictOf } from './stream-status.js';
import { type Cancel, systemTimers, type Timers } from './timers.js';

/** What it works with; tests bring their own. */
export interface GrpcParts {
  readonly channel: IngestChannel;
  readonly timers: Timers;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Streams batches to `livekit.AnalyticsRecorderService`. There is one stream at a time, with batches of one kind from
 * the front of the queue: so all kinds arrive in the order they were written in, and what is in memory is the queue.
 * The receiver answers a stream once, at its end: that acknowledges all of it. What is not acknowledged stays in the
 * queue and goes again with the same ids, one batch a stream, which also shows which one a receiver refuses.
 * Timer thread.
 */
export class GrpcExporter implements Exporter {
  readonly name = 'grpc';
  readonly books: ExporterBooks;
  readonly #options: ResolvedGrpcOptions;
  readonly #surroundings: ExporterSurroundings;
  readonly #queue: ExportQueue;
  readonly #channel: IngestChannel;
  readonly #timers: Timers;
  readonly #random: () => number;
  #stream: IngestStream | undefined;
  /** Ends the wait before the next attempt, while there is one. */
  #stopWaiting: Cancel | undefined;
  /** Failures in a row. */
  #failures = 0;
  /** So many batches at the queue's front go one a stream. */
  #alone = 0;
  #isRetry = false;
  /** Batches that were ever sent or dropped from the queue: the number of its front. */
  #front = 0;
  /** Batches with lower numbers have gone out before. */
  #left = 0;
  #report: ExporterReport;
  #closing: Promise<number> | undefined;
  #finish: (() => void) | undefined;
  #isOver = false;

  constructor(
    options: ResolvedGrpcOptions,
    surroundings: ExporterSurroundings,
    {
      channel = new GrpcChannel(options),
      timers = systemTimers,
      random = Math.random,
    }: Partial<GrpcParts> = {},
  ) {
    this.books = surroundings.books;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#queue = new ExportQueue(options, surroundings.books);
    this.#channel = channel;
    this.#timers = timers;
    this.#random = random;
    this.#report = { state: ExporterState.STARTING, address: options.url, error: '' };
    surroundings.report(this.#report);
  }

  /** Batches that wait for their acknowledgement. */
  get queued(): number {
    return this.#queue.length;
  }

  write(batch: Batch): boolean {
    const isTaken = this.#queue.offer(batch);
    if (isTaken) this.#go();
    return isTaken;
  }

  close(deadlineMs: number): Promise<number> {
    this.#closing ??= new Promise((resolve) => this.#close(deadlineMs, resolve));
    return this.#closing;
  }

  #close(deadlineMs: number, resolve: (left: number) => void): void {
    this.#queue.refuse();
    const stopDeadline = this.#timers.afterAndHold(deadlineMs, () => this.#finish?.());
    this.#finish = () => {
      this.#finish = undefined;
      this.#isOver = true;
      stopDeadline();
      this.#stopWaiting?.();
      this.#stream?.cancel();
      const left = this.#queue.length;
      this.#queue.drop(left, ExportDrop.CLOSED);
      this.#channel.reset();
      this.#tell(ExporterState.CLOSED, this.#report.error);
      resolve(left);
    };
    // One attempt now, whatever the wait: there may be no time for a later one.
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#stream?.finish();
    this.#go();
  }

  /** Goes on with what is there to be done. */
  #go(): void {
    if (this.#isOver || this.#stopWaiting !== undefined) return;
    if (this.#stream !== undefined) this.#stream.pump();
    else if (this.#queue.length > 0) this.#open();
    else this.#finish?.();
  }

  #open(): void {
    const { ackEveryBatches, ackEveryMs, maxMessageBytes } = this.#options;
    const { kind } = this.#queue.at(0)!;
    const front = this.#front;
    if (this.#isRetry) this.books.retried();
    this.#isRetry = false;
    const call = this.#channel.open(kind, (status) => this.#ended(stream, status));
    const stream = new IngestStream(
      kind,
      call,
      this.#queue,
      { maxBatches: this.#alone > 0 ? 1 : ackEveryBatches, ackEveryMs, maxMessageBytes },
      this.#timers,
      {
        began: (place) => {
          if (front + place < this.#left) this.books.resent();
        },
        left: (place) => {
          this.#left = Math.max(this.#left, front + place + 1);
        },
      },
    );
    this.#stream = stream;
    if (this.#finish === undefined) stream.pump();
    else stream.finish();
  }

  #ended(stream: IngestStream, status: StreamStatus): void {
    if (stream !== this.#stream || this.#isOver) return;
    this.#stream = undefined;
    stream.over();
    const { batches } = stream;
    const verdict = verdictOf(status);
    if (verdict === Verdict.SENT && stream.isHalfClosed) {
      this.#queue.sent(batches);
      this.#settled(batches);
      this.#tell(ExporterState.RUNNING, '');
    } else {
      if (verdict === Verdict.REFUSED) this.#refused(batches);
      else this.#failed(batches, verdict);
      this.#tell(ExporterState.FAILING, shownStatus(status));
    }
    this.#go();
  }

  /** Batches have left the queue: the receiver decides, so it is there. */
  #settled(batches: number): void {
    this.#front += batches;
    this.#alone = Math.max(0, this.#alone - batches);
    this.#failures = 0;
  }

  /** One of these batches is bad: the only one, or one that is to be found. */
  #refused(batches: number): void {
    if (batches === 1) {
      this.#queue.drop(1, ExportDrop.REFUSED);
      this.#settled(1);
    } else this.#repeat(batches);
  }

  #failed(batches: number, verdict: Verdict): void {
    this.books.failed();
    this.#repeat(batches);
    this.#failures++;
    // Another attempt is another connection, perhaps to another receiver.
    this.#channel.reset();
    const delayMs =
      verdict === Verdict.RETRY_SLOWLY
        ? slowRetryDelayMs(this.#options, this.#random())
        : retryDelayMs(this.#options, this.#failures, this.#random());
    this.#stopWaiting = this.#timers.after(delayMs, () => {
      this.#stopWaiting = undefined;
      this.#go();
    });
  }

  /** These batches go again, each in a stream of its own. */
  #repeat(batches: number): void {
    this.#isRetry = true;
    this.#alone = Math.max(this.#alone, batches);
  }

  #tell(state: ExporterState, error: string): void {
    const { state: before, address, error: errorBefore } = this.#report;
    if (state === before && error === errorBefore) return;
    this.#report = { state, address, error };
    this.#surroundings.report(this.#report);
    if (state === ExporterState.FAILING)
      this.#surroundings.log('warn', { address, error, queued: this.#queue.length }, 'gRPC ingest fails');
    else if (before === ExporterState.FAILING && state === ExporterState.RUNNING)
      this.#surroundings.log('info', { address }, 'gRPC ingest works again');
  }
}
