import { Fifo } from './fifo.js';
import type { Outcome, Result } from './outcome.js';
import type { Waiter } from './waiting-list.js';

/** One event on its way to one URL. */
export interface Delivery<T> extends Waiter<Delivery<T>> {
  readonly event: T;
  readonly line: Line<T>;
  readonly queuedEpochMs: number;
  /** When its first attempt began. */
  startedAt: number | undefined;
  startedEpochMs: number | undefined;
  attempts: number;
  /** Of the last attempt. */
  numDropped: number;
  status: number;
  error: string;
}

/** The events of one key. */
export interface Line<T> {
  readonly key: string;
  readonly waiting: Fifo<Delivery<T>>;
  /** The one whose attempts have begun; those behind it wait until it is settled. */
  current: Delivery<T> | undefined;
  /** It has a turn, an attempt or a retry before it, and goes on by itself. */
  busy: boolean;
  /** Its last attempt timed out. */
  slow: boolean;
  /** Events lost since the receiver was last told. */
  lost: number;
  /** Calls off its attempt, or the wait for the next one. */
  cancel: () => void;
}

export const nothingToCancel = (): void => {};

export function newLine<T>(key: string): Line<T> {
  return {
    key,
    waiting: new Fifo(),
    current: undefined,
    busy: false,
    slow: false,
    lost: 0,
    cancel: nothingToCancel,
  };
}

/** @param queuedAt monotonic, ms */
export function newDelivery<T>(
  event: T,
  line: Line<T>,
  queuedAt: number,
  queuedEpochMs: number,
): Delivery<T> {
  return {
    event,
    line,
    queuedAt,
    queuedEpochMs,
    before: undefined,
    behind: undefined,
    startedAt: undefined,
    startedEpochMs: undefined,
    attempts: 0,
    numDropped: 0,
    status: 0,
    error: '',
  };
}

/** @param now monotonic, ms */
export function outcomeOf<T>(
  delivery: Delivery<T>,
  result: Result,
  reason: Outcome['reason'],
  now: number,
): Outcome {
  const { queuedAt, startedAt } = delivery;
  return {
    key: delivery.line.key,
    result,
    reason,
    attempts: delivery.attempts,
    status: delivery.status,
    error: delivery.error,
    numDropped: delivery.numDropped,
    queuedEpochMs: delivery.queuedEpochMs,
    queueMs: (startedAt ?? now) - queuedAt,
    sentEpochMs: delivery.startedEpochMs,
    sendMs: startedAt === undefined ? 0 : now - startedAt,
  };
}

/** Of an event that found no place in the queue. */
export function outcomeOfUnqueued(
  key: string,
  result: Result,
  reason: Outcome['reason'],
  error: string,
): Outcome {
  return {
    key,
    result,
    reason,
    attempts: 0,
    status: 0,
    error,
    numDropped: 0,
    queuedEpochMs: undefined,
    queueMs: 0,
    sentEpochMs: undefined,
    sendMs: 0,
  };
}
