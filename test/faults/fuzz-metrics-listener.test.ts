import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { PrometheusExporter } from '../../dist/src/exporters/prometheus/prometheus-exporter.js';
import type { MetricsOptions } from '../../dist/src/index.js';
import { mutated } from '../helpers/byte-mutator.js';
import { certificates } from '../helpers/certificates.js';
import { sampleOf } from '../helpers/exposition.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { ExporterUnderTest } from '../helpers/metrics.js';
import { Mutant } from '../helpers/mutant.js';
import { answerTo, statusIn } from '../helpers/raw-http.js';
import { RawServer } from '../helpers/raw-server.js';
import type { SeededRandom } from '../helpers/seeded-random.js';

/** In every request, and in no answer. */
const MARK = 'M4RK';
const request = (line: string, ...headers: readonly string[]): Buffer =>
  Buffer.from([line, 'host: x', `x-mark: ${MARK}`, ...headers, '', ''].join('\r\n'));
const SAMPLES = [
  request('GET /metrics HTTP/1.1', 'authorization: Bearer right', 'accept-encoding: gzip'),
  request('GET /metrics HTTP/1.1', 'authorization: Bearer wrong'),
  request(`GET /healthz?${MARK}=1 HTTP/1.1`, 'connection: close'),
  request('HEAD /readyz HTTP/1.0', 'connection: keep-alive'),
  request(`GET /${MARK} HTTP/1.1`, 'cookie: a=b; c=d'),
  Buffer.concat([request('POST /metrics HTTP/1.1', 'content-length: 4'), Buffer.from(MARK)]),
  Buffer.concat([
    request('PUT /healthz HTTP/1.1', 'transfer-encoding: chunked'),
    Buffer.from(`4;${MARK}\r\n${MARK}\r\n0\r\n\r\n`),
  ]),
  request('GET /healthz HTTP/1.1', 'expect: 100-continue', 'content-length: 2'),
  request('GET /healthz HTTP/1.1', 'upgrade: websocket', 'connection: upgrade'),
  request(`CONNECT ${MARK}:443 HTTP/1.1`),
  Buffer.concat([
    request('GET /healthz HTTP/1.1'),
    request('GET /nowhere HTTP/1.1'),
    request('GET /metrics HTTP/1.1'),
  ]),
];
const TEXTS = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n',
    ': ',
    'HTTP/1.1',
    'HTTP/2.0',
    'GET ',
    'PRI * ',
    'Bearer ',
    'Bearer right',
    '%00',
    '/../',
  ],
  ...[
    'content-length: ',
    'transfer-encoding: chunked\r\n',
    'expect: x\r\n',
    'ffffffffffffffff\r\n',
    '0\r\n\r\n',
  ],
  `x: ${'y'.repeat(9_000)}\r\n`,
];
/** What the listener may answer: an error of its own, 500, is none of it. */
const CODES = new Set(['200', '400', '401', '404', '405', '408', '413', '417', '431']);

/** It answers as if nothing had been, and nothing is left of what was. */
async function expectSound(under: ExporterUnderTest, init?: RequestInit): Promise<void> {
  const response = await under.fetch('/metrics', init);
  expect(response.status).toBe(200);
  expect(sampleOf(await response.text(), 'sfu_stats_test')).toBe(1);
  expect(under.errors).toBe(0);
  const open = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  expect(open.length).toBeLessThan(10);
  expect(await under.exporter.close(5_000)).toBe(0);
}

const OPTIONS: MetricsOptions = { token: 'right' };

async function fuzzRequests(cases: number, Exporter?: typeof PrometheusExporter): Promise<void> {
  await using under = await ExporterUnderTest.start(OPTIONS, {}, Exporter);
  const one = async (random: SeededRandom): Promise<string> =>
    statusIn(
      await answerTo(under.port, mutated(random, SAMPLES, TEXTS), random.pick([1, 1, 1, 4])),
      CODES,
      MARK,
    );
  const { ends } = await fuzz({ name: 'requests', cases, seed: 1 }, one);
  expect(Object.keys(ends)).toEqual(
    expect.arrayContaining(['200', '400', '401', '404', '405', '413', '431']),
  );
  await expectSound(under, { headers: { authorization: 'Bearer right' } });
}

async function fuzzHandshakes(cases: number, Exporter?: typeof PrometheusExporter): Promise<void> {
  const { cert, key } = certificates();
  const hellos = [await clientHello(), await clientHello('TLSv1.2')];
  await using under = await ExporterUnderTest.start({ tls: { certPem: cert, keyPem: key } }, {}, Exporter);
  const one = async (random: SeededRandom): Promise<string> => {
    const heard = await answerTo(under.port, mutated(random, [...hellos, ...SAMPLES]), 1);
    if (heard.includes('HTTP/1.1')) throw new Error(`answered in the clear: ${heard.slice(0, 500)}`);
    return heard === '' ? 'none' : 'alert or handshake';
  };
  const { ends } = await fuzz({ name: 'handshakes', cases, seed: 2 }, one);
  expect(Object.keys(ends)).toHaveLength(2);
  expect(under.errors).toBe(0);
  expect(await under.exporter.close(5_000)).toBe(0);
}

describe('a listener for metrics', () => {
  test('answers what it offers, whatever it is asked, and repeats nothing of it', async () => {
    await fuzzRequests(inForm(2_000, 150_000));
  }, 3_600_000);

  test.each([
    [
      'repeats what it was asked for',
      { file: 'metrics-routes.js', from: "'not found\\n'", to: "url + ' was not found'" },
      /: it repeats its request: /,
    ],
    [
      'answers an error of its own',
      {
        file: 'metrics-server.js',
        from: "this.#count('other', 417);",
        to: "this.#count('other', 417); response.statusCode = 500; response.end(); return;",
      },
      /: answered 500: /,
    ],
  ])('the control shows one that %s', async (_, { file, from, to }, shows) => {
    const folder = 'src/exporters/prometheus';
    using mutant = new Mutant([{ file: `${folder}/${file}`, from, to }]);
    const changed = await mutant.load<{ PrometheusExporter: typeof PrometheusExporter }>(
      `${folder}/prometheus-exporter.js`,
    );
    await expect(fuzzRequests(2_000, changed.PrometheusExporter)).rejects.toThrow(shows);
  });

  test('ends every connection that is no TLS where it speaks TLS', async () => {
    await fuzzHandshakes(inForm(400, 20_000));
  }, 3_600_000);

  test('the control shows one that answers in the clear', async () => {
    const folder = 'src/exporters/prometheus';
    using mutant = new Mutant([
      {
        file: `${folder}/metrics-server.js`,
        from: 'const server = tls === undefined',
        to: 'const server = true',
      },
    ]);
    const changed = await mutant.load<{ PrometheusExporter: typeof PrometheusExporter }>(
      `${folder}/prometheus-exporter.js`,
    );
    await expect(fuzzHandshakes(400, changed.PrometheusExporter)).rejects.toThrow(
      /: answered in the clear: /,
    );
  });
});

/** The first bytes of a client that means it. */
async function clientHello(maxVersion?: 'TLSv1.2'): Promise<Buffer> {
  let heard: Buffer | undefined;
  await using server = await RawServer.start((socket) => {
    socket.once('data', (bytes) => {
      heard = bytes;
      socket.destroy();
    });
  });
  const client = connectTls({ port: server.port, host: '127.0.0.1', ...(maxVersion && { maxVersion }) });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('close', resolve));
  return heard!;
}
