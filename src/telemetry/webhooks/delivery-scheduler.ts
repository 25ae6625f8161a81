import { type Answer, AttemptError, type DeliveryClock, type DeliveryLimits, type Send } from './delivery.js';
import type { DeliveryCounts } from './delivery-counts.js';
import {
  type Delivery,
  type Line,
  newDelivery,
  newLine,
  nothingToCancel,
  outcomeOf,
  outcomeOfUnqueued,
} from './line.js';
import { DropReason, FailReason, type Outcome, Result } from './outcome.js';
import { retryDelayMs, Verdict, verdictOf } from './retry-policy.js';
import { Turns } from './turns.js';
import { WaitingList } from './waiting-list.js';

/** Keys without events of which something is remembered: losses to tell, or that the receiver is slow. */
const MAX_RESTING = 65_536;
/** One in so many places may be held by slow keys. */
const SLOW_SHARE = 10;

/**
 * Decides which event goes to one URL next, and what becomes of it: a queue for each key, one attempt of a key at
 * a time, so that order holds; many keys at once, in turns; those whose receiver is slow in a few places only.
 * Pure logic: it knows no clock, timer or socket but what it is given.
 */
export class DeliveryScheduler<T> {
  readonly #limits: DeliveryLimits;
  readonly #clock: DeliveryClock;
  readonly #send: Send<T>;
  readonly #settled: (event: T, outcome: Outcome) => void;
  readonly #queued: (length: number) => void;
  readonly #maxSlow: number;
  /** Lines that have events. */
  readonly #lines = new Map<string, Line<T>>();
  /** Lines that have none but are remembered; the one that has rested longest comes first. */
  readonly #resting = new Map<string, Line<T>>();
  readonly #turns = new Turns<Line<T>>();
  /** Everything before its first attempt. */
  readonly #waiting = new WaitingList<Delivery<T>>();
  readonly #dropped: Record<DropReason, number> = { full: 0, age: 0, closed: 0 };
  #notified = 0;
  #sent = 0;
  #failed = 0;
  #retries = 0;
  #untold = 0;
  #awaitingRetry = 0;
  #inFlight = 0;
  #slowInFlight = 0;
  /** Nothing may start now: losses are being told, or the loop that starts attempts is at work. */
  #held = false;
  #refusing = false;
  #stopped = false;
  #whenDrained: (() => void)[] = [];

  /**
   * @param settled hears each event's one outcome; it may add events and stop, and must not throw
   * @param queued hears of each event that found a place, and how long the queue of its key is with it
   */
  constructor(
    limits: DeliveryLimits,
    clock: DeliveryClock,
    send: Send<T>,
    settled: (event: T, outcome: Outcome) => void,
    queued: (length: number) => void = () => {},
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#send = send;
    this.#settled = settled;
    this.#queued = queued;
    this.#maxSlow = Math.max(1, Math.floor(limits.maxInFlight / SLOW_SHARE));
  }

  counts(): DeliveryCounts {
    return {
      notified: this.#notified,
      sent: this.#sent,
      failed: this.#failed,
      dropped: { ...this.#dropped },
      queued: this.#waiting.size + this.#awaitingRetry,
      inFlight: this.#inFlight,
      retries: this.#retries,
      untold: this.#untold,
    };
  }

  /** Puts an event behind those of its key. One that is dropped at once hears so before this returns. */
  add(key: string, event: T): void {
    this.#notified++;
    // The old goes before the new comes: a receiver that hangs costs the memory of `maxAgeMs`, and no more.
    const aged = this.#takeAged();
    const line = this.#lineOf(key);
    const refusal = this.#refusalBy(line);
    if (refusal === undefined) this.#enqueue(line, event);
    else this.#refuse(line, refusal);
    // Told when the event has its place, as one that a listener adds comes behind it; and before anything starts.
    const isHeld = this.#held;
    this.#held = true;
    this.#tellAged(aged);
    if (refusal !== undefined) {
      this.#settled(event, outcomeOfUnqueued(key, Result.DROPPED, refusal, ''));
    }
    this.#held = isHeld;
    this.#pump();
  }

  /** From now on whatever comes is dropped. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Resolves when nothing is queued or in flight. */
  drained(): Promise<void> {
    if (this.#lines.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenDrained.push(resolve));
  }

  /**
   * Aborts what is in flight, calls off every timer and drops what is left.
   * @returns how many were left, by key
   */
  stop(): { readonly key: string; readonly count: number }[] {
    this.#refusing = this.#stopped = true;
    const lines = [...this.#lines.values()];
    this.#lines.clear();
    this.#inFlight = this.#slowInFlight = this.#awaitingRetry = 0;
    const left: Delivery<T>[][] = lines.map((line) => {
      line.cancel();
      const deliveries = line.current === undefined ? [] : [line.current];
      for (let next = line.waiting.shift(); next !== undefined; next = line.waiting.shift()) {
        this.#waiting.remove(next);
        deliveries.push(next);
      }
      return deliveries;
    });
    for (const delivery of left.flat()) this.#countDropped(delivery, DropReason.CLOSED);
    for (const delivery of left.flat()) this.#tellDropped(delivery, DropReason.CLOSED);
    this.#tellDrained();
    return lines.map(({ key }, index) => ({ key, count: left[index]!.length }));
  }

  #lineOf(key: string): Line<T> {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = this.#resting.get(key) ?? newLine(key);
      this.#resting.delete(key);
      this.#lines.set(key, line);
    }
    return line;
  }

  #refusalBy(line: Line<T>): DropReason | undefined {
    if (this.#refusing) return DropReason.CLOSED;
    return line.waiting.length >= this.#limits.maxQueuePerKey ? DropReason.FULL : undefined;
  }

  #refuse(line: Line<T>, reason: DropReason): void {
    this.#dropped[reason]++;
    line.lost++;
    if (!line.busy) this.#rest(line);
  }

