import { AnalyticsEvent, AnalyticsNodeRooms, WebhookEvent } from '@livekit/protocol';
import { decode } from '../snapshot/decode.js';
import type { TelemetryEntry } from './messages.js';

/**
 * Something the telemetry service tells the world, as `onTelemetry` gives it. Nothing is decoded before it is
 * asked for.
 */
export class TelemetryEvent {
  readonly kind: TelemetryEntry['kind'];
  /** Number in its room, in the order things happened, events and webhooks together; 0 for `nodeRooms`. */
  readonly seq: number;
  /** When the call was made, milliseconds since 1970. */
  readonly timeMs: number;
  /** The same in engine time. */
  readonly engineMs: number;
  /** `livekit.AnalyticsEvent`, `livekit.WebhookEvent` or `livekit.AnalyticsNodeRooms`. */
  readonly bytes: Uint8Array;

  /** @internal */
  constructor(entry: TelemetryEntry, originEpochMs: number) {
    this.kind = entry.kind;
    this.seq = entry.seq;
    this.engineMs = entry.time;
    this.timeMs = originEpochMs + entry.time;
    this.bytes = entry.bytes;
  }

  /** The message, decoded. */
  get message(): AnalyticsEvent | WebhookEvent | AnalyticsNodeRooms {
    if (this.kind === 'event') return decode(AnalyticsEvent, this.bytes);
    if (this.kind === 'webhook') return decode(WebhookEvent, this.bytes);
    return decode(AnalyticsNodeRooms, this.bytes);
  }
}
