import type { DropReason } from './outcome.js';

/** The books of one URL: notified = sent + failed + dropped + queued + inFlight. */
export interface DeliveryCounts {
  readonly notified: number;
  readonly sent: number;
  readonly failed: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Events that wait: for their turn, or for their next attempt. */
  readonly queued: number;
  readonly inFlight: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Losses no receiver will be told of, as too many keys had some. */
  readonly untold: number;
}

/** The books of several URLs together: an event counts once for each. */
export function sumOfCounts(urls: readonly DeliveryCounts[]): DeliveryCounts {
  const sum = (count: (of: DeliveryCounts) => number): number =>
    urls.reduce((total, url) => total + count(url), 0);
  return {
    notified: sum((url) => url.notified),
    sent: sum((url) => url.sent),
    failed: sum((url) => url.failed),
    dropped: {
      full: sum(({ dropped }) => dropped.full),
      age: sum(({ dropped }) => dropped.age),
      closed: sum(({ dropped }) => dropped.closed),
    },
    queued: sum((url) => url.queued),
    inFlight: sum((url) => url.inFlight),
    retries: sum((url) => url.retries),
    untold: sum((url) => url.untold),
  };
}
