import type { DeliveryClock } from '../../../dist/src/telemetry/webhooks/delivery.js';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** What time it was, by the wall's clock, when a fake clock began. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Time that passes when a test says so. */
export class FakeClock implements DeliveryClock {
  #nowMs = 0;
  #timers: Timer[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Time until the next timer is due; undefined if there is none. */
  get nextDueInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  /** Lets time pass up to the next timer, if it is due by then, and runs it. */
  advanceToNext(untilMs: number): boolean {
    const next = this.#next();
    if (next === undefined || next.dueMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    this.#timers = this.#timers.filter((other) => other !== next);
    next.run();
    return true;
  }

  /** The earliest; of several, the one that was set first. */
  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (next, timer) => (next === undefined || timer.dueMs < next.dueMs ? timer : next),
      undefined,
    );
  }
}
