import type { TimerData } from '../../dist/src/engine/messages.js';
import type { MetricFamily, MetricSource } from '../../dist/src/exporters/prometheus/families.js';
import { PacketMetrics } from '../../dist/src/exporters/prometheus/packet-metrics.js';
import { StreamMetrics } from '../../dist/src/exporters/prometheus/stream-metrics.js';
import { Direction, type TrackWindow } from '../../dist/src/index.js';
import { PacketCounter } from '../../dist/src/snapshot/packet-counter.js';

export type Memory = Pick<TimerData, 'shards' | 'threads' | 'ledger'>;

export function sourcesOf({ shards, threads, ledger }: Memory): readonly MetricSource[] {
  return [new PacketMetrics(new PacketCounter(shards, threads)), new StreamMetrics(ledger)];
}

/** All values by name and labels, as `name{a,b}`; a histogram's as a list of its buckets and the sum. */
export function valuesOf(families: readonly MetricFamily[]): Record<string, number | readonly number[]> {
  const values: Record<string, number | readonly number[]> = {};
  for (const family of families) {
    if (family.type === 'histogram') {
      for (const { labels, counts, sum } of family.series) {
        values[`${family.name}{${labels}}`] = [...counts, Math.round(sum * 1e6) / 1e6];
      }
    } else {
      for (const { labels, value } of family.series) values[`${family.name}{${labels}}`] = value;
    }
  }
  return values;
}

const PERCENT = [0, 0.1, 0.3, 0.5, 0.7, 1, 5, 10, 40, 100];
const JITTER = [1e3, 1e4, 3e4, 5e4, 7e4, 1e5, 3e5, 6e5, 1e6];
const RTT = [50, 100, 150, 200, 250, 500, 750, 1e3, 5e3, 1e4];
const QUALITY = [1, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.25, 4.5];

function histogramOf(bounds: readonly number[], observed: readonly number[]): number[] {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map(
    (bound, i) => observed.filter((value) => value <= bound && (i === 0 || value > bounds[i - 1]!)).length,
  );
  return [...buckets, Math.round(observed.reduce((sum, value) => sum + value, 0) * 1e6) / 1e6];
}

/** What the stream metrics must say of rows that were reported, by LIVEKIT.md; `labelsOf` names source, type, country. */
export function streamValuesOf(
  rows: readonly TrackWindow[],
  labelsOf: (row: TrackWindow) => readonly [source: string, type: string, country: string],
): Record<string, number | readonly number[]> {
  const bySet = new Map<string, TrackWindow[]>();
  for (const row of rows) {
    const set = [row.direction === Direction.UPSTREAM ? 'incoming' : 'outgoing', ...labelsOf(row)].join();
    bySet.set(set, [...(bySet.get(set) ?? []), row]);
  }
  const values: Record<string, number | readonly number[]> = {};
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  for (const [set, of] of bySet) {
    const packets = (row: TrackWindow): number => row.primaryPackets + row.paddingPackets;
    const percent = (part: 'packetsLost' | 'packetsOutOfOrder'): number[] =>
      of.filter((row) => packets(row) > 0).map((row) => (row[part] / packets(row)) * 100);
    values[`livekit_packet_loss_total{${set}}`] = sum(of.map((row) => row.packetsLost));
    values[`livekit_packet_out_of_order_total{${set}}`] = sum(of.map((row) => row.packetsOutOfOrder));
    values[`livekit_packet_loss_percent{${set}}`] = histogramOf(PERCENT, percent('packetsLost'));
    values[`livekit_packet_out_of_order_percent{${set}}`] = histogramOf(
      PERCENT,
      percent('packetsOutOfOrder'),
    );
    const positive = (numbers: readonly number[]): number[] => numbers.filter((n) => n > 0);
    values[`livekit_jitter_us{${set}}`] = histogramOf(JITTER, positive(of.map((row) => row.jitterUs)));
    values[`livekit_rtt_ms{${set}}`] = histogramOf(RTT, positive(of.map((row) => row.rttMs)));
  }
  const scores = rows.filter((row) => row.scores > 0).map((row) => row.scoreMean);
  values['livekit_quality_score{}'] = histogramOf(QUALITY, scores);
  return values;
}
