import { type Outcome, Result } from './outcome.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, fields: object, message: string) => void;

/** A URL that is down must not fill the log: one line in this time says it all. */
const QUIET_MS = 10_000;

/** Logs what was not delivered to one URL: the first at once, then how many in some time, with the latest. */
export class FailureLog {
  readonly #url: string;
  readonly #log: Log;
  readonly #monotonicMs: () => number;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #failed = 0;
  #dropped = 0;

  /** @param url as it may be shown */
  constructor(url: string, log: Log, monotonicMs: () => number) {
    this.#url = url;
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  note(eventId: string, { key, result, reason, error }: Outcome): void {
    if (result === Result.SENT) return;
    if (result === Result.FAILED) this.#failed++;
    else this.#dropped++;
    const now = this.#monotonicMs();
    if (now - this.#loggedAt < QUIET_MS) return;
    const fields = { url: this.#url, failed: this.#failed, dropped: this.#dropped };
    this.#log('warn', { ...fields, eventId, key, reason, error }, 'webhooks were not delivered');
    this.#loggedAt = now;
    this.#failed = this.#dropped = 0;
  }
}
