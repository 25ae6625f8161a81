import type { WebhookEvent, WebhookInfo } from '@livekit/protocol';
import { webhookAbout } from './webhook-info.js';

/** An event as it goes to every URL: written once, and not changed by whatever becomes of the event's object. */
export class Notice {
  /** What reports say of it, whatever its outcome. */
  readonly about: WebhookInfo;
  readonly #json: string;

  /** @throws Error if the event cannot be written as JSON. */
  constructor(event: WebhookEvent, about = webhookAbout(event)) {
    this.about = about;
    this.#json = JSON.stringify({ ...(event.toJson() as object), numDropped: undefined });
  }

  /** Protobuf JSON of the event. */
  body(numDropped: number): string {
    if (numDropped === 0) return this.#json;
    return JSON.stringify({ ...JSON.parse(this.#json), numDropped });
  }
}
