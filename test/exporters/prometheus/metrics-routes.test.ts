import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sampleOf, samplesOf } from '../../helpers/exposition.js';
import { ExporterUnderTest, gauge } from '../../helpers/metrics.js';
import { RawConnection, sayOnce } from '../../helpers/raw-http.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** Asked by hand, for what fetch would not send. */
async function raw(under: ExporterUnderTest, head: string): Promise<string> {
  return sayOnce(under.port, `${head}\r\nhost: x\r\nconnection: close\r\n\r\n`);
}

describe('/metrics', () => {
  test('is the page of all sources and of the listener itself', async () => {
    await using under = await ExporterUnderTest.start();
    const response = await under.fetch();
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(TEXT);
    expect(sampleOf(page, 'sfu_stats_test', { node_id: 'ND_test', node_type: 'SERVER' })).toBe(1);
    expect(new Set(samplesOf(page).map(({ labels }) => labels.node_id))).toEqual(new Set(['ND_test']));
  });

  test('has the node type of the options', async () => {
    await using under = await ExporterUnderTest.start({ nodeType: 'MEDIA' });
    expect(sampleOf(await under.page(), 'sfu_stats_test', { node_type: 'MEDIA' })).toBe(1);
  });

  test.each([
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
    'image/png',
  ])('is text 0.0.4 also for who would rather have %s', async (accept) => {
    await using under = await ExporterUnderTest.start();
    const response = await under.fetch('/metrics', { headers: { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(TEXT);
    expect(await response.text()).not.toContain('# EOF');
  });

  test('is found with a query too', async () => {
    await using under = await ExporterUnderTest.start();
    expect((await under.fetch('/metrics?name=x')).status).toBe(200);
  });

  test('answers HEAD with the same head and no body', async () => {
    await using under = await ExporterUnderTest.start();
    const heard = await raw(under, 'HEAD /metrics HTTP/1.1');
    const length = Number(/content-length: (\d+)/i.exec(heard)![1]);
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(heard).toMatch(/\r\n\r\n$/);
    expect(length).toBe((await under.page()).length);
  });

  test.each(['gzip', 'deflate, GZIP;q=0.5', 'br;q=1, *', 'gzip;q=1.000'])(
    'is compressed for who accepts %s',
    async (coding) => {
      await using under = await ExporterUnderTest.start();
      const heard = await raw(under, `GET /metrics HTTP/1.1\r\naccept-encoding: ${coding}`);
      const [head, ...body] = heard.split('\r\n\r\n');
      expect(head).toMatch(/\r\ncontent-encoding: gzip\r\n/i);
      expect(head).toMatch(/\r\nvary: accept-encoding\r\n/i);
      const page = gunzipSync(Buffer.from(body.join('\r\n\r\n'), 'latin1')).toString();
      expect(sampleOf(page, 'sfu_stats_test')).toBe(1);
    },
  );

  test.each(['', 'br', 'gzip;q=0', 'gzip;q=0.000', 'gzipped', 'identity'])(
    'is not compressed for who accepts %j',
    async (coding) => {
      await using under = await ExporterUnderTest.start();
      const heard = await raw(under, `GET /metrics HTTP/1.1\r\naccept-encoding: ${coding}`);
      expect(heard).not.toMatch(/content-encoding/i);
      expect(heard).toContain('\nsfu_stats_test{');
    },
  );

  test('says 500 and why not where a page cannot be rendered, and recovers', async () => {
    const clock = { ms: 0 };
    await using under = await ExporterUnderTest.start({}, { monotonicMs: () => clock.ms });
    under.source.families = [{ ...gauge('a', 1), help: undefined as unknown as string }];
    const response = await under.fetch();
    expect([response.status, await response.text()]).toEqual([500, 'the page could not be rendered\n']);
    under.source.families = [gauge('a', 1)];
    clock.ms = 1_000;
    const page = await under.page();
    expect(sampleOf(page, 'sfu_stats_http_requests_total', { path: '/metrics', code: '500' })).toBe(1);
  });
});

describe('/healthz and /readyz', () => {
  test('say that the thread answers, whatever the engine is', async () => {
    await using under = await ExporterUnderTest.start(
      {},
      { readiness: () => ({ ready: false, verdict: 'x' }) },
    );
    const response = await under.fetch('/healthz');
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
  });

  test.each([
    [200, { ready: true, verdict: 'ok' }],
    [503, { ready: false, verdict: 'degraded: no stats worker drains shard "1"' }],
  ])('say %i and the verdict', async (status, readiness) => {
    await using under = await ExporterUnderTest.start({}, { readiness: () => readiness });
    const response = await under.fetch('/readyz');
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(readiness);
  });

  test('need no token', async () => {
    await using under = await ExporterUnderTest.start({ token: 'secret' });
    expect((await under.fetch('/healthz')).status).toBe(200);
    expect((await under.fetch('/readyz')).status).toBe(200);
  });

  test('a verdict that cannot be had is an error of the listener, not its end', async () => {
    const readiness = () => {
      throw new Error('broken');
    };
    await using under = await ExporterUnderTest.start({}, { readiness });
    expect((await under.fetch('/readyz')).status).toBe(503);
    expect((await under.fetch('/healthz')).status).toBe(200);
  });
});

describe('a token', () => {
  const authorized = (authorization: string): RequestInit => ({ headers: { authorization } });

  test('opens /metrics', async () => {
    await using under = await ExporterUnderTest.start({ token: 'secret' });
    expect((await under.fetch('/metrics', authorized('Bearer secret'))).status).toBe(200);
    expect((await under.fetch('/metrics', authorized('bearer  secret'))).status).toBe(200);
  });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer secre',
    'Bearer secrets',
    'Bearer SECRET',
    'Basic secret',
    'secret',
  ])('that is %j does not', async (authorization) => {
    await using under = await ExporterUnderTest.start({ token: 'secret' });
    const response = await under.fetch('/metrics', authorized(authorization));
    expect([response.status, await response.text()]).toEqual([401, 'a token is needed\n']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(under.source.asked).toBe(0);
  });

  test('that is missing does not', async () => {
    await using under = await ExporterUnderTest.start({ token: 'secret' });
    expect((await under.fetch()).status).toBe(401);
  });

  test('is in no answer, log, report or metric', async () => {
    await using under = await ExporterUnderTest.start({ token: 'topsecret', host: '127.0.0.1' });
    const page = await (await under.fetch('/metrics', authorized('Bearer topsecret'))).text();
    await under.fetch('/metrics', authorized('Bearer topsecret2'));
    expect(JSON.stringify([page, under.logs, under.reports])).not.toContain('topsecret');
  });
});

describe('everything else', () => {
  const hostile = '/<script>alert(1)</script>';

  test.each(['/', '/metrics/', '/METRICS', '/../metrics', '//metrics', '/metrics%20', hostile])(
    '%s is not found, and not repeated',
    async (path) => {
      await using under = await ExporterUnderTest.start();
      const heard = await raw(under, `GET ${path} HTTP/1.1`);
      expect(heard).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
      expect(heard.split('\r\n\r\n')[1]).toBe('not found\n');
      expect(heard).not.toContain('script');
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])('%s is not allowed', async (method) => {
    await using under = await ExporterUnderTest.start();
    const heard = await raw(under, `${method} /metrics HTTP/1.1\r\nx-secret: 7`);
    expect(heard).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    expect(heard).toMatch(/\r\nallow: GET, HEAD\r\n/i);
    expect(heard).not.toContain('x-secret');
  });

  test.each(['content-length: 5', 'transfer-encoding: chunked', 'content-length: 5\r\nexpect: 100-continue'])(
    'a body (%j) is not taken, and its connection ends',
    async (header) => {
      await using under = await ExporterUnderTest.start();
      const connection = await RawConnection.to(under.port);
      const heard = await connection.say(`GET /metrics HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n`).ended;
      expect(heard).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/);
      expect(heard).toMatch(/\r\nconnection: close\r\n/i);
    },
  );

  test('what is no HTTP is refused', async () => {
    await using under = await ExporterUnderTest.start();
    for (const [text, status] of [
      ['\x16\x03\x01\x02\x00 hello TLS\r\n\r\n', 400],
      ['GET /metrics HTTP/1.1\r\n\r\n', 400],
      ['GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 400],
      ['GET /metrics HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400],
      ['CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
      ['GET /metrics HTTP/1.1\r\nhost: x\r\nexpect: a-pony\r\n\r\n', 417],
    ] as const) {
      expect(await sayOnce(under.port, text), text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });

  test('an upgrade is not made: the request is answered', async () => {
    await using under = await ExporterUnderTest.start();
    const heard = await raw(under, 'GET /healthz HTTP/1.1\r\nupgrade: websocket');
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

test('requests are counted by path and code, and by nothing a client can choose', async () => {
  const clock = { ms: 0 };
  await using under = await ExporterUnderTest.start({ token: 'secret' }, { monotonicMs: () => clock.ms });
  for (let n = 0; n < 3; n++) await under.fetch(`/${n}`);
  await under.fetch();
  await under.fetch('/healthz', { method: 'POST' });
  await under.fetch('/readyz');
  await sayOnce(under.port, 'no HTTP\r\n\r\n');
  const page = await (await under.fetch('/metrics', { headers: { authorization: 'Bearer secret' } })).text();
  const requests = samplesOf(page).filter(({ name }) => name === 'sfu_stats_http_requests_total');
  expect(requests.map(({ labels, value }) => [labels.path, labels.code, value])).toEqual([
    ['/metrics', '200', 0],
    ['/metrics', '401', 1],
    ['/healthz', '200', 0],
    ['/healthz', '405', 1],
    ['/readyz', '200', 1],
    ['other', '400', 1],
    ['other', '404', 3],
  ]);
});
