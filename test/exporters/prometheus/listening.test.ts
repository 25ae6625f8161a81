import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sampleOf } from '../../helpers/exposition.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';

/** Somebody else, who listens on a port. */
async function occupant(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('the address', () => {
  test('is reported, with the port that was free', async () => {
    await using under = await ExporterUnderTest.start({ port: 0 });
    expect(under.reports.map(({ state }) => state)).toEqual(['starting', 'running']);
    expect(under.reports[1]).toEqual({
      state: 'running',
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/),
      error: '',
    });
    expect((await fetch(under.reports[1]!.address)).status).toBe(200);
  });

  test('that is taken is an error with its code, counted, and tried again until it is free', async () => {
    const { server, port } = await occupant();
    await using under = new ExporterUnderTest({ port, retryMinMs: 5, retryMaxMs: 20 });
    const failing = await under.reported(({ state }) => state === 'failing');
    expect(failing).toEqual({
      state: 'failing',
      address: '',
      error: `METRICS_LISTEN: cannot listen on 127.0.0.1 port ${port} (EADDRINUSE)`,
    });
    await under.reported(() => under.retries >= 3);
    server.close();
    await under.reported(({ state }) => state === 'running');
    expect(under.port).toBe(port);
    expect(sampleOf(await under.page(), 'sfu_stats_test')).toBe(1);
    expect(under.reports.at(-1)!.error).toBe('');
    expect(under.errors).toBe(under.retries);
    // The log says once what the reports and counts say each time.
    expect(under.logs.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'metrics are not served; trying again'],
      ['info', 'metrics are served'],
    ]);
  });

  test.each([
    ['192.0.2.1', 'EADDRNOTAVAIL'],
    ['no-such-host.invalid', /ENOTFOUND|EAI_AGAIN/],
  ])('%s, which is not ours, is such an error too', async (host, code) => {
    await using under = new ExporterUnderTest({ host, retryMinMs: 1 });
    const { error } = await under.reported(({ state }) => state === 'failing');
    expect(error).toMatch(/^METRICS_LISTEN: cannot listen on /);
    expect(error).toMatch(code);
  });

  test('of IPv6 is written as URLs have it', async () => {
    await using under = await ExporterUnderTest.start({ host: '::1' });
    expect(under.address.host).toMatch(/^\[::1\]:\d+$/);
    expect((await under.fetch('/healthz')).status).toBe(200);
  });

  test.each([
    ['0.0.0.0', {}, true],
    ['::', {}, true],
    ['0.0.0.0', { token: 'secret' }, false],
    ['127.0.0.1', {}, false],
    ['localhost', {}, false],
    ['::1', {}, false],
  ])('%s with %j is warned of: %s', async (host, options, isWarned) => {
    await using under = await ExporterUnderTest.start({ host, ...options });
    expect(under.logs.some(({ level }) => level === 'warn')).toBe(isWarned);
  });
});

describe('waits between attempts', () => {
  test('grow to the longest', async () => {
    const { port } = await occupant();
    const times: number[] = [];
    await using under = new ExporterUnderTest({ port, retryMinMs: 20, retryMaxMs: 80 });
    await under.reported(({ state }) => {
      if (state === 'failing') times.push(performance.now());
      return times.length === 6;
    });
    const waits = times.slice(1).map((time, n) => time - times[n]!);
    // Timers are late, never early (but for the millisecond they are rounded to).
    [20, 40, 80, 80, 80].forEach((least, n) => {
      expect(waits[n]).toBeGreaterThan(least - 2);
    });
  });
});
