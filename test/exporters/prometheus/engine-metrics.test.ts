import { describe, expect, test } from 'vitest';
import { createMemory } from '../../../dist/src/engine/memory-plan.js';
import { type EngineStatus, engineStatus } from '../../../dist/src/engine/status.js';
import {
  EngineMetrics,
  type EngineMetricsParts,
} from '../../../dist/src/exporters/prometheus/engine-metrics.js';
import { MetricsPage } from '../../../dist/src/exporters/prometheus/metrics-page.js';
import { Board } from '../../../dist/src/memory/board.js';
import { ThreadBooks } from '../../../dist/src/memory/cells.js';
import {
  BatchCounts,
  createExporterBooks,
  ExportDrop,
  ExporterWords,
} from '../../../dist/src/memory/exporter-books.js';
import { InvalidReason } from '../../../dist/src/memory/invalid-reason.js';
import { createLedger, Ledger, LedgerWords } from '../../../dist/src/memory/ledger.js';
import { Control, laneWord } from '../../../dist/src/memory/shard.js';
import { Direction } from '../../../dist/src/memory/totals.js';
import { sampleOf, samplesOf } from '../../helpers/exposition.js';
import { RecordingBench } from '../../helpers/recording.js';

const SIZES = {
  shards: 2,
  tracks: 8,
  streams: 8,
  ports: 1,
  ringBytes: 16_384,
  eventRingBytes: 65_536,
  scoreBlocks: 2,
};

/** The memory of an engine in which nothing has happened. */
function still(): EngineMetricsParts {
  const books = createExporterBooks();
  return {
    ...createMemory(SIZES),
    exporters: [{ name: 'grpc', books }],
    version: '1.2.3',
  };
}

async function pageOf(parts: EngineMetricsParts | EngineMetrics): Promise<string> {
  const page = new MetricsPage({
    sources: [parts instanceof EngineMetrics ? parts : new EngineMetrics(parts)],
    constantLabels: {},
    monotonicMs: () => 0,
    failed: (error) => {
      throw new Error(error);
    },
  });
  return Buffer.concat((await page.text()).chunks).toString();
}

/** The metrics of a recording thread, as a timer thread shows them that has just begun. */
function metricsOf({ memory: { shards, cells, board } }: RecordingBench): EngineMetrics {
  const ledger = createLedger({ shards: shards.length, lanes: 1, metricWords: 0 });
  return new EngineMetrics({ shards, threads: [{ cells }], board, ledger, exporters: [], version: '' });
}

function recording(): { bench: RecordingBench; metrics: EngineMetrics } {
  const bench = new RecordingBench({ shards: 2 });
  return { bench, metrics: metricsOf(bench) };
}

