import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ServerCredentials, status as Status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { BatchKind } from '../../../dist/src/exporters/batch.js';
import { GrpcChannel } from '../../../dist/src/exporters/grpc/grpc-channel.js';
import { type GrpcOptions, resolveGrpcOptions } from '../../../dist/src/exporters/grpc/grpc-options.js';
import { type StreamStatus, shownStatus } from '../../../dist/src/exporters/grpc/stream-status.js';
import { AnalyticsReceiver, behaviours } from '../../helpers/analytics-receiver.js';
import { urlOfSilence } from '../../telemetry/webhooks/processes.js';
import { type Certificates, certificatesFor } from './certificates.js';

/** The machine may be busy. */
const PATIENCE = { timeout: 30_000, interval: 10 };

function channelTo(options: GrpcOptions): GrpcChannel {
  const channel = new GrpcChannel(resolveGrpcOptions({ ackEveryMs: 0, deadlineMs: 20_000, ...options }));
  onTestFinished(() => channel.reset());
  return channel;
}

/** Sends an empty message in a stream, and waits for its end. */
function send(channel: GrpcChannel, kind: BatchKind = BatchKind.STATS): Promise<StreamStatus> {
  return new Promise((resolve) => {
    const call = channel.open(kind, resolve);
    call.write(new Uint8Array(0), () => {});
    call.end();
  });
}

const shownEnd = async (options: GrpcOptions): Promise<string> => shownStatus(await send(channelTo(options)));

test('a message is taken when the receiver has room for it, not before', async () => {
  const receiver = await AnalyticsReceiver.start({
    behaviour: {
      ...behaviours.answers(),
      opened: ({ name, pause }) => {
        if (name === 'IngestStats') pause();
      },
    },
  });
  const channel = channelTo({ url: receiver.url });
  const order: string[] = [];
  const call = channel.open(BatchKind.STATS, () => order.push('ended'));
  call.write(new Uint8Array(1_000_000), () => order.push('taken'));
  await vi.waitFor(() => expect(receiver.ingests).toHaveLength(1), PATIENCE);
  // A whole stream comes and goes meanwhile.
  expect(await send(channel, BatchKind.EVENTS)).toMatchObject({ code: Status.OK });
  order.push('resumed');
  receiver.ingests[0]!.resume();
  await vi.waitFor(() => expect(order).toContain('taken'), PATIENCE);
  call.cancel();
  await vi.waitFor(() => expect(order).toEqual(['resumed', 'taken', 'ended']), PATIENCE);
});

