import type { WebhookEvent } from '@livekit/protocol';
import { ErrorCode, refused } from '../../errors.js';
import { type DeliveryCounts, sumOfCounts } from './delivery-counts.js';
import { Destination, type WebhookHooks } from './destination.js';
import { EventFilter } from './event-filter.js';
import { eventKey } from './event-key.js';
import { Notice } from './notice.js';
import { systemClock } from './system-clock.js';
import { webhookAbout } from './webhook-info.js';
import { resolveWebhookOptions, type WebhookOptions } from './webhook-options.js';

/** Counts of all URLs together, an event once for each, and of every URL for itself. */
export interface WebhookStatus extends DeliveryCounts {
  readonly urls: readonly (DeliveryCounts & { readonly url: string })[];
}

export interface WebhookCloseOptions {
  /** What is queued is still delivered for so long, milliseconds. */
  readonly deadlineMs: number;
  /** Do not wait. @default false */
  readonly force?: boolean;
}

export interface WebhookCloseReport {
  /** Nothing was left. */
  readonly complete: boolean;
  /** Events without an outcome at the end, which were dropped as "closed". */
  readonly left: readonly { readonly url: string; readonly key: string; readonly count: number }[];
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Delivers webhooks: every event to every URL, in the order of its key, each URL for itself. All calls from one
 * thread, whose event loop does the work; none of them waits, and none throws for what a receiver does.
 */
export class Webhooks {
  readonly #filter: EventFilter;
  readonly #destinations: readonly Destination[];
  readonly #log: WebhookHooks['log'];
  #closed: Promise<WebhookCloseReport> | undefined;
  #stopWaiting: () => void = () => {};

  /** @throws SfuStatsError INVALID_OPTION */
  constructor(options: WebhookOptions, hooks: WebhookHooks) {
    const resolved = resolveWebhookOptions(options);
    this.#log = hooks.log;
    this.#filter = new EventFilter(resolved.include, resolved.exclude);
    this.#destinations = resolved.urls.map((url) => new Destination(url, resolved, systemClock, hooks));
  }

  /** Takes an event, as it is now. */
  notify(event: WebhookEvent): void {
    if (!this.#filter.isWanted(event.event)) return;
    const key = eventKey(event);
    const about = webhookAbout(event);
    let notice: Notice;
    try {
      notice = new Notice(event, about);
    } catch {
      // Without the error's text, which quotes a value of the event.
      this.#log('error', { event: event.event, eventId: event.id }, 'a webhook cannot be written as JSON');
      for (const destination of this.#destinations) destination.addUnwritable(key, about);
      return;
    }
    for (const destination of this.#destinations) destination.add(key, notice);
  }

  status(): WebhookStatus {
    const urls = this.#destinations.map((destination) => ({
      url: destination.url,
      ...destination.counts(),
    }));
    return { ...sumOfCounts(urls), urls };
  }

  /**
   * Takes nothing more, delivers what is queued within the deadline, drops the rest and ends every connection and
   * timer. Called again, it gives the same report; `force` then ends the wait.
   * @throws SfuStatsError INVALID_ARGUMENT
   */
  async close({ deadlineMs, force = false }: WebhookCloseOptions): Promise<WebhookCloseReport> {
    if (!(deadlineMs >= 0 && deadlineMs <= MAX_TIMER_MS)) {
      const rule = `a number from 0 to ${MAX_TIMER_MS}`;
      throw refused(ErrorCode.INVALID_ARGUMENT, 'deadlineMs', rule, deadlineMs);
    }
    this.#closed ??= this.#close(deadlineMs);
    if (force) this.#stopWaiting();
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<WebhookCloseReport> {
    for (const destination of this.#destinations) destination.refuse();
    const waited = new Promise<void>((resolve) => {
      this.#stopWaiting = resolve;
    });
    const callOff = systemClock.after(deadlineMs, this.#stopWaiting);
    await Promise.race([Promise.all(this.#destinations.map((one) => one.drained())), waited]);
    callOff();
    const left = this.#destinations.flatMap((one) => one.stop().map((rest) => ({ url: one.url, ...rest })));
    await Promise.all(this.#destinations.map((one) => one.disconnect()));
    return { complete: left.length === 0, left };
  }
}
