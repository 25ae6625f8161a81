import {
  type Answer,
  AttemptError,
  type DeliveryLimits,
} from '../../../dist/src/telemetry/webhooks/delivery.js';
import { DeliveryScheduler } from '../../../dist/src/telemetry/webhooks/delivery-scheduler.js';
import type { Outcome } from '../../../dist/src/telemetry/webhooks/outcome.js';
import { webhookDefaults } from '../../../dist/src/telemetry/webhooks/webhook-options.js';
import { FakeClock } from './fake-clock.js';

/** An event of the tests: the number-th of its key. */
export interface Event {
  readonly key: string;
  readonly number: number;
}

/** A request that was begun; a test ends it as it likes. */
export interface Attempt {
  readonly event: Event;
  readonly numDropped: number;
  readonly signal: AbortSignal;
  readonly atMs: number;
  isOpen: boolean;
  /** The status it ends with if it is aborted: it had been read, but not the body. */
  statusOnAbort: number | undefined;
  answer(status: number, retryAfter?: string): void;
  break(timedOut?: boolean): void;
}

export interface Told {
  readonly event: Event;
  readonly outcome: Outcome;
}

export const standardLimits: DeliveryLimits = {
  ...webhookDefaults,
  totalDeadlineMs: webhookDefaults.maxAgeMs + 90_000,
};

/** A scheduler with a clock and a receiver that do what the test says. */
export class SchedulerHarness {
  readonly clock = new FakeClock();
  /** Every attempt ever begun. */
  readonly attempts: Attempt[] = [];
  readonly told: Told[] = [];
  /** How long its key's queue was with each event that found a place. */
  readonly queued: number[] = [];
  readonly scheduler: DeliveryScheduler<Event>;
  /** Run as an attempt begins, and as an outcome is told. */
  onAttempt: (attempt: Attempt) => void = () => {};
  onTold: (told: Told) => void = () => {};
  readonly #numbers = new Map<string, number>();

  constructor(limits: Partial<DeliveryLimits> = {}) {
    this.scheduler = new DeliveryScheduler<Event>(
      { ...standardLimits, ...limits },
      this.clock,
      (event, numDropped, signal) => this.#begin(event, numDropped, signal),
      (event, outcome) => {
        this.told.push({ event, outcome });
        this.onTold({ event, outcome });
      },
      (length) => this.queued.push(length),
    );
  }

  /** Adds the next events of a key, numbered from 1. */
  add(key: string, count = 1): void {
    for (let i = 0; i < count; i++) {
      const number = (this.#numbers.get(key) ?? 0) + 1;
      this.#numbers.set(key, number);
      this.scheduler.add(key, { key, number });
    }
  }

  get open(): Attempt[] {
    return this.attempts.filter(({ isOpen }) => isOpen);
  }

  /** Keys of the requests that are open, in the order they were begun. */
  get openKeys(): string[] {
    return this.open.map(({ event }) => event.key);
  }

  openOf(key: string): Attempt {
    const attempt = this.open.find(({ event }) => event.key === key);
    if (attempt === undefined) throw new Error(`no request of ${key} is open`);
    return attempt;
  }

  attemptsOf(key: string): Attempt[] {
    return this.attempts.filter(({ event }) => event.key === key);
  }

  async answer(key: string, status: number, retryAfter?: string): Promise<void> {
    this.openOf(key).answer(status, retryAfter);
    await reactions();
  }

  async break(key: string, timedOut = false): Promise<void> {
    this.openOf(key).break(timedOut);
    await reactions();
  }

  /** Lets time pass; what is due runs at its time, and what follows from it, too. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms;
    while (this.clock.advanceToNext(untilMs)) await reactions();
  }

  /** What became of a key's events, as "number result reason". */
  outcomesOf(key: string): string[] {
    return this.told
      .filter(({ event }) => event.key === key)
      .map(({ event, outcome }) => `${event.number} ${outcome.result} ${outcome.reason}`.trim());
  }

  #begin(event: Event, numDropped: number, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const end = (how: () => void): void => {
        if (!attempt.isOpen) throw new Error('this request is over');
        attempt.isOpen = false;
        how();
      };
      const attempt: Attempt = {
        event,
        numDropped,
        signal,
        atMs: this.clock.monotonicMs(),
        isOpen: true,
        statusOnAbort: undefined,
        answer: (status, retryAfter) => end(() => resolve({ status, retryAfter })),
        break: (timedOut = false) =>
          end(() => reject(new AttemptError('connection failed: ECONNRESET', timedOut))),
      };
      signal.addEventListener('abort', () => {
        const { isOpen, statusOnAbort } = attempt;
        if (isOpen && statusOnAbort !== undefined) attempt.answer(statusOnAbort);
        else if (isOpen) end(() => reject(new Error('aborted')));
      });
      this.attempts.push(attempt);
      this.onAttempt(attempt);
    });
  }
}

/** Resolves when everything that follows from what was done has happened: no timer is waited for. */
export function reactions(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
