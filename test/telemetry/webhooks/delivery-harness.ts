import { ParticipantInfo, Room, WebhookEvent, type WebhookInfo } from '@livekit/protocol';
import { onTestFinished } from 'vitest';
import type { Outcome } from '../../../dist/src/telemetry/webhooks/outcome.js';
import type { WebhookOptions } from '../../../dist/src/telemetry/webhooks/webhook-options.js';
import { Webhooks } from '../../../dist/src/telemetry/webhooks/webhooks.js';
import { type Post, Receiver, type Reply } from '../../helpers/receiver.js';

export const API_KEY = 'APIkey';
export const API_SECRET = 'a-secret-nobody-should-see';

/** Retries come at once; a request that hangs is not given up within any test, unless it says so. */
const patient: Omit<WebhookOptions, 'urls'> = {
  apiKey: API_KEY,
  apiSecret: API_SECRET,
  requestTimeoutMs: 600_000,
  maxAgeMs: 600_000,
  retryMinMs: 1,
  retryMaxMs: 5,
};

export interface Processed {
  readonly info: WebhookInfo;
  readonly outcome: Outcome;
}

/** Webhooks sent over real sockets, with all that is heard of them. Ended with the test. */
export class DeliveryHarness {
  readonly webhooks: Webhooks;
  readonly processed: Processed[] = [];
  readonly logged: { readonly level: string; readonly fields: object; readonly message: string }[] = [];
  readonly #numbers = new Map<string, number>();
  #waiting: { readonly count: number; readonly reached: () => void }[] = [];

  constructor(urls: WebhookOptions['urls'], options: Partial<WebhookOptions> = {}) {
    this.webhooks = new Webhooks(
      { ...patient, urls, ...options },
      {
        processed: (info, outcome) => {
          this.processed.push({ info, outcome });
          for (const { count, reached } of this.#waiting) if (this.processed.length >= count) reached();
        },
        log: (level, fields, message) => this.logged.push({ level, fields, message }),
      },
    );
    onTestFinished(async () => {
      await this.webhooks.close({ deadlineMs: 0, force: true });
    });
  }

  /** Notifies of the next events of a room, numbered from 1. */
  notify(room: string, count = 1): void {
    for (let i = 0; i < count; i++) {
      const number = (this.#numbers.get(room) ?? 0) + 1;
      this.#numbers.set(room, number);
      this.webhooks.notify(eventOf(room, number));
    }
  }

  /** Resolves when so many outcomes were told since the start. */
  settled(count: number): Promise<void> {
    if (this.processed.length >= count) return Promise.resolve();
    return new Promise((reached) => this.#waiting.push({ count, reached }));
  }

  /** What became of the events at one URL, as "result reason", without repetitions. */
  resultsAt(url: string): string[] {
    const results = this.processed
      .filter(({ info }) => info.url === url)
      .map(({ outcome }) => `${outcome.result} ${outcome.reason}`.trim());
    return [...new Set(results)];
  }
}

/** The number-th event about a room. */
export function eventOf(room: string, number = 1): WebhookEvent {
  return new WebhookEvent({
    event: 'participant_joined',
    id: `EV_${room}_${number}`,
    createdAt: BigInt(Math.floor(Date.now() / 1000)),
    room: new Room({ sid: `RM_${room}`, name: room }),
    participant: new ParticipantInfo({ sid: `PA_${number}`, identity: `user ${number}` }),
  });
}

/** Ids of the number-th events about a room, from the first. */
export const idsOf = (room: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `EV_${room}_${index + 1}`);

/** A receiver that is closed with the test. */
export async function startReceiver(reply?: (post: Post) => Reply): Promise<Receiver> {
  const receiver = await Receiver.start(reply);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** What a receiver does with the requests about some rooms; the others are answered with 200. */
export const forRooms =
  (special: Readonly<Record<string, Reply>>, others: Reply) =>
  ({ event }: Post): Reply =>
    special[event.room?.name ?? ''] ?? others;
