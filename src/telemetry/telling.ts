import { AnalyticsEvent, type AnalyticsNodeRooms, Timestamp, WebhookEvent } from '@livekit/protocol';
import type { TelemetryCall } from '../memory/frames.js';
import { eventId } from './event-ids.js';
import type { RoomSequences } from './room-sequences.js';

/** Where an event, a webhook or a report of rooms goes; in the order things happened. */
export interface TelemetrySinks {
  /** @param seq the room's sequence number, from 1 */
  event(event: AnalyticsEvent, seq: number, time: number): void;
  webhook(event: WebhookEvent, seq: number, time: number): void;
  nodeRooms(rooms: AnalyticsNodeRooms, time: number): void;
  /** A call that cannot be: told once for each kind. */
  impossible(call: TelemetryCall): void;
}

export interface TelemetryOptions {
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly seed: string;
  /** The epoch of engine time 0, ms. */
  readonly originEpochMs: () => number;
}

export type EventFields = NonNullable<ConstructorParameters<typeof AnalyticsEvent>[0]>;
export type WebhookFields = NonNullable<ConstructorParameters<typeof WebhookEvent>[0]>;

/** The call that is being taken. */
export interface Taken {
  /** Engine time, ms. */
  readonly time: number;
  readonly number: number;
}

/** Makes events and webhooks whole, with id, date and sequence number, and hands them on. Timer thread. */
export class Telling {
  readonly sinks: TelemetrySinks;
  readonly #options: TelemetryOptions;
  readonly #sequences: RoomSequences;

  constructor(options: TelemetryOptions, sinks: TelemetrySinks, sequences: RoomSequences) {
    this.#options = options;
    this.sinks = sinks;
    this.#sequences = sequences;
  }

  webhook(fields: WebhookFields, room: string, { time, number }: Taken): void {
    const { seed, originEpochMs } = this.#options;
    const event = new WebhookEvent({
      ...fields,
      id: eventId('EV_', seed, number),
      createdAt: BigInt(Math.floor((originEpochMs() + time) / 1000)),
    });
    this.sinks.webhook(event, this.#sequences.next(room), time);
  }

  event(fields: EventFields, room: string, { time, number }: Taken): void {
    const { nodeId, analyticsKey, seed, originEpochMs } = this.#options;
    const event = new AnalyticsEvent({
      timestamp: Timestamp.fromDate(new Date(originEpochMs() + time)),
      id: eventId('AE_', seed, number),
      ...fields,
      nodeId,
      analyticsKey,
    });
    this.sinks.event(event, this.#sequences.next(room), time);
  }
}
