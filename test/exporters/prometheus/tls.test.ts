import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { MetricsOptions } from '../../../dist/src/exporters/prometheus/metrics-options.js';
import { certificates } from '../../helpers/certificates.js';
import { sampleOf } from '../../helpers/exposition.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';
import { RawConnection } from '../../helpers/raw-http.js';

const { ca, cert, key, clientCert, clientKey } = certificates();
const TLS: MetricsOptions = { tls: { certPem: cert, keyPem: key } };
const MUTUAL: MetricsOptions = { tls: { certPem: cert, keyPem: key, caPem: ca } };

/** The page over TLS; rejects with what the handshake says. */
async function scrape(under: ExporterUnderTest, client: object = {}): Promise<string> {
  const asking = request(under.address, { ca, agent: false, ...client }).end();
  const [response] = await once(asking, 'response');
  let page = '';
  for await (const chunk of response) page += chunk;
  return page;
}

describe('over TLS', () => {
  test('metrics are served at an https address', async () => {
    await using under = await ExporterUnderTest.start(TLS);
    expect(under.address.protocol).toBe('https:');
    expect(sampleOf(await scrape(under), 'sfu_stats_test')).toBe(1);
  });

  test('a client needs a certificate where a CA of clients is given', async () => {
    await using under = await ExporterUnderTest.start(MUTUAL);
    await expect(scrape(under)).rejects.toThrow();
    const page = await scrape(under, { cert: clientCert, key: clientKey });
    expect(sampleOf(page, 'sfu_stats_test')).toBe(1);
    expect(sampleOf(page, 'sfu_stats_http_connections_dropped_total', { reason: 'tls' })).toBe(1);
  });

  test('that is not warned of beyond loopback: not everyone is served', async () => {
    await using under = await ExporterUnderTest.start({ ...MUTUAL, host: '0.0.0.0' });
    expect(under.logs.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('what is no TLS is dropped and counted', async () => {
    await using under = await ExporterUnderTest.start(TLS);
    const plain = await RawConnection.to(under.port);
    expect(await plain.say('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n').ended).not.toContain('HTTP/1.1 200');
    plain.close();
    const page = await scrape(under);
    expect(sampleOf(page, 'sfu_stats_http_connections_dropped_total', { reason: 'tls' })).toBe(1);
  });

  test('a handshake that is never made is dropped in time', async () => {
    await using under = await ExporterUnderTest.start({ ...TLS, requestTimeoutMs: 100 });
    const silent = await RawConnection.to(under.port);
    await silent.ended;
    silent.close();
  });

  test('connections end at the close: silent, shaking hands, idle, and asking half', async () => {
    await using under = await ExporterUnderTest.start(TLS);
    const silent = connect(under.port, '127.0.0.1').on('error', () => {});
    await once(silent, 'connect');
    const shaken = Array.from({ length: 2 }, () =>
      connectTls({ port: under.port, ca, host: '127.0.0.1' }).on('error', () => {}),
    );
    await Promise.all(shaken.map((socket) => once(socket, 'secureConnect')));
    shaken[1]!.write('GET /metr');
    await scrape(under);
    const ended = [silent, ...shaken].map((socket) => once(socket.resume(), 'close'));
    expect(await under.exporter.close(60_000)).toBe(0);
    await Promise.all(ended);
  });

  test('an answer under way at the close is sent whole', async () => {
    await using under = await ExporterUnderTest.start(TLS);
    under.source.families = [
      {
        ...{ name: 'sfu_stats_large', help: 'A test.', type: 'gauge', labelNames: ['track'] },
        series: Array.from({ length: 50_000 }, (_, n) => ({
          labels: [`TR_${n}_${'x'.repeat(200)}`],
          value: n,
        })),
      },
    ];
    const asking = request(under.address, { ca, agent: false }).end();
    const [response] = await once(asking, 'response');
    const closing = under.exporter.close(60_000);
    let bytes = 0;
    for await (const chunk of response) bytes += chunk.length;
    expect(bytes).toBe(Number(response.headers['content-length']));
    expect(await closing).toBe(0);
  });
});