describe('what was recorded', () => {
  const RECORDED = ['samples_recorded', 'messages_recorded', 'packets_recorded', 'recorded_bytes'] as const;

  async function recorded(metrics: EngineMetrics, direction: 'upstream' | 'downstream'): Promise<number[]> {
    const page = await pageOf(metrics);
    return RECORDED.map((name) => sampleOf(page, `sfu_stats_${name}_total`, { direction }));
  }

  test('is there as soon as it was, before anything is published', async () => {
    const { bench, metrics } = recording();
    const track = bench.openTrack();
    const stream = { primaryPackets: 5, primaryBytes: 500, retransmitPackets: 2, paddingPackets: 1 };
    track.recordDelta({ streams: [stream] });
    track.recordDelta({ streams: [{ primaryPackets: 1, retransmitBytes: 50, paddingBytes: 7 }] });
    expect(await recorded(metrics, 'upstream')).toEqual([2, 0, 9, 557]);
    expect(await recorded(metrics, 'downstream')).toEqual([0, 0, 0, 0]);
  });

  test('counts messages by direction', async () => {
    const { bench, metrics } = recording();
    const data = bench.openData();
    data.addBytes(Direction.UPSTREAM, 100);
    data.addBytes(Direction.UPSTREAM, 200, 4);
    data.addBytes(Direction.DOWNSTREAM, 50);
    expect(await recorded(metrics, 'upstream')).toEqual([2, 5, 0, 300]);
    expect(await recorded(metrics, 'downstream')).toEqual([1, 1, 0, 50]);
  });

  test('stays when its track is closed, and when its slot is given back', async () => {
    const { bench, metrics } = recording();
    const track = bench.openTrack({ direction: Direction.DOWNSTREAM });
    const data = bench.openData();
    track.recordDelta({ streams: [{ primaryPackets: 5, primaryBytes: 500 }] });
    data.addBytes(Direction.UPSTREAM, 100);
    const before = [await recorded(metrics, 'upstream'), await recorded(metrics, 'downstream')];
    const slots = async () => sampleOf(await pageOf(metrics), 'sfu_stats_slots_in_use');
    expect(await slots()).toBe(3);
    track.close();
    data.close();
    expect([await recorded(metrics, 'upstream'), await recorded(metrics, 'downstream')]).toEqual(before);
    expect(await slots()).toBe(3);
    bench.flush();
    bench.thread.publishAll();
    expect(await slots()).toBe(0);
    const successor = metricsOf(bench);
    expect([await recorded(successor, 'upstream'), await recorded(successor, 'downstream')]).toEqual(before);
    expect(sampleOf(await pageOf(metrics), 'sfu_stats_slots_capacity')).toBe(16);
  });

  test('counts what was skipped or is nobody’s too', async () => {
    const { bench, metrics } = recording();
    const track = bench.openTrack({ participant: 'PA_gone' });
    track.recordDelta({ streams: [{ primaryPackets: 2 ** 40, primaryBytes: 1 }] });
    bench.directory.setKnown('PA_gone', false);
    track.recordDelta({ streams: [{ primaryPackets: 3, primaryBytes: 30 }] });
    const [samples] = await recorded(metrics, 'upstream');
    expect(samples).toBe(2);
    const page = await pageOf(metrics);
    expect(sampleOf(page, 'sfu_stats_drops_total', { channel: 'sample', reason: 'invalid_too_large' })).toBe(
      1,
    );
    expect(
      sampleOf(page, 'sfu_stats_drops_total', { channel: 'sample', reason: 'unattributed' }),
    ).toBeGreaterThan(0);
  });

  test('does not fall while a slot is being given back', async () => {
    const { bench, metrics } = recording();
    bench.openTrack().recordDelta({ streams: [{ primaryPackets: 5 }] });
    const before = await recorded(metrics, 'upstream');
    const cells = new Float64Array(bench.memory.cells.buffer);
    // As a reader finds it that had read the books before, and finds the slot given back.
    cells.fill(0, bench.memory.cells.layout.totals);
    expect(await recorded(metrics, 'upstream')).toEqual(before);
  });
});

test('rings tell how full they are, by shard and lane, wherever their positions are', async () => {
  const parts = still();
  const ints = new Int32Array(parts.shards[1]!.buffer);
  ints[laneWord(1, Control.LANE_APPLIED)] = 2 ** 31 - 100;
  ints[laneWord(1, Control.LANE_PUBLISHED)] = (2 ** 31 - 100 + 512) | 0;
  const page = await pageOf(parts);
  const fills = samplesOf(page).filter(({ name }) => name === 'sfu_stats_ring_fill_ratio');
  expect(fills.map(({ labels, value }) => [labels.shard, labels.lane, value])).toEqual([
    ['0', '0', 0],
    ['0', '1', 0],
    ['1', '0', 0],
    ['1', '1', 0.25],
  ]);
});

