import { Board } from '../../memory/board.js';
import { BookCells } from '../../memory/cells.js';
import { type CountedMemory, lossCounts, windowsMerged } from '../../memory/losses.js';
import { RecordedTotals } from '../../memory/recorded.js';
import { ringFills } from '../../memory/ring-fill.js';
import { type ExporterCounts, exporterDrops, exporterFamilies } from './exporter-metrics.js';
import type { MetricFamily, MetricSource, ValueSeries } from './families.js';

export interface EngineMetricsParts extends CountedMemory {
  readonly exporters: readonly ExporterCounts[];
  /** The package's. */
  readonly version: string;
}

const DIRECTIONS = ['upstream', 'downstream'] as const;
/** Of the loop's delays since the host last wrote them. */
const LOOP_DELAYS = [
  ['50', Board.HOST_LOOP_P50],
  ['99', Board.HOST_LOOP_P99],
  ['100', Board.HOST_LOOP_MAX],
] as const;

/** What the engine says of itself, read from shared memory: it is as it was whatever threads died. Any thread. */
export class EngineMetrics implements MetricSource {
  readonly #parts: EngineMetricsParts;
  readonly #recorded: RecordedTotals;

  constructor(parts: EngineMetricsParts) {
    this.#parts = parts;
    this.#recorded = new RecordedTotals(parts.shards, parts.threads);
  }

  collect(): readonly MetricFamily[] {
    const { exporters } = this.#parts;
    return [...this.#recording(), ...this.#threads(), ...this.#webhooks(), ...exporterFamilies(exporters)];
  }

  #recording(): MetricFamily[] {
    const { shards } = this.#parts;
    const { totals, slotsInUse, slots } = this.#recorded.read();
    const each = (cell: number): ValueSeries[] =>
      DIRECTIONS.map((direction, at) => ({
        labels: [direction],
        value: totals[at * BookCells.WORDS + cell]!,
      }));
    const by = ['direction'];
    return [
      counter('samples_recorded_total', 'Calls of recorders.', each(BookCells.SAMPLES), by),
      counter('messages_recorded_total', 'Data and signalling messages.', each(BookCells.MESSAGES), by),
      counter(
        'packets_recorded_total',
        'Media packets: primary, retransmitted, padding.',
        each(BookCells.PACKETS),
        by,
      ),
      counter('recorded_bytes_total', 'Bytes of media and messages.', each(BookCells.BYTES), by),
      gauge('slots_in_use', 'Tracks open, or waiting for their last window.', one(slotsInUse)),
      gauge('slots_capacity', 'Tracks there is room for.', one(slots)),
      gauge(
        'ring_fill_ratio',
        'Share of a ring that waits to be applied.',
        ringFills(shards).map(({ shard, lane, fill }) => ({ labels: [`${shard}`, `${lane}`], value: fill })),
        ['shard', 'lane'],
      ),
      counter(
        'windows_merged_total',
        'Windows that found no room and went on with the next.',
        one(windowsMerged(shards)),
      ),
      counter(
        'drops_total',
        'What was lost or refused, by where and why.',
        [...lossCounts(this.#parts).map(lossSeries), ...this.#deliveryDrops()],
        ['channel', 'reason'],
      ),
    ];
  }

  #threads(): MetricFamily[] {
    const { board, version } = this.#parts;
    const word = (at: number): ValueSeries[] => one(board[at]!);
    const seconds = (at: number): ValueSeries[] => one(board[at]! / 1_000);
    return [
      gauge(
        'build_info',
        'Always 1; its label is the version.',
        [{ labels: [version], value: 1 }],
        ['version'],
      ),
      counter('flushes_total', 'Flushes asked for.', word(Board.FLUSH)),
      counter(
        'flushes_incomplete_total',
        'Flushes that went on without a shard.',
        word(Board.FLUSHES_INCOMPLETE),
      ),
      counter(
        'missed_ticks_total',
        'Flush deadlines that passed while one was running.',
        word(Board.MISSED_TICKS),
      ),
      gauge(
        'flush_duration_seconds',
        'The last flush, from its request until it was handed on.',
        seconds(Board.LAST_FLUSH_DURATION),
      ),
      gauge(
        'encode_seconds',
        'Part of the last flush: stamping and encoding.',
        seconds(Board.LAST_ENCODE_DURATION),
      ),
      gauge('flush_stats', 'Stats the last flush reported.', word(Board.LAST_FLUSH_STATS)),
      counter('stats_worker_restarts_total', 'Stats workers that died.', word(Board.STATS_WORKER_RESTARTS)),
      counter('timer_restarts_total', 'Timer threads that died.', word(Board.TIMER_RESTARTS)),
      counter(
        'pool_rebuilds_total',
        'Pools of stats workers that had to be made anew.',
        word(Board.POOL_REBUILDS),
      ),
      gauge('rooms', 'Rooms known, ended ones until they are reaped.', word(Board.ROOMS)),
      gauge('participants', 'Participants that are open.', word(Board.PARTICIPANTS)),
      counter('participants_reaped_total', 'Participants forgotten.', word(Board.REAPED)),
      gauge(
        'host_loop_delay_seconds',
        "How late the host's event loop was, of late; the 100th percentile is the worst.",
        LOOP_DELAYS.map(([percentile, at]) => ({ labels: [percentile], value: board[at]! / 1_000 })),
        ['percentile'],
      ),
    ];
  }

  #webhooks(): MetricFamily[] {
    const { board } = this.#parts;
    const word = (at: number): ValueSeries[] => one(board[at]!);
    return [
      gauge('webhooks_queued', 'Webhooks that wait or are in flight.', word(Board.WEBHOOKS_QUEUED)),
      counter('webhooks_sent_total', 'Webhooks that arrived.', word(Board.WEBHOOKS_SENT)),
      counter('webhooks_failed_total', 'Webhooks that were given up.', word(Board.WEBHOOKS_FAILED)),
      counter('webhooks_dropped_total', 'Webhooks never attempted.', word(Board.WEBHOOKS_DROPPED)),
      counter('webhooks_retries_total', 'Attempts after the first.', word(Board.WEBHOOK_RETRIES)),
    ];
  }

  /** Drops past the engine: whole webhooks, whole batches. */
  #deliveryDrops(): ValueSeries[] {
    const { board, exporters } = this.#parts;
    return [
      { labels: ['webhook', 'dropped'], value: board[Board.WEBHOOKS_DROPPED]! },
      ...exporterDrops(exporters).map(({ exporter, reason, batches }) => ({
        labels: [`exporter_${exporter}`, reason],
        value: batches,
      })),
    ];
  }
}

const lossSeries = ({ channel, reason, count }: ReturnType<typeof lossCounts>[number]): ValueSeries => ({
  labels: [channel, reason],
  value: count,
});

const one = (value: number): ValueSeries[] => [{ labels: [], value }];

function counter(
  name: string,
  help: string,
  series: readonly ValueSeries[],
  labelNames: readonly string[] = [],
): MetricFamily {
  return { name: `sfu_stats_${name}`, help, type: 'counter', labelNames, series };
}

function gauge(
  name: string,
  help: string,
  series: readonly ValueSeries[],
  labelNames: readonly string[] = [],
): MetricFamily {
  return { name: `sfu_stats_${name}`, help, type: 'gauge', labelNames, series };
}
