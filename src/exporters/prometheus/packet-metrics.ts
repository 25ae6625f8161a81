import { countryName } from '../../memory/countries.js';
import { PacketCounts } from '../../memory/packet-counts.js';
import { Direction } from '../../memory/totals.js';
import type { CountryCounts, PacketCounter } from '../../snapshot/packet-counter.js';
import type { MetricFamily, MetricSource, ValueSeries } from './families.js';

/** How LiveKit's metrics call the directions, by number. */
export const DIRECTION_LABELS = ['incoming', 'outgoing'] as const;
const DIRECTIONS = [Direction.UPSTREAM, Direction.DOWNSTREAM] as const;

type Counts = readonly (readonly [country: string, counts: CountryCounts])[];

/** LiveKit's packet counters, from the running totals of all recording threads. Timer thread. */
export class PacketMetrics implements MetricSource {
  readonly #counter: PacketCounter;

  constructor(counter: PacketCounter) {
    this.#counter = counter;
  }

  collect(): readonly MetricFamily[] {
    const counts = [...this.#counter.read()].map(
      ([country, values]) => [countryName(country), values] as const,
    );
    const { PACKETS, BYTES, NACKS, PLIS, FIRS } = PacketCounts;
    return [
      transmitted('livekit_packet_total', 'Packets received and sent.', counts, PACKETS),
      transmitted('livekit_packet_bytes', 'Bytes received and sent.', counts, BYTES),
      feedback('livekit_nack_total', 'NACKs sent and received.', counts, NACKS),
      feedback('livekit_pli_total', 'PLIs sent and received.', counts, PLIS),
      feedback('livekit_fir_total', 'FIRs sent and received.', counts, FIRS),
    ];
  }
}

function transmitted(name: string, help: string, counts: Counts, word: number): MetricFamily {
  const retransmit = word + PacketCounts.RETRANSMIT_PACKETS - PacketCounts.PACKETS;
  const series: ValueSeries[] = [];
  for (const [country, values] of counts) {
    const countAt = (direction: Direction, at: number): number =>
      values[direction * PacketCounts.WORDS + at]!;
    const { UPSTREAM, DOWNSTREAM } = Direction;
    // Upstream, retransmitted packets are among the initial ones: LiveKit does not tell them apart there.
    series.push(
      { labels: ['incoming', 'initial', country], value: countAt(UPSTREAM, word) },
      { labels: ['outgoing', 'initial', country], value: countAt(DOWNSTREAM, word) },
      { labels: ['outgoing', 'retransmit', country], value: countAt(DOWNSTREAM, retransmit) },
    );
  }
  return { type: 'counter', name, help, labelNames: ['direction', 'transmission', 'country'], series };
}

function feedback(name: string, help: string, counts: Counts, word: number): MetricFamily {
  const series = counts.flatMap(([country, values]) =>
    DIRECTIONS.map((direction) => ({
      labels: [DIRECTION_LABELS[direction], country],
      value: values[direction * PacketCounts.WORDS + word]!,
    })),
  );
  return { type: 'counter', name, help, labelNames: ['direction', 'country'], series };
}
