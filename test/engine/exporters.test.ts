import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type EngineUnderTest, recordPackets, startEngine } from '../helpers/engine.js';

function exporter({ engine }: EngineUnderTest, name: string) {
  return engine.status().exporters.find((one) => one.name === name)!;
}

/** Takes a port; resolves with it and the way to give it back. */
async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer();
  const free = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => free().catch(() => {}));
  return { port: (server.address() as { port: number }).port, free };
}

test('an engine whose metrics cannot be served goes on, says so, and serves them when it can', async () => {
  const { port, free } = await takenPort();
  await using sfu = await startEngine({ metrics: { port, retryMinMs: 10, retryMaxMs: 50 } });
  await vi.waitUntil(() => exporter(sfu, 'prometheus').state === 'failing');
  expect(exporter(sfu, 'prometheus').error).toContain('METRICS_LISTEN');
  expect(sfu.engine.status().verdict).toContain('exporter prometheus is failing (METRICS_LISTEN');
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 3);
  expect(await sfu.flush()).toMatchObject([{ primaryPackets: 3 }]);
  await vi.waitUntil(() => exporter(sfu, 'prometheus').retries > 1);
  await free();
  await vi.waitUntil(() => exporter(sfu, 'prometheus').state === 'running', { timeout: 20_000 });
  const { address, error } = exporter(sfu, 'prometheus');
  expect([address, error]).toEqual([`http://127.0.0.1:${port}/metrics`, '']);
  const ready = await fetch(new URL('/readyz', address));
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, verdict: 'ok' }]);
});

test('one that fails does not touch the others; what it could not send is told at the end', async () => {
  await using sfu = await startEngine({ metrics: { port: 0 }, grpc: { url: 'grpc://127.0.0.1:9' } });
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 3);
  await sfu.flush();
  await vi.waitUntil(() => exporter(sfu, 'grpc').state === 'failing', { timeout: 20_000 });
  const { accepted, sent } = exporter(sfu, 'prometheus');
  expect(accepted).toMatchObject({ packets: 3, bytes: 300, samples: 1 });
  expect(sent).toEqual(accepted);
  expect(exporter(sfu, 'grpc').queued).toEqual(exporter(sfu, 'grpc').accepted);
  const report = await sfu.engine.close({ deadlineMs: 200 });
  const { dropped, queued } = exporter(sfu, 'grpc');
  expect(report).toMatchObject({
    complete: false,
    exportersLeft: [{ exporter: 'grpc', batches: dropped.closed.batches }],
  });
  expect(dropped.closed).toMatchObject({ packets: 3, bytes: 300 });
  expect(queued.batches).toBe(0);
});

test('an engine without exporters has but the listeners in the host, which count what they were too slow for', async () => {
  await using sfu = await startEngine();
  expect(sfu.engine.status().exporters.map(({ name }) => name)).toEqual(['callback']);
  await sfu.flush();
  expect(exporter(sfu, 'callback')).toMatchObject({ state: 'running', accepted: { batches: 1 } });
});

test('the host’s loop delay is shown, where metrics are', async () => {
  await using sfu = await startEngine({ metrics: { port: 0 }, publishIntervalMs: 10 });
  await vi.waitUntil(() => exporter(sfu, 'prometheus').state === 'running');
  const until = performance.now() + 60;
  while (performance.now() < until);
  await vi.waitFor(
    async () => {
      const page = await (await fetch(exporter(sfu, 'prometheus').address)).text();
      const seconds = /sfu_stats_host_loop_delay_seconds\{[^}]*percentile="100"[^}]*\} (\S+)/.exec(page);
      expect(Number(seconds?.[1])).toBeGreaterThan(0.02);
    },
    { timeout: 20_000, interval: 200 },
  );
});
