import { describe, expect } from 'vitest';
import { createMemory } from '../../../dist/src/engine/memory-plan.js';
import { EngineMetrics } from '../../../dist/src/exporters/prometheus/engine-metrics.js';
import type { MetricFamily } from '../../../dist/src/exporters/prometheus/families.js';
import { createExporterBooks } from '../../../dist/src/memory/exporter-books.js';
import { certificates } from '../../helpers/certificates.js';
import { ExporterUnderTest, gauge } from '../../helpers/metrics.js';
import {
  PrometheusServer,
  promtoolFindings,
  testWithPrometheus,
  testWithPromtool,
} from '../../helpers/prometheus.js';

const packets = (value: number): MetricFamily => ({
  name: 'livekit_packet_total',
  help: 'Packets.',
  type: 'counter',
  labelNames: ['direction', 'transmission', 'country'],
  series: [
    { labels: ['upstream', 'initial', ''], value },
    { labels: ['downstream', 'initial', ''], value: 2 * value },
  ],
});

const JITTER: MetricFamily = {
  name: 'livekit_jitter_us',
  help: 'Jitter.',
  type: 'histogram',
  labelNames: ['direction'],
  bounds: [1_000, 10_000],
  series: [{ labels: ['upstream'], counts: [50, 50, 0], sum: 400_000 }],
};

const HOSTILE = [
  'a "room"',
  'line\nfeed',
  'carriage\rreturn',
  'back\\slash\\n',
  '\\',
  '"}\n{',
  '"} 1\nlivekit_room_total 999\n',
  '<script>alert(1)</script>',
  '𝕏 ünïcödé',
  '\u0000\u0007',
  '__proto__',
];

/** The metrics of an engine in which nothing has happened. */
function engineMetrics(): EngineMetrics {
  const sizes = { shards: 1, tracks: 8, streams: 8, ports: 0, ringBytes: 16_384, eventRingBytes: 65_536 };
  const exporters = [{ name: 'prometheus', books: createExporterBooks() }];
  return new EngineMetrics({ ...createMemory({ ...sizes, scoreBlocks: 2 }), exporters, version: '1.2.3' });
}

describe('a real Prometheus', () => {
  testWithPrometheus('scrapes counters, gauges and histograms, and answers with their numbers', async () => {
    await using under = await ExporterUnderTest.start();
    under.source.families = [packets(1_000), gauge('livekit_room_total', 3), JITTER];
    await using prometheus = await PrometheusServer.start({ address: under.address.href });
    await prometheus.scraped();
    const labels = { node_id: 'ND_test', node_type: 'SERVER', job: 'sfu' };
    expect(await prometheus.query('livekit_room_total')).toEqual([
      { labels: { __name__: 'livekit_room_total', instance: under.address.host, ...labels }, value: 3 },
    ]);
    expect(await prometheus.query('sum by (direction) (livekit_packet_total)')).toEqual([
      { labels: { direction: 'downstream' }, value: 2_000 },
      { labels: { direction: 'upstream' }, value: 1_000 },
    ]);
    const median = 'histogram_quantile(0.5, livekit_jitter_us_bucket)';
    expect((await prometheus.query(median)).map(({ value }) => value)).toEqual([1_000]);
    // A counter that rises is a rate.
    under.source.families = [packets(5_000)];
    const rate = 'rate(livekit_packet_total{direction="upstream"}[1m])';
    await prometheus.queryUntil(rate, (results) => results[0] !== undefined && results[0].value > 0);
    expect(prometheus.complaints).toEqual([]);
  });

  testWithPrometheus('reads hostile labels as they are', async () => {
    await using under = await ExporterUnderTest.start();
    const series = HOSTILE.map((label, value) => ({ labels: [label], value }));
    under.source.families = [
      { name: 'sfu_stats_hostile', help: 'A test.', type: 'gauge', labelNames: ['room'], series },
    ];
    await using prometheus = await PrometheusServer.start({ address: under.address.href });
    await prometheus.scraped();
    const read = await prometheus.query('sfu_stats_hostile');
    const rooms = read.sort((a, b) => a.value - b.value).map(({ labels }) => labels.room);
    expect(rooms).toEqual(HOSTILE);
    expect(await prometheus.query('livekit_room_total')).toEqual([]);
  });

  testWithPrometheus('comes with a token, over TLS', async () => {
    const { ca, cert, key } = certificates();
    await using under = await ExporterUnderTest.start({
      token: 'secret',
      tls: { certPem: cert, keyPem: key },
    });
    const target = { address: under.address.href, token: 'secret', caPem: ca };
    await using prometheus = await PrometheusServer.start(target);
    await prometheus.scraped();
    expect((await prometheus.query('sfu_stats_test')).map(({ value }) => value)).toEqual([1]);
  });

  testWithPrometheus('sees an engine that cannot be scraped as down', async () => {
    await using under = await ExporterUnderTest.start({ token: 'secret' });
    await using prometheus = await PrometheusServer.start({ address: under.address.href, token: 'other' });
    await prometheus.queryUntil('up', (results) => results[0]?.value === 0);
  });
});

describe('promtool', () => {
  testWithPromtool("finds nothing in the engine's own metrics", async () => {
    await using under = await ExporterUnderTest.start({}, { sources: [engineMetrics()] });
    const page = await under.page();
    expect(page.match(/^# TYPE sfu_stats_\w+/gm)!.length).toBeGreaterThan(40);
    expect(promtoolFindings(page)).toEqual([]);
  });

  testWithPromtool('finds what is wrong: it was really asked', async () => {
    await using under = await ExporterUnderTest.start();
    under.source.families = [gauge('livekit_room_total', 1)];
    expect(promtoolFindings(await under.page())).toEqual([
      'livekit_room_total non-counter metrics should not have "_total" suffix',
    ]);
  });
});
