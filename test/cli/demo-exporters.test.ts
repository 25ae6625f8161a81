import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { AnalyticsReceiver, idsOnce } from '../helpers/analytics-receiver.js';
import { PrometheusServer, testWithPrometheus } from '../helpers/prometheus.js';
import { resultOf, runCli, startCli } from './run-cli.js';
import { temporaryFolder } from './temporary-folder.js';

const DEMO = ['demo', '--rooms', '2', '--speed', '30', '--shards', '1', '--plain'];
const SHORT = [...DEMO, '--seconds', '1'];
const folder = temporaryFolder();

/** Starts a demo with metrics on a free port; resolves when it has said where. */
async function startWithMetrics(flags: readonly string[]) {
  const child = startCli([...DEMO, '--metrics', '127.0.0.1:0', ...flags]);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  const result = resultOf(child);
  const address = await vi.waitFor(() => /Exporter prometheus: (http\S+)/.exec(said)![1]!, {
    timeout: 20_000,
  });
  return { child, result, address };
}

describe('demo --metrics --grpc --file', () => {
  test('work together: what went to the receiver is in the file, and on the page', async () => {
    const receiver = await AnalyticsReceiver.start();
    const file = join(folder.path, 'demo.msgpack');
    const { result, address } = await startWithMetrics([
      '--seconds',
      '4',
      '--grpc',
      receiver.url,
      '--file',
      file,
    ]);
    const page = await (await fetch(address)).text();
    expect(page).toContain('livekit_room_total{');
    const { status, stdout, stderr } = await result;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of ['prometheus', 'grpc', 'file']) {
      expect(stdout).toMatch(
        new RegExp(`\\nExporter ${name}: [\\d,]+ batches sent, 0 dropped, 0 retries\\.\\n`),
      );
    }
    const { stdout: printed } = await runCli(['cat', file, '--json', '--kind', 'stats']);
    const written = printed
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { stat: { id: string } }).stat.id);
    expect(written.length).toBeGreaterThan(100);
    expect(idsOnce(receiver.stats).toSorted()).toEqual(written.toSorted());
  });

  testWithPrometheus(
    'let a real Prometheus see the rooms, who is in them, and what they publish',
    async () => {
      const { child, result, address } = await startWithMetrics(['--forever', '--speed', '10']);
      await using server = await PrometheusServer.start({ address });
      const is =
        (value: number) =>
        (results: { value: number }[]): boolean =>
          results.some((series) => series.value === value);
      await server.queryUntil('livekit_room_total', is(2));
      await server.queryUntil('livekit_participant_total', is(6));
      await server.queryUntil('livekit_track_published_total{kind="VIDEO"}', is(6));
      await server.queryUntil(
        'rate(livekit_packet_total{direction="outgoing"}[10s])',
        ([first]) => first !== undefined && first.value > 0,
      );
      child.kill('SIGINT');
      expect((await result).status).toBe(0);
    },
  );

  test('say what is wrong with an address, and end with status 2', async () => {
    for (const [flags, words] of [
      [['--metrics', '9464'], 'host:port'],
      [['--metrics', '127.0.0.1:70000'], 'host:port'],
      [['--grpc', 'ftp://there'], 'grpc.url must be'],
    ] as const) {
      const { status, stderr } = await runCli([...SHORT, ...flags]);
      expect(status, flags.join(' ')).toBe(2);
      expect(stderr).toContain(words);
    }
  });

  test('go on where nobody listens, say so, and count what was dropped at the end', async () => {
    const { status, stdout } = await runCli([...SHORT, '--grpc', 'grpc://127.0.0.1:9']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nExporter grpc: 0 batches sent, [\d,]+ dropped \(closed\), .*UNAVAILABLE/);
    expect(stdout).toContain('The books balance');
  }, 60_000);
});
