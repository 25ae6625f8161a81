import {
  type AnalyticsEvent,
  AnalyticsEventType,
  type AnalyticsNodeRooms,
  type WebhookEvent,
} from '@livekit/protocol';
import { expect } from 'vitest';
import { TelemetryCalls } from '../../dist/src/engine/telemetry-calls.js';
import type { TelemetryCall } from '../../dist/src/memory/frames.js';
import { createTelemetryMemory, TelemetryLedger } from '../../dist/src/memory/telemetry-ledger.js';
import { EventMetrics } from '../../dist/src/telemetry/event-metrics.js';
import { type TelemetryOptions, TelemetryService } from '../../dist/src/telemetry/service.js';

/** The epoch of engine time 0: 2026-01-01T00:00:00Z. */
export const ORIGIN_MS = Date.UTC(2026, 0, 1);
/** The same in seconds, as webhooks have it. */
export const ORIGIN_S = ORIGIN_MS / 1000;
export const REAP_AFTER_MS = 180_000;

/** Created on the last day of 2025. */
export const ROOM = { sid: 'RM_standup', name: 'standup', creationTime: 1_767_139_200n, maxParticipants: 8 };
/** The same as JSON. */
export const ROOM_JSON = { ...ROOM, creationTime: '1767139200' };
export const SMALL_ROOM = { sid: ROOM.sid, name: ROOM.name };
export const ALICE = { sid: 'PA_alice', identity: 'alice', name: 'Alice', metadata: 'from client' };
export const BOB = { sid: 'PA_bob', identity: 'bob', name: 'Bob' };

/** What a sink got. */
interface ToldBase {
  /** An event's type, a webhook's event, as LiveKit spells them. */
  readonly name: string;
  /** 0 where the sink is given none. */
  readonly seq: number;
  readonly time: number;
  /** What the message said at that moment. */
  readonly json: unknown;
}
export type ToldEvent = ToldBase & { readonly kind: 'event'; readonly message: AnalyticsEvent };
export type ToldWebhook = ToldBase & { readonly kind: 'webhook'; readonly message: WebhookEvent };
export type ToldRooms = ToldBase & { readonly kind: 'nodeRooms'; readonly message: AnalyticsNodeRooms };
export type Told = ToldEvent | ToldWebhook | ToldRooms;

/** The host's calls as users make them, given straight to whoever takes them. */
export class DirectCalls extends TelemetryCalls {
  readonly #take: (call: TelemetryCall) => void;

  constructor(take: (call: TelemetryCall) => void) {
    super();
    this.#take = take;
  }

  protected override send(call: TelemetryCall): void {
    this.#take(call);
  }
}

export type MakeCalls = (calls: DirectCalls) => void;

/** What calls send. */
export function sentBy(make: MakeCalls): TelemetryCall[] {
  const sent: TelemetryCall[] = [];
  make(new DirectCalls((call) => sent.push(call)));
  return sent;
}

/**
 * The telemetry service without threads: time stands still until `at` moves it, calls are numbered from 1 as the
 * host numbers them, and everything the service tells is kept.
 */
export class ServiceUnderTest {
  readonly service: TelemetryService;
  readonly told: Told[] = [];
  readonly impossible: TelemetryCall[] = [];
  readonly calls = new DirectCalls((call) => this.take(call));
  readonly ledger: TelemetryLedger;
  readonly metrics: EventMetrics;
  #now = 0;
  #number = 0;

  /** @param ledger of a service before this one, which it takes over from */
  constructor(
    options: Partial<TelemetryOptions> = {},
    ledger = new TelemetryLedger(createTelemetryMemory(131_072)),
  ) {
    this.ledger = ledger;
    this.metrics = new EventMetrics(ledger);
    const base = { nodeId: 'ND_test', analyticsKey: 'key', seed: 'test', originEpochMs: () => ORIGIN_MS };
    const { told } = this;
    this.service = new TelemetryService(
      { ...base, ...options },
      {
        event: (message, seq, time) => {
          const name = AnalyticsEventType[message.type] ?? '';
          told.push({ kind: 'event', name, seq, time, json: message.toJson(), message });
        },
        webhook: (message, seq, time) => {
          told.push({ kind: 'webhook', name: message.event, seq, time, json: message.toJson(), message });
        },
        nodeRooms: (message, time) => {
          told.push({ kind: 'nodeRooms', name: 'nodeRooms', seq: 0, time, json: message.toJson(), message });
        },
        impossible: (call) => this.impossible.push(call),
      },
      ledger,
      this.metrics,
    );
  }

  /** Moves the clock; engine time, ms. */
  at(ms: number): this {
    this.#now = ms;
    return this;
  }

  /** Number of the call made last. */
  get number(): number {
    return this.#number;
  }

  take(call: TelemetryCall): void {
    this.service.take(call, this.#now, ++this.#number);
    this.settle();
  }

  /** Commits what has changed. */
  settle(): void {
    this.ledger.prepare();
    this.ledger.commit();
  }

  /** Has a call passed over: it costs a number, and the service never hears of it. */
  skip(): void {
    this.#number++;
  }

  reap(ms: number): void {
    this.at(ms).service.reap(ms, REAP_AFTER_MS);
  }

  /** What calls lead to. */
  during(make: MakeCalls): Told[] {
    const from = this.told.length;
    make(this.calls);
    return this.told.slice(from);
  }

  /** The names of what calls lead to, webhooks in small letters, events in capitals. */
  names(make: MakeCalls): string[] {
    return this.during(make).map(({ name }) => name);
  }

  /** The one event that calls lead to, as JSON. */
  event(make: MakeCalls): unknown {
    return only(this.during(make).filter(({ kind }) => kind === 'event')).json;
  }

  /** The one webhook that calls lead to, as JSON. */
  webhook(make: MakeCalls): unknown {
    return only(this.during(make).filter(({ kind }) => kind === 'webhook')).json;
  }
}

function only(told: readonly Told[]): Told {
  const [first, ...others] = told;
  if (first === undefined || others.length > 0) throw new Error(`${told.length} were told, not one`);
  return first;
}

/** The id of an event, or of a webhook, whatever it is. */
export const AN_EVENT_ID = expect.stringMatching(/^AE_\w{12}$/);
export const A_WEBHOOK_ID = expect.stringMatching(/^EV_\w{12}$/);

/** An event's JSON: what all of them have, and the fields that are given. */
export function eventJson(timestamp: string, fields: object): object {
  return { id: AN_EVENT_ID, timestamp, nodeId: 'ND_test', analyticsKey: 'key', ...fields };
}

/** A webhook's JSON: what all of them have, and the fields that are given. */
export function webhookJson(event: string, createdAt: number, fields: object): object {
  return { id: A_WEBHOOK_ID, event, createdAt: String(createdAt), ...fields };
}