describe('with TLS', () => {
  const own = certificatesFor('localhost');
  const { caPem } = own;
  const client = certificatesFor('sfu');

  /** @param clientCa the authority of the certificates it asks senders for */
  async function secureUrl(keys: Certificates = own, clientCa?: string): Promise<string> {
    const pair = { private_key: Buffer.from(keys.keyPem), cert_chain: Buffer.from(keys.certPem) };
    const ca = clientCa === undefined ? null : Buffer.from(clientCa);
    const credentials = ServerCredentials.createSsl(ca, [pair], clientCa !== undefined);
    const { port } = await AnalyticsReceiver.start({ credentials });
    return `grpcs://localhost:${port}`;
  }

  test('a receiver whose authority is known is trusted', async () => {
    expect(await send(channelTo({ url: await secureUrl(), tls: { caPem } }))).toMatchObject({
      code: Status.OK,
    });
  });

  test('another is not', async () => {
    const url = await secureUrl();
    const words = /^UNAVAILABLE: the receiver cannot be reached \(its certificate is not trusted, or it asks/;
    expect(await shownEnd({ url })).toMatch(words);
    expect(await shownEnd({ url, tls: { caPem: client.caPem } })).toMatch(words);
  });

  test('nor one of another name, unless that is the one it is to have', async () => {
    const named = certificatesFor('receiver');
    const url = await secureUrl(named);
    expect(await shownEnd({ url, tls: { caPem: named.caPem } })).toBe(
      "UNAVAILABLE: the receiver cannot be reached (its certificate's name is another)",
    );
    const tls = { caPem: named.caPem, serverName: 'receiver' };
    expect(await send(channelTo({ url, tls }))).toMatchObject({ code: Status.OK });
  });

  test('the exporter shows its own certificate where it is asked for', async () => {
    const url = await secureUrl(own, client.caPem);
    const { certPem, keyPem } = client;
    expect(await send(channelTo({ url, tls: { caPem, certPem, keyPem } }))).toMatchObject({
      code: Status.OK,
    });
    expect(await shownEnd({ url, tls: { caPem } })).toMatch(/^UNAVAILABLE: /);
  });

  test('a receiver without it is told', async () => {
    const { port } = await AnalyticsReceiver.start();
    expect(await shownEnd({ url: `grpcs://localhost:${port}`, tls: { caPem } })).toMatch(/^UNAVAILABLE: /);
  });
});

describe('a connection that comes to nothing', () => {
  /** Takes connections, and says nothing. */
  async function silentServer(): Promise<{ readonly server: Server; readonly sockets: Set<Socket> }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { server, sockets };
  }

  test.each(['grpc', 'grpcs'])(
    'over %s is told at the deadline, and ended with its channel',
    async (scheme) => {
      const { server, sockets } = await silentServer();
      const url = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
      const channel = channelTo({ url, deadlineMs: 100 });
      const connected = once(server, 'connection');
      expect(shownStatus(await send(channel))).toBe(
        'DEADLINE_EXCEEDED: no answer within the deadline (no connection was made)',
      );
      await connected;
      expect(sockets.size).toBe(1);
      channel.reset();
      await vi.waitFor(() => expect(sockets.size).toBe(0), PATIENCE);
    },
  );

  test('is tried once more by a client that was given up: that one is ended too', async () => {
    const made: Socket[] = [];
    // Clients that other tests gave up do the same, and may be at it now.
    const here = new AsyncLocalStorage<true>();
    const note = (message: unknown): void => {
      if (here.getStore() === true) made.push((message as { socket: Socket }).socket);
    };
    subscribe('net.client.socket', note);
    onTestFinished(() => void unsubscribe('net.client.socket', note));
    const { server, sockets } = await silentServer();
    server.once('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const channel = channelTo({ url: `grpc://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(await here.run(true, () => send(channel))).toMatchObject({ code: Status.UNAVAILABLE });
    channel.reset();
    await vi.waitFor(() => expect(made).toHaveLength(2), PATIENCE);
    await vi.waitFor(() => expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true]), PATIENCE);
    await vi.waitFor(() => expect(sockets.size).toBe(0), PATIENCE);
  });

  test('another channel of the thread keeps its own', async () => {
    const { server, sockets } = await silentServer();
    const receiver = await AnalyticsReceiver.start();
    const url = `grpc://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const one = channelTo({ url, deadlineMs: 100 });
    const other = channelTo({ url: receiver.url });
    await Promise.all([send(one), send(other)]);
    one.reset();
    await vi.waitFor(() => expect(sockets.size).toBe(0), PATIENCE);
    expect(await send(other)).toMatchObject({ code: Status.OK });
  });
});

describe('a process', () => {
  const path = fileURLToPath(new URL('./fixtures/close-and-end.mjs', import.meta.url));

  /** What is left alive in a process that wrote one batch and closed; it ends by itself, or the test does not. */
  async function endOf(url: string, deadlineMs = 500): Promise<string> {
    const child = spawn(process.execPath, [path, url, String(deadlineMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
    return said;
  }

  test('ends by itself after close, wherever its connection was', async () => {
    const receiver = await AnalyticsReceiver.start();
    expect(await endOf(receiver.url, 30_000)).toBe('left 0\n');
    receiver.behaviour = behaviours.hangs();
    expect(await endOf(receiver.url)).toBe('left 1\n');
    receiver.kill();
    expect(await endOf(receiver.url)).toBe('left 1\n');
    expect(await endOf((await urlOfSilence()).replace('http:', 'grpc:'))).toBe('left 1\n');
  });
});
