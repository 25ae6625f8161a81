import type { Batch, BatchKind } from '../batch.js';
import type { IngestCall } from './ingest-channel.js';
import { splitMessage } from './split-message.js';
import type { Cancel, Timers } from './timers.js';

export interface StreamLimits {
  /** It is half-closed after so many batches. */
  readonly maxBatches: number;
  /** It is half-closed when this has passed since its first batch. */
  readonly ackEveryMs: number;
  readonly maxMessageBytes: number;
}

export interface StreamListener {
  /** The batch at this place of the queue begins to go out. */
  began(place: number): void;
  /** Something of the batch at this place has left; also after the stream's end. */
  left(place: number): void;
}

/** Batches that wait, by their places. */
export interface WaitingBatches {
  at(place: number): Batch | undefined;
}

/**
 * One client stream: takes the batches of one kind from the front of the queue, in order, one message at a time. It ends
 * itself when it has enough, or when the next batch is of another kind.
 */
export class IngestStream {
  readonly #kind: BatchKind;
  readonly #call: IngestCall;
  readonly #queue: WaitingBatches;
  readonly #limits: StreamLimits;
  readonly #listener: StreamListener;
  readonly #stopTimer: Cancel;
  /** What is still to be written of the last batch. */
  #parts: Uint8Array[] = [];
  #batches = 0;
  #isWriting = false;
  /** It takes no further batch. */
  #isFull = false;
  /** It takes no further batch but those that are there. */
  #isLast = false;
  #isHalfClosed = false;
  #isOver = false;

  constructor(
    kind: BatchKind,
    call: IngestCall,
    queue: WaitingBatches,
    limits: StreamLimits,
    timers: Timers,
    listener: StreamListener,
  ) {
    this.#kind = kind;
    this.#call = call;
    this.#queue = queue;
    this.#limits = limits;
    this.#listener = listener;
    this.#stopTimer = timers.after(limits.ackEveryMs, () => {
      this.#isFull = true;
      this.pump();
    });
  }

  /** Batches of the queue's front that went into it, the last perhaps in part. */
  get batches(): number {
    return this.#batches;
  }

  /** Whether the receiver was told that it has everything. */
  get isHalfClosed(): boolean {
    return this.#isHalfClosed;
  }

  /** Writes what may be written now. */
  pump(): void {
    while (!this.#isWriting && !this.#isHalfClosed && !this.#isOver) {
      if (this.#parts.length === 0 && !this.#begin()) return;
      this.#writePart();
    }
  }

  /** Waits for no further batches. */
  finish(): void {
    this.#isLast = true;
    this.pump();
  }

  /** It has ended: nothing is written any more. */
  over(): void {
    this.#isOver = true;
    this.#stopTimer();
  }

  cancel(): void {
    this.over();
    this.#call.cancel();
  }

  /** Takes the next batch, or ends the stream where there is to be none. */
  #begin(): boolean {
    const batch = this.#queue.at(this.#batches);
    if (this.#isFull || (batch === undefined ? this.#isLast : batch.kind !== this.#kind)) {
      this.#halfClose();
      return false;
    }
    if (batch === undefined) return false;
    this.#parts = splitMessage(batch.bytes, this.#limits.maxMessageBytes).reverse();
    this.#listener.began(this.#batches);
    this.#batches++;
    if (this.#batches === this.#limits.maxBatches) this.#isFull = true;
    return true;
  }

  #writePart(): void {
    const place = this.#batches - 1;
    this.#isWriting = true;
    this.#call.write(this.#parts.pop()!, () => {
      this.#isWriting = false;
      this.#listener.left(place);
      this.pump();
    });
    // At once, not when that was taken: receivers may answer what they have before they see the end.
    if (this.#isFull && this.#parts.length === 0) this.#halfClose();
  }

  #halfClose(): void {
    this.#isHalfClosed = true;
    this.#stopTimer();
    this.#call.end();
  }
}
