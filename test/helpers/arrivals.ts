import { type AnalyticsEvent, AnalyticsEvents, AnalyticsStats } from '@livekit/protocol';
import type { AnalyticsReceiver } from './analytics-receiver.js';
import type { EngineUnderTest } from './engine.js';

/** What is counted of stats and events at one place, each id once. */
export class Arrivals {
  readonly #packets = new Map<string, number>();
  readonly #events = new Set<string>();
  /** Those that came again. */
  repeats = 0;
  torn = 0;

  stat({ id, streams }: AnalyticsStats['stats'][number]): void {
    if (this.#packets.has(id)) this.repeats++;
    this.#packets.set(
      id,
      streams.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0),
    );
  }

  event({ id }: AnalyticsEvent): void {
    if (this.#events.has(id)) this.repeats++;
    this.#events.add(id);
  }

  get packets(): number {
    return [...this.#packets.values()].reduce((sum, packets) => sum + packets, 0);
  }

  get events(): ReadonlySet<string> {
    return this.#events;
  }
}

export function ofGrpc({ messages }: AnalyticsReceiver): Arrivals {
  const arrivals = new Arrivals();
  for (const message of messages) {
    if (message instanceof AnalyticsStats) for (const stat of message.stats) arrivals.stat(stat);
    if (message instanceof AnalyticsEvents) for (const event of message.events) arrivals.event(event);
  }
  return arrivals;
}

export function ofCallback({ snapshots }: EngineUnderTest): Arrivals {
  const arrivals = new Arrivals();
  for (const { stats } of snapshots) for (const stat of stats) arrivals.stat(stat);
  return arrivals;
}
