import { describe, expect, test } from 'vitest';
import { sampleOf } from '../../helpers/exposition.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';
import { RawConnection, sayOnce } from '../../helpers/raw-http.js';

const GET = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
const DROPPED = 'sfu_stats_http_connections_dropped_total';
const REQUESTS = 'sfu_stats_http_requests_total';

/** A page, from a listener whose connections may all be taken just now. */
async function laterPage(under: ExporterUnderTest): Promise<string> {
  for (;;) {
    const answer = await under.page().catch(() => '');
    if (answer !== '') return answer;
  }
}

/** A source whose page is larger than what sockets hold. */
const LARGE = {
  name: 'sfu_stats_large',
  help: 'A test.',
  type: 'gauge',
  labelNames: ['track'],
  series: Array.from({ length: 100_000 }, (_, n) => ({ labels: [`TR_${n}_${'x'.repeat(150)}`], value: n })),
} as const;

describe('headers', () => {
  test('of the size that is allowed are read; longer ones are refused', async () => {
    await using under = await ExporterUnderTest.start({ maxHeaderBytes: 2_048 });
    const header = (length: number) =>
      `GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: ${'y'.repeat(length)}\r\n\r\n`;
    expect(await sayOnce(under.port, header(1_800))).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(await sayOnce(under.port, header(2_100))).toMatch(/^HTTP\/1\.1 431 /);
    expect(sampleOf(await under.page(), REQUESTS, { path: 'other', code: '431' })).toBe(1);
  });

  test('without end are not kept', async () => {
    await using under = await ExporterUnderTest.start({ maxHeaderBytes: 2_048 });
    const connection = await RawConnection.to(under.port);
    connection.say('GET /healthz HTTP/1.1\r\n');
    for (let n = 0; n < 1_000; n++) connection.say(`x${n}: ${'y'.repeat(1_000)}\r\n`);
    expect(await connection.ended).toMatch(/^(HTTP\/1\.1 431 |$)/);
    connection.close();
  });

  test('that come too slowly are refused', async () => {
    await using under = await ExporterUnderTest.start({ requestTimeoutMs: 100 });
    const connection = await RawConnection.to(under.port);
    connection.say('GET /healthz HTTP/1.1\r\nhost: x\r\n');
    // A byte now and then does not make it a new request.
    const drip = setInterval(() => connection.say('x'), 10);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
    connection.close();
    expect(sampleOf(await under.page(), REQUESTS, { path: 'other', code: '408' })).toBe(1);
  });
});

describe('a connection', () => {
  test('that says nothing is ended', async () => {
    await using under = await ExporterUnderTest.start({ requestTimeoutMs: 100 });
    const connection = await RawConnection.to(under.port);
    await connection.ended;
    connection.close();
  });

  test('over which its answer is not taken is ended, and counted', async () => {
    await using under = await ExporterUnderTest.start({ requestTimeoutMs: 200 });
    under.source.families = [LARGE];
    const connection = await RawConnection.to(under.port);
    await connection.say('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n').hears((heard) => heard !== '');
    connection.socket.pause();
    under.source.families = [];
    // Its kernel still holds some of it: only the listener can tell when it is over.
    let page = '';
    do page = await laterPage(under);
    while (sampleOf(page, DROPPED, { reason: 'slow' }) === 0);
    connection.close();
    expect(sampleOf(page, DROPPED, { reason: 'slow' })).toBe(1);
  });

  test('may ask many things at once: each is answered, in order', async () => {
    await using under = await ExporterUnderTest.start();
    const connection = await RawConnection.to(under.port);
    const asked = ['/healthz', '/nowhere', '/readyz', '/metrics', '/healthz'];
    for (const path of asked) connection.say(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    const heard = await connection.hears((all) => all.split('ok\n').length === 3);
    connection.close();
    expect(heard.match(/^HTTP\/1\.1 \d+/gm)).toEqual(
      [200, 404, 200, 200, 200].map((code) => `HTTP/1.1 ${code}`),
    );
  });

  test('may ask a hundred times; then it is ended, whatever else was asked', async () => {
    await using under = await ExporterUnderTest.start();
    const connection = await RawConnection.to(under.port);
    const heard = await connection.say(GET.repeat(150)).ended;
    connection.close();
    expect(heard.match(/^HTTP\/1\.1 \d+/gm)).toEqual(Array(100).fill('HTTP/1.1 200'));
    expect(heard.match(/\r\nconnection: close\r\n/gi)).toHaveLength(1);
    const page = await under.page();
    expect(sampleOf(page, REQUESTS, { path: '/healthz', code: '200' })).toBe(100);
    expect(sampleOf(page, REQUESTS, { path: 'other', code: '503' })).toBe(50);
  });

  test('that never stops asking is ended too', async () => {
    await using under = await ExporterUnderTest.start();
    const connection = await RawConnection.to(under.port);
    await connection.say(GET.repeat(100_000)).ended;
    connection.close();
    expect(sampleOf(await under.page(), REQUESTS, { path: '/healthz', code: '200' })).toBe(100);
  });

  test('that breaks off in the middle of an answer leaves nothing behind', async () => {
    await using under = await ExporterUnderTest.start();
    under.source.families = [LARGE];
    for (let n = 0; n < 20; n++) {
      const connection = await RawConnection.to(under.port);
      await connection.say('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n').hears((heard) => heard !== '');
      connection.socket.resetAndDestroy();
    }
    under.source.families = [];
    expect(sampleOf(await laterPage(under), DROPPED, { reason: 'slow' })).toBe(0);
    expect(await under.exporter.close(60_000)).toBe(0);
  });
});

test('of 1,000 connections at once only so many are kept; when they are gone others are answered', async () => {
  await using under = await ExporterUnderTest.start({ maxConnections: 8 });
  const connections = await Promise.all(Array.from({ length: 1_000 }, () => RawConnection.to(under.port)));
  let ended = 0;
  await new Promise<void>((resolve) => {
    for (const connection of connections) {
      void connection.ended.then(() => {
        if (++ended === 992) resolve();
      });
    }
  });
  const alive = connections.filter(({ socket }) => !socket.destroyed && !socket.readableEnded);
  expect(alive).toHaveLength(8);
  // Those eight are as good as ever.
  for (const connection of alive) connection.say(GET);
  await Promise.all(alive.map((connection) => connection.hears((heard) => heard.endsWith('ok\n'))));
  for (const connection of connections) connection.close();
  expect(sampleOf(await laterPage(under), DROPPED, { reason: 'limit' })).toBeGreaterThanOrEqual(992);
});
