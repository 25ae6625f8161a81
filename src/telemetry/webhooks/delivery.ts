/** See the options of the same names. */
export interface DeliveryLimits {
  readonly requestTimeoutMs: number;
  readonly totalDeadlineMs: number;
  readonly maxAgeMs: number;
  readonly maxQueuePerKey: number;
  readonly maxInFlight: number;
  readonly retries: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface DeliveryClock {
  /** Milliseconds that never step back. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** Runs something once, later; returns what calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** What the receiver answered. */
export interface Answer {
  readonly status: number;
  /** The header of that name. */
  readonly retryAfter?: string | undefined;
}

/** An attempt without an answer. */
export class AttemptError extends Error {
  readonly timedOut: boolean;

  /** @param message is reported: it must not hold a secret */
  constructor(message: string, timedOut = false) {
    super(message);
    this.timedOut = timedOut;
  }
}

/**
 * Posts an event. Rejects when there is no answer; settles soon after the signal is aborted, with the answer if
 * there was one. Errors that are not an `AttemptError` are reported without their text.
 * @param numDropped events of this key that were lost and the receiver has not been told of
 */
export type Send<T> = (event: T, numDropped: number, signal: AbortSignal) => Promise<Answer>;