  #enqueue(line: Line<T>, event: T): void {
    const delivery = newDelivery(event, line, this.#clock.monotonicMs(), this.#clock.epochMs());
    line.waiting.push(delivery);
    this.#waiting.push(delivery);
    this.#queued(line.waiting.length);
    if (line.busy) return;
    line.busy = true;
    this.#turns.push(line);
  }

  /** Starts as much as may be in flight. */
  #pump(): void {
    if (this.#held) return;
    // An outcome told on the way may add events: this loop will find them.
    this.#held = true;
    while (!this.#stopped && this.#inFlight < this.#limits.maxInFlight) {
      const line = this.#turns.take(this.#slowInFlight < this.#maxSlow);
      if (line === undefined) break;
      if (line.current === undefined) this.#startNext(line);
      else this.#startAgain(line.current);
    }
    this.#held = false;
  }

  #startNext(line: Line<T>): void {
    this.#tellAged(this.#takeAged());
    const delivery = line.waiting.shift();
    if (delivery === undefined) {
      this.#goOn(line);
      return;
    }
    this.#waiting.remove(delivery);
    delivery.startedAt = this.#clock.monotonicMs();
    delivery.startedEpochMs = this.#clock.epochMs();
    line.current = delivery;
    void this.#attempt(delivery);
  }

  #startAgain(delivery: Delivery<T>): void {
    this.#awaitingRetry--;
    if (this.#timeLeft(delivery) <= 0) {
      this.#fail(delivery, FailReason.DEADLINE);
    } else {
      this.#retries++;
      void this.#attempt(delivery);
    }
  }

  async #attempt(delivery: Delivery<T>): Promise<void> {
    const { line } = delivery;
    const { slow } = line;
    this.#inFlight++;
    if (slow) this.#slowInFlight++;
    delivery.attempts++;
    delivery.status = 0;
    delivery.numDropped = line.lost;

    const aborter = new AbortController();
    const limitMs = Math.min(this.#limits.requestTimeoutMs, this.#timeLeft(delivery));
    let timedOut = false;
    const callOff = this.#clock.after(limitMs, () => {
      timedOut = true;
      aborter.abort();
    });
    line.cancel = () => {
      callOff();
      aborter.abort();
    };
    let answer: Answer | undefined;
    let error: unknown;
    try {
      answer = await this.#send(delivery.event, delivery.numDropped, aborter.signal);
    } catch (cause) {
      error = cause;
    }
    callOff();
    if (this.#stopped) return;

    this.#inFlight--;
    if (slow) this.#slowInFlight--;
    line.cancel = nothingToCancel;
    line.slow = timedOut || (error instanceof AttemptError && error.timedOut);
    if (answer !== undefined) {
      this.#takeAnswer(delivery, answer);
    } else if (line.slow) {
      this.#retry(delivery, FailReason.TIMEOUT, `no answer within ${Math.ceil(limitMs)} ms`);
    } else {
      const text = error instanceof AttemptError ? error.message : 'the request could not be made';
      this.#retry(delivery, FailReason.CONNECTION, text);
    }
    this.#pump();
  }

  #takeAnswer(delivery: Delivery<T>, { status, retryAfter }: Answer): void {
    const { line } = delivery;
    delivery.status = status;
    const verdict = verdictOf(status);
    if (verdict === Verdict.RETRY) {
      this.#retry(delivery, FailReason.STATUS, `HTTP status ${status}`, retryAfter);
    } else if (verdict === Verdict.FAILED) {
      const isRedirect = status >= 300 && status < 400;
      delivery.error = `HTTP status ${status}${isRedirect ? ', and redirects are not followed' : ''}`;
      this.#fail(delivery, FailReason.STATUS);
    } else {
      delivery.error = '';
      this.#sent++;
      // Not to 0: more may have been lost while this one was under way.
      line.lost -= delivery.numDropped;
      this.#settle(delivery, Result.SENT, '');
    }
  }

  /** Tries again later, if it may. Meanwhile the line stands still, so that order holds, and takes no place. */
  #retry(delivery: Delivery<T>, reason: FailReason, error: string, retryAfter?: string): void {
    const { line, attempts } = delivery;
    delivery.error = error;
    if (attempts > this.#limits.retries) {
      this.#fail(delivery, reason);
      return;
    }
    const delayMs = retryDelayMs(this.#limits, attempts, retryAfter, this.#clock.epochMs());
    if (delayMs >= this.#timeLeft(delivery)) {
      this.#fail(delivery, FailReason.DEADLINE);
      return;
    }
    this.#awaitingRetry++;
    line.cancel = this.#clock.after(delayMs, () => {
      line.cancel = nothingToCancel;
      this.#turns.push(line);
      this.#pump();
    });
  }

  #fail(delivery: Delivery<T>, reason: FailReason): void {
    if (reason === FailReason.DEADLINE) delivery.error += '; no time was left for another attempt';
    this.#failed++;
    delivery.line.lost++;
    this.#settle(delivery, Result.FAILED, reason);
  }

  #settle(delivery: Delivery<T>, result: Result, reason: Outcome['reason']): void {
    const { line } = delivery;
    line.current = undefined;
    this.#goOn(line);
    this.#settled(delivery.event, outcomeOf(delivery, result, reason, this.#clock.monotonicMs()));
  }

  #countDropped(delivery: Delivery<T>, reason: DropReason): void {
    this.#dropped[reason]++;
    delivery.line.lost++;
  }

  #tellDropped(delivery: Delivery<T>, reason: DropReason): void {
    const now = this.#clock.monotonicMs();
    this.#settled(delivery.event, outcomeOf(delivery, Result.DROPPED, reason, now));
  }

  /** Takes whatever is too old for a first attempt out of its queue, and counts it. */
  #takeAged(): Delivery<T>[] {
    const { maxAgeMs, totalDeadlineMs } = this.#limits;
    const now = this.#clock.monotonicMs();
    const aged: Delivery<T>[] = [];
    for (let { oldest } = this.#waiting; oldest !== undefined; oldest = this.#waiting.oldest) {
      const ageMs = now - oldest.queuedAt;
      if (ageMs <= maxAgeMs && ageMs < totalDeadlineMs) break;
      // The oldest of all is the first of its line, too.
      oldest.line.waiting.shift();
      this.#waiting.remove(oldest);
      this.#countDropped(oldest, DropReason.AGE);
      aged.push(oldest);
    }
    return aged;
  }

  #tellAged(aged: readonly Delivery<T>[]): void {
    for (const delivery of aged) this.#tellDropped(delivery, DropReason.AGE);
  }

  /** The line's next turn comes after those of all others; without events it rests. */
  #goOn(line: Line<T>): void {
    if (line.waiting.length > 0) {
      this.#turns.push(line);
    } else {
      line.busy = false;
      this.#rest(line);
    }
  }

  #rest(line: Line<T>): void {
    this.#lines.delete(line.key);
    if (line.lost > 0 || line.slow) this.#resting.set(line.key, line);
    if (this.#resting.size > MAX_RESTING) {
      const forgotten = this.#resting.values().next().value!;
      this.#untold += forgotten.lost;
      this.#resting.delete(forgotten.key);
    }
    if (this.#lines.size === 0) this.#tellDrained();
  }

  #tellDrained(): void {
    const whenDrained = this.#whenDrained;
    this.#whenDrained = [];
    for (const resolve of whenDrained) resolve();
  }

  #timeLeft(delivery: Delivery<T>): number {
    return delivery.queuedAt + this.#limits.totalDeadlineMs - this.#clock.monotonicMs();
  }
}
