import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createMemory } from '../../../dist/src/engine/memory-plan.js';
import { EngineMetrics } from '../../../dist/src/exporters/prometheus/engine-metrics.js';
import { createExporterBooks } from '../../../dist/src/memory/exporter-books.js';
import { dashboardQueries, readDashboard } from '../../helpers/dashboard.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';
import { PrometheusServer, testWithPrometheus } from '../../helpers/prometheus.js';

/** What LiveKit's servers show, with the suffixes of histograms. */
const LIVEKIT: ReadonlySet<string> = new Set([
  ...'packet_total packet_bytes nack_total pli_total fir_total packet_loss_total packet_out_of_order_total'.split(
    ' ',
  ),
  ...'participant_join_total track_publish_counter track_subscribe_counter webhook_dispatch_total'.split(' '),
  ...'room_total participant_total track_published_total track_subscribed_total'.split(' '),
  ...[
    ...['packet_loss_percent', 'packet_out_of_order_percent', 'jitter_us', 'rtt_ms', 'room_duration_seconds'],
    ...['quality_score', 'datapacket_stream_bytes', 'webhook_queue_length'],
  ].flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`]),
]);

function engineMetrics(): EngineMetrics {
  const sizes = { shards: 1, tracks: 8, streams: 8, ports: 0, ringBytes: 16_384, eventRingBytes: 65_536 };
  const exporters = [{ name: 'prometheus', books: createExporterBooks() }];
  return new EngineMetrics({ ...createMemory({ ...sizes, scoreBlocks: 2 }), exporters, version: '1.2.3' });
}

describe('the Grafana dashboard', () => {
  const { panels, templating, schemaVersion } = readDashboard();

  test('asks only for metrics there are: LiveKit’s names and those on the page', async () => {
    await using under = await ExporterUnderTest.start({}, { sources: [engineMetrics()] });
    const shown = new Set((await under.page()).match(/(?<=^# TYPE )\w+/gm));
    const asked = dashboardQueries().flatMap(
      ({ expression }) => expression.match(/\b(livekit|sfu_stats)_\w+/g)!,
    );
    const unknown = asked.filter((name) => !shown.has(name) && !LIVEKIT.has(name.replace(/^livekit_/, '')));
    expect(unknown).toEqual([]);
    expect(new Set(asked).size).toBeGreaterThan(45);
  });

  test("asks what LiveKit's own overview asks", () => {
    const asked = dashboardQueries()
      .map(({ expression }) => expression)
      .join('\n');
    for (const name of ['room', 'participant', 'track_published', 'packet', 'nack', 'pli', 'fir']) {
      expect(asked).toContain(`livekit_${name}_total`);
    }
  });

  test('has a query in each panel, its data source a variable, nothing of one installation', () => {
    const file = readFileSync(new URL('../../../docs/grafana/sfu-stats.json', import.meta.url), 'utf8');
    expect(schemaVersion).toBeGreaterThanOrEqual(36);
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'node']);
    for (const panel of panels.filter(({ type }) => type !== 'row')) {
      expect(panel.targets!.length, panel.title).toBeGreaterThan(0);
      for (const { datasource } of [panel, ...panel.targets!])
        expect(datasource!.uid).toMatch(/^\$\{datasource\}$/);
    }
    expect(file).not.toMatch(/https?:\/\//);
  });

  test('has panels that do not lie on each other, each with an id of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });

  test('leaves no variable in a query', () => {
    for (const { expression } of dashboardQueries()) expect(expression).not.toContain('$');
  });

  testWithPrometheus(
    'has queries that a real Prometheus understands, and answers for the engine',
    async () => {
      await using under = await ExporterUnderTest.start({}, { sources: [engineMetrics()] });
      await using prometheus = await PrometheusServer.start({ address: under.address.href });
      await prometheus.queryUntil('count_over_time(up[10s])', ([up]) => (up?.value ?? 0) >= 3);
      for (const { panel, expression } of dashboardQueries()) {
        const results = await prometheus.query(expression);
        // Drops are shown only where there are some; no one asked for anything but the page.
        if (!/livekit_|> 0/.test(expression))
          expect(results.length, `${panel}: ${expression}`).toBeGreaterThan(0);
      }
    },
  );
});
