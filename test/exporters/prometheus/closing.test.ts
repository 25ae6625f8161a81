import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Batch, BatchKind, NO_TOTALS } from '../../../dist/src/exporters/batch.js';
import type { MetricFamily } from '../../../dist/src/exporters/prometheus/families.js';
import { BatchCounts, ExportDrop, ExporterWords } from '../../../dist/src/memory/exporter-books.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';
import { RawConnection } from '../../helpers/raw-http.js';

const LARGE: MetricFamily = {
  name: 'sfu_stats_large',
  help: 'A test.',
  type: 'gauge',
  labelNames: ['track'],
  series: Array.from({ length: 50_000 }, (_, n) => ({ labels: [`TR_${n}_${'x'.repeat(200)}`], value: n })),
};

const batch = (): Batch =>
  new Batch({ kind: BatchKind.STATS, bytes: new Uint8Array(1), items: 3, timeMs: 0, totals: NO_TOTALS });

describe('an exporter that is closed', () => {
  test('is not there any more, says so, and gives the same promise again', async () => {
    await using under = await ExporterUnderTest.start();
    const { port } = under;
    const closing = under.exporter.close(1_000);
    expect(under.exporter.close(1)).toBe(closing);
    expect(await closing).toBe(0);
    expect(under.reports.at(-1)).toEqual({ state: 'closed', address: '', error: '' });
    await expect(RawConnection.to(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('has ended connections that wait, or say half of something', async () => {
    await using under = await ExporterUnderTest.start();
    const idle = await RawConnection.to(under.port);
    const asking = (await RawConnection.to(under.port)).say('GET /metr');
    const kept = (await RawConnection.to(under.port)).say('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await kept.hears((heard) => heard.endsWith('ok\n'));
    expect(await under.exporter.close(60_000)).toBe(0);
    await Promise.all([idle.ended, asking.ended, kept.ended]);
  });

  test('has answered what was asked before', async () => {
    await using under = await ExporterUnderTest.start();
    under.source.families = [LARGE];
    const asking = await RawConnection.to(under.port);
    asking.say('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
    await asking.hears((heard) => heard !== '');
    await under.exporter.close(60_000);
    const heard = await asking.ended;
    const [head, body] = heard.split('\r\n\r\n');
    expect(body).toHaveLength(Number(/content-length: (\d+)/i.exec(head!)![1]));
  });

  test('waits no longer than its deadline for who does not take the answer', async () => {
    await using under = await ExporterUnderTest.start();
    under.source.families = [LARGE];
    const asking = await RawConnection.to(under.port);
    await asking.say('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n').hears((heard) => heard !== '');
    asking.socket.pause();
    // Its request may take 10 s: this test's time is over by then.
    expect(await under.exporter.close(50)).toBe(0);
    asking.close();
  });

  test('while it tries to listen tries no more', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const under = new ExporterUnderTest({ port, retryMinMs: 1, retryMaxMs: 1 });
    await under.reported(() => under.retries >= 2);
    expect(await under.exporter.close(1_000)).toBe(0);
    const { retries } = under;
    server.close();
    await once(server, 'close');
    await new Promise((resolve) => setImmediate(resolve));
    expect(under.retries).toBe(retries);
    expect(under.reports.at(-1)!.state).toBe('closed');
  });

  test('before it listens never does', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const under = new ExporterUnderTest({ host });
      expect(await under.exporter.close(1_000)).toBe(0);
      expect(under.reports.map(({ state }) => state)).toEqual(['starting', 'closed']);
    }
  });

  test('leaves no handle: its process ends by itself', async () => {
    const fixture = fileURLToPath(new URL('./fixtures/close-and-end.mjs', import.meta.url));
    const child = spawn(process.execPath, [fixture], { stdio: ['ignore', 'inherit', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('its books', () => {
  test('count a batch as sent at once: a scrape has no queue', async () => {
    await using under = await ExporterUnderTest.start();
    expect(under.exporter.write(batch())).toBe(true);
    const { words } = under;
    expect(words[ExporterWords.ACCEPTED + BatchCounts.BATCHES]).toBe(1);
    expect(words[ExporterWords.SENT + BatchCounts.ITEMS]).toBe(3);
  });

  test('count it as dropped after the end', async () => {
    await using under = await ExporterUnderTest.start();
    await under.exporter.close(1_000);
    expect(under.exporter.write(batch())).toBe(false);
    const dropped = ExporterWords.DROPPED + ExportDrop.CLOSED * BatchCounts.WORDS;
    expect(under.words[dropped + BatchCounts.BATCHES]).toBe(1);
  });

  test('count a source that is broken as an error each time, and log it once', async () => {
    const clock = { ms: 0 };
    await using under = await ExporterUnderTest.start({}, { monotonicMs: () => clock.ms });
    under.source.collect = () => {
      throw new Error('broken');
    };
    for (; clock.ms < 3_000; clock.ms += 1_000) await under.page();
    expect(under.errors).toBe(3);
    expect(under.logs.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});
