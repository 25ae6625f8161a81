import { TrackSource } from '@livekit/protocol';
import { describe, expect, test, vi } from 'vitest';
import type { PrometheusExporter } from '../../dist/src/exporters/prometheus/prometheus-exporter.js';
import { Direction } from '../../dist/src/index.js';
import { ALICE, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { sampleOf, samplesOf } from '../helpers/exposition.js';
import { ExporterUnderTest } from '../helpers/metrics.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { RawConnection, sayOnce } from '../helpers/raw-http.js';

/** Connections that ship. */
const HOLDS = 64;
const MADE = 10 * HOLDS;
const METRICS = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n';

/** @param timeout that those beyond are given to end, ms */
async function fillConnections(mutant?: Mutant, timeout = 20_000): Promise<void> {
  const loaded = await mutant?.load<{ PrometheusExporter: typeof PrometheusExporter }>(
    'src/exporters/prometheus/prometheus-exporter.js',
  );
  await using under = await ExporterUnderTest.start({}, {}, loaded?.PrometheusExporter);
  const connections = await Promise.all(Array.from({ length: MADE }, () => RawConnection.to(under.port)));
  const kept = () => connections.filter(({ socket }) => !socket.destroyed && !socket.readableEnded);
  await vi.waitUntil(() => kept().length <= HOLDS, { timeout, interval: 5 }).catch(() => {});
  expect(kept()).toHaveLength(HOLDS);
  const [scraper, ...idle] = kept();
  const answer = await scraper!.say(METRICS).hears((heard) => /^sfu_stats_test.* 1\n$/m.test(heard));
  const page = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  expect(sampleOf(page, 'sfu_stats_http_connections_dropped_total', { reason: 'limit' })).toBe(MADE - HOLDS);
  for (const connection of [scraper!, ...idle]) connection.close();
  // The listener hears of that a little later.
  let later = '';
  while (later === '')
    later = await sayOnce(under.port, METRICS.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
  expect(later).toMatch(/^HTTP\/1\.1 200 OK/);
}

/** Label values that have places of their own. */
const PLACES = { errors: 64, countries: 62, labelSets: 216, series: 256 };

async function fillLabels(mutant?: Mutant): Promise<void> {
  const variants = [Direction.UPSTREAM, Direction.DOWNSTREAM].flatMap((direction) =>
    [TrackSource.CAMERA, TrackSource.SCREEN_SHARE].map((source) => ({ direction, source })),
  );
  const tracks = MADE * variants.length;
  await using sfu = await startEngine(
    {
      capacity: { tracks },
      metrics: { port: 0, perTrack: true, maxSeries: PLACES.series },
    },
    await mutant?.engineClass(),
  );
  const { engine } = sfu;
  sfu.join();
  for (let n = 0; n < MADE; n++) {
    const country = String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26));
    const track = `TR_${n}`;
    engine.trackSubscribeFailed({ room: ROOM, participant: ALICE, track, error: `error ${n}` });
    for (const labels of variants) {
      const recorder = engine.openTrackRecorder({
        room: ROOM,
        participant: ALICE,
        track: `${track}_${labels.source}`,
        country,
        ...labels,
      });
      recordPackets(recorder, 1);
    }
  }
  await engine.waitForRoom();
  await engine.flush();
  const address = await vi.waitUntil(
    () => engine.status().exporters.find(({ name }) => name === 'prometheus')!.address,
  );
  const page = await (await fetch(address)).text();
  const samples = samplesOf(page);
  for (const [labelled, surplus] of [
    ['error subscriptions', MADE - PLACES.errors],
    ['country packets', (MADE - PLACES.countries) * variants.length],
    ['country streams', tracks - PLACES.labelSets],
    ['track traffic', tracks - PLACES.series],
  ] as const) {
    const [label, metrics] = labelled.split(' ') as [string, string];
    const overflow = samples.find(
      ({ name, labels }) =>
        name === 'sfu_stats_label_overflow_total' && labels.label === label && labels.metrics === metrics,
    );
    expect(overflow?.value, `'${labelled}'`).toBe(surplus);
  }
  const packets = samples.filter(({ name }) => name === 'livekit_packet_total');
  // And what has none, and the others.
  expect(new Set(packets.map(({ labels }) => labels.country)).size).toBe(PLACES.countries + 2);
  expect(packets.reduce((sum, { value }) => sum + value, 0)).toBe(tracks);
}

test('connections to the metrics: of ten times as many those beyond are dropped and counted; the others are served', async () => {
  await fillConnections();
});

test('label values: ten times as many as have places; the others are counted together', async () => {
  await fillLabels();
});

describe('the control shows it where', () => {
  const controls: readonly [string, (mutant: Mutant) => Promise<void>, Change, RegExp][] = [
    [
      'connections are taken without end',
      (mutant) => fillConnections(mutant, 500),
      {
        file: 'src/exporters/prometheus/metrics-server.js',
        from: 'server.maxConnections = maxConnections;',
        to: '',
      },
      /^expected .* to have a length of 64 but got 640/,
    ],
    [
      'connections that are dropped are not counted',
      fillConnections,
      {
        file: 'src/exporters/prometheus/metrics-server.js',
        from: "server.on('drop', () => this.#dropped('limit'));",
        to: '',
      },
      /^expected \+?0 to be 576/,
    ],
    [
      'tracks have series without end',
      fillLabels,
      { file: 'src/snapshot/track-traffic.js', from: 'count >= this.#maxSeries', to: 'false' },
      /^'track traffic': expected \+?0 to be 2304/,
    ],
  ];
  test.each(controls)('%s', async (_, fill, change, error) => {
    using mutant = new Mutant([change]);
    await expect(fill(mutant)).rejects.toThrow(error);
  });
});
