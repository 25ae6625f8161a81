import type { WebhookInfo } from '@livekit/protocol';
import type { DeliveryClock } from './delivery.js';
import type { DeliveryCounts } from './delivery-counts.js';
import { DeliveryScheduler } from './delivery-scheduler.js';
import { FailureLog, type Log } from './failure-log.js';
import { HttpSender } from './http-sender.js';
import { outcomeOfUnqueued } from './line.js';
import type { Notice } from './notice.js';
import { FailReason, type Outcome, Result } from './outcome.js';
import { shownUrl } from './shown-url.js';
import { Signer } from './signer.js';
import { webhookInfo } from './webhook-info.js';
import type { ResolvedWebhookOptions, WebhookTarget } from './webhook-options.js';

/** Hears what became of each event at each URL. */
export interface WebhookHooks {
  /** Sent, failed or dropped: each event once for each URL. Should not throw: that is logged once. */
  processed(info: WebhookInfo, outcome: Outcome): void;
  /** An event found a place at a URL; `length` events of its key wait there now. Must not throw. */
  queued?(length: number): void;
  log: Log;
}

/** One URL: its queues, its key and its connections, none of which it shares with another. */
export class Destination {
  /** As it may be shown: without userinfo, query and fragment. */
  readonly url: string;
  readonly #hooks: WebhookHooks;
  readonly #sender: HttpSender;
  readonly #scheduler: DeliveryScheduler<Notice>;
  readonly #failures: FailureLog;
  #unwritable = 0;
  #hookThrew = false;

  constructor(
    { url, apiKey, apiSecret }: Required<WebhookTarget>,
    options: ResolvedWebhookOptions,
    clock: DeliveryClock,
    hooks: WebhookHooks,
  ) {
    this.url = shownUrl(url);
    this.#hooks = hooks;
    this.#failures = new FailureLog(this.url, hooks.log, clock.monotonicMs);
    const signer = new Signer(apiKey, apiSecret);
    const sender = new HttpSender(url, options);
    this.#sender = sender;
    this.#scheduler = new DeliveryScheduler<Notice>(
      options,
      clock,
      async (notice, numDropped, signal) => {
        const body = notice.body(numDropped);
        return sender.post(body, await signer.sign(body, clock.epochMs()), signal);
      },
      (notice, outcome) => this.#settled(notice.about, outcome),
      (length) => hooks.queued?.(length),
    );
  }

  counts(): DeliveryCounts {
    const counts = this.#scheduler.counts();
    return {
      ...counts,
      notified: counts.notified + this.#unwritable,
      failed: counts.failed + this.#unwritable,
    };
  }

  add(key: string, notice: Notice): void {
    this.#scheduler.add(key, notice);
  }

  /** An event that cannot be written fails at every URL. */
  addUnwritable(key: string, about: WebhookInfo): void {
    this.#unwritable++;
    const error = 'the event cannot be written as JSON';
    this.#settled(about, outcomeOfUnqueued(key, Result.FAILED, FailReason.CONTENT, error));
  }

  refuse(): void {
    this.#scheduler.refuse();
  }

  drained(): Promise<void> {
    return this.#scheduler.drained();
  }

  /** Drops what is left, and tells how many by key. */
  stop(): { readonly key: string; readonly count: number }[] {
    return this.#scheduler.stop();
  }

  disconnect(): Promise<void> {
    return this.#sender.close();
  }

  #settled(about: WebhookInfo, outcome: Outcome): void {
    this.#failures.note(about.eventId, outcome);
    try {
      this.#hooks.processed(webhookInfo(about, this.url, outcome), outcome);
    } catch (error) {
      if (this.#hookThrew) return;
      this.#hookThrew = true;
      this.#hooks.log('error', { error: String(error) }, 'the hook for processed webhooks threw');
    }
  }
}
