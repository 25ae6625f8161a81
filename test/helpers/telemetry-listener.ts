import { AnalyticsEvent, AnalyticsEventType, WebhookEvent } from '@livekit/protocol';
import type { StatsEngine, StatsEngineOptions, TelemetryEvent } from '../../dist/src/index.js';
import { type EngineUnderTest, startEngine } from './engine.js';

/** An engine with real threads, and all it tells from its first call on, in order. */
export class Listener implements AsyncDisposable {
  readonly sfu: EngineUnderTest;
  readonly told: TelemetryEvent[] = [];

  private constructor(sfu: EngineUnderTest) {
    this.sfu = sfu;
    sfu.engine.onTelemetry((event) => this.told.push(event));
  }

  /** @param Engine whose it is, where it is not what ships */
  static async start(options: StatsEngineOptions = {}, Engine?: typeof StatsEngine): Promise<Listener> {
    return new Listener(await startEngine(options, Engine));
  }

  get engine() {
    return this.sfu.engine;
  }

  /** The events among it. */
  get events(): AnalyticsEvent[] {
    return this.told.flatMap(({ message }) => (message instanceof AnalyticsEvent ? [message] : []));
  }

  /** Waits until the event ring has taken all that waits for it, and the timer thread all that is in the ring. */
  async settle(): Promise<void> {
    await this.engine.waitForRoom();
    await this.engine.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}

/** A webhook's event, an event's type, as LiveKit spells them. */
export function nameOf({ message }: TelemetryEvent): string {
  if (message instanceof WebhookEvent) return message.event;
  return message instanceof AnalyticsEvent ? (AnalyticsEventType[message.type] ?? '') : 'node rooms';
}