test.each([
  ['sfu_stats_flushes_total', Board.FLUSH, 7, 7],
  ['sfu_stats_flushes_incomplete_total', Board.FLUSHES_INCOMPLETE, 7, 7],
  ['sfu_stats_missed_ticks_total', Board.MISSED_TICKS, 7, 7],
  ['sfu_stats_flush_duration_seconds', Board.LAST_FLUSH_DURATION, 250, 0.25],
  ['sfu_stats_encode_seconds', Board.LAST_ENCODE_DURATION, 250, 0.25],
  ['sfu_stats_flush_stats', Board.LAST_FLUSH_STATS, 7, 7],
  ['sfu_stats_stats_worker_restarts_total', Board.STATS_WORKER_RESTARTS, 7, 7],
  ['sfu_stats_timer_restarts_total', Board.TIMER_RESTARTS, 7, 7],
  ['sfu_stats_pool_rebuilds_total', Board.POOL_REBUILDS, 7, 7],
  ['sfu_stats_rooms', Board.ROOMS, 7, 7],
  ['sfu_stats_participants', Board.PARTICIPANTS, 7, 7],
  ['sfu_stats_participants_reaped_total', Board.REAPED, 7, 7],
  ['sfu_stats_webhooks_queued', Board.WEBHOOKS_QUEUED, 7, 7],
  ['sfu_stats_webhooks_sent_total', Board.WEBHOOKS_SENT, 7, 7],
  ['sfu_stats_webhooks_failed_total', Board.WEBHOOKS_FAILED, 7, 7],
  ['sfu_stats_webhooks_dropped_total', Board.WEBHOOKS_DROPPED, 7, 7],
  ['sfu_stats_webhooks_retries_total', Board.WEBHOOK_RETRIES, 7, 7],
])('%s is what the board says', async (name, word, written, shown) => {
  const parts = still();
  expect(sampleOf(await pageOf(parts), name)).toBe(0);
  parts.board[word] = written;
  expect(sampleOf(await pageOf(parts), name)).toBe(shown);
});

test("the host's loop delay has its percentiles, in seconds", async () => {
  const parts = still();
  parts.board.set([1, 20, 300], Board.HOST_LOOP_P50);
  const page = await pageOf(parts);
  const delays = samplesOf(page).filter(({ name }) => name === 'sfu_stats_host_loop_delay_seconds');
  expect(delays.map(({ labels, value }) => [labels.percentile, value])).toEqual([
    ['50', 0.001],
    ['99', 0.02],
    ['100', 0.3],
  ]);
});

test('windows that merged are summed over the shards, and the version is told', async () => {
  const parts = still();
  parts.shards.forEach(({ buffer }, shard) => {
    new Int32Array(buffer)[Control.I32_MERGED] = shard + 2;
  });
  const page = await pageOf(parts);
  expect(sampleOf(page, 'sfu_stats_windows_merged_total')).toBe(5);
  expect(sampleOf(page, 'sfu_stats_build_info', { version: '1.2.3' })).toBe(1);
});

describe('drops', () => {
  test('are those of status(), each by channel and reason', async () => {
    const parts = still();
    const books = parts.threads.map(({ cells }) => new Float64Array(cells.buffer));
    const single = [
      ThreadBooks.STALE,
      ThreadBooks.FOLDED,
      ThreadBooks.SCORES_LOST,
      ThreadBooks.MIMES_REFUSED,
    ];
    const reasons = Object.values(InvalidReason).map((reason) => ThreadBooks.INVALID_REASONS + reason);
    // Each a number of its own, so that none can stand for another.
    let next = 1;
    for (const book of books) for (const word of [...single, ...reasons]) book[word] = next++ * 1_000;
    const words = [Board.TELEMETRY_DROPPED, Board.EVENTS_REFUSED, Board.LEAVES_IGNORED];
    for (const word of words) parts.board[word] = next++ * 1_000;
    const ledger = new Ledger(parts.ledger);
    ledger.words[ledger.valid + LedgerWords.SCORES_DROPPED] = next++ * 1_000;
    ledger.words[ledger.valid + LedgerWords.FIELDS_SATURATED] = next++ * 1_000;

    const samples = samplesOf(await pageOf(parts)).filter(({ name }) => name === 'sfu_stats_drops_total');
    const of = (channel: string, reason: string): number =>
      samples.find(({ labels }) => labels.channel === channel && labels.reason === reason)!.value;
    const { drops } = statusOf(parts);
    expect({
      staleHandles: of('sample', 'stale_handle'),
      recordsFolded: of('record', 'ring_full'),
      scoresLost: of('score', 'ring_full') + of('score', 'no_block'),
      mimesRefused: of('mime', 'refused'),
      telemetryDropped: of('telemetry', 'host_slow'),
      eventsRefused: of('event', 'refused'),
      leavesIgnored: of('leave', 'ignored'),
      fieldsSaturated: of('field', 'saturated'),
      'invalid.NOT_WHOLE': of('sample', 'invalid_not_whole'),
      'invalid.SHAPE': of('sample', 'invalid_shape'),
    }).toEqual({
      staleHandles: drops.staleHandles,
      recordsFolded: drops.recordsFolded,
      scoresLost: drops.scoresLost,
      mimesRefused: drops.mimesRefused,
      telemetryDropped: drops.telemetryDropped,
      eventsRefused: drops.eventsRefused,
      leavesIgnored: drops.leavesIgnored,
      fieldsSaturated: drops.fieldsSaturated,
      'invalid.NOT_WHOLE': drops['invalid.NOT_WHOLE'],
      'invalid.SHAPE': drops['invalid.SHAPE'],
    });
    expect(Object.values(drops).filter((count) => count > 0).length).toBeGreaterThan(14);
    const engine = samples.filter(({ labels }) => !/^(webhook|exporter_)/.test(labels.channel!));
    const total = engine.reduce((sum, { value }) => sum + value, 0);
    expect(total).toBe(Object.values(drops).reduce((sum, count) => sum + count, 0));
  });

  test('past the engine are those of webhooks and exporters', async () => {
    const parts = still();
    parts.board[Board.WEBHOOKS_DROPPED] = 3;
    parts.exporters[0]!.books[ExporterWords.DROPPED + ExportDrop.CLOSED * BatchCounts.WORDS] = 4;
    const page = await pageOf(parts);
    const drops = (channel: string, reason: string) =>
      sampleOf(page, 'sfu_stats_drops_total', { channel, reason });
    expect(drops('webhook', 'dropped')).toBe(3);
    expect(drops('exporter_grpc', 'closed')).toBe(4);
    expect(drops('exporter_grpc', 'full')).toBe(0);
  });

  function statusOf(parts: EngineMetricsParts): EngineStatus {
    const threads = parts.threads.map(({ cells }) => ({ cells, events: cells.buffer }));
    const exporters = [{ name: 'callback', books: createExporterBooks() }];
    return engineStatus(
      { ...createMemory(SIZES), ...parts, threads, exporters },
      {
        state: 'running',
        timerReady: true,
        slotsInUse: 0,
        streamsInUse: 0,
        lastDeath: undefined,
        callsDropped: new Map(),
        callsRefused: new Map(),
        callsStripped: 0,
        reports: new Map(),
      },
    );
  }
});

test("each exporter's books are shown, what is queued as their difference", async () => {
  const parts = still();
  const { books } = parts.exporters[0]!;
  const batches = (section: number): number => section + BatchCounts.BATCHES;
  books[batches(ExporterWords.ACCEPTED)] = 100;
  books[batches(ExporterWords.SENT)] = 60;
  Object.values(ExportDrop).forEach((reason, n) => {
    const section = ExporterWords.DROPPED + reason * BatchCounts.WORDS;
    books[section + BatchCounts.BATCHES] = n + 1;
    books[section + BatchCounts.PACKETS] = 1_000 * (n + 1);
    books[section + BatchCounts.BYTES] = 1_000_000 * (n + 1);
  });
  books[ExporterWords.RETRIES] = 7;
  books[ExporterWords.ERRORS] = 8;
  books[ExporterWords.RESENT] = 9;
  const page = await pageOf(parts);
  const of = (name: string, reason?: string): number =>
    sampleOf(page, `sfu_stats_exporter_${name}`, {
      exporter: 'grpc',
      ...(reason === undefined ? {} : { reason }),
    });
  expect(of('accepted_total')).toBe(100);
  expect(of('sent_total')).toBe(60);
  expect(['full', 'refused', 'closed', 'timer_restart'].map((reason) => of('dropped_total', reason))).toEqual(
    [1, 2, 3, 4],
  );
  expect(of('dropped_packets_total', 'closed')).toBe(3_000);
  expect(of('dropped_bytes_total', 'closed')).toBe(3_000_000);
  expect([of('retries_total'), of('errors_total'), of('resent_total')]).toEqual([7, 8, 9]);
  expect(of('queued_batches')).toBe(100 - 60 - 10);
});
