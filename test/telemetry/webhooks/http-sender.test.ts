import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { HttpSender } from '../../../dist/src/telemetry/webhooks/http-sender.js';
import { heapInUse } from '../../helpers/heap.js';
import { type Receiver, type Reply, replies, urlOfNobody } from '../../helpers/receiver.js';
import { startReceiver } from './delivery-harness.js';
import { urlOfSilence } from './processes.js';

const limits = { maxInFlight: 2, requestTimeoutMs: 600_000, maxResponseBytes: 65_536 };

interface Given {
  readonly receiver: Receiver;
  readonly sender: HttpSender;
}

async function senderTo(reply: Reply, path = '/webhook', more: Partial<typeof limits> = {}): Promise<Given> {
  const receiver = await startReceiver(() => reply);
  return { receiver, sender: newSender(receiver.url(path), more) };
}

function newSender(url: string, more: Partial<typeof limits> = {}): HttpSender {
  const sender = new HttpSender(url, { ...limits, ...more });
  onTestFinished(() => sender.close());
  return sender;
}

const post = (sender: HttpSender, signal = new AbortController().signal) =>
  sender.post('{}', 'token', signal);

test('posts the body to the path and query of its URL, with the token as it is', async () => {
  const { sender, receiver } = await senderTo(replies.status(200), '/hooks/a?tenant=7');
  expect(await sender.post('{"event":"röd"}', 'a.b.c', new AbortController().signal)).toEqual({
    status: 200,
  });
  const [{ method, path, body, headers }] = receiver.posts as [(typeof receiver.posts)[0]];
  expect({ method, path, body }).toEqual({
    method: 'POST',
    path: '/hooks/a?tenant=7',
    body: '{"event":"röd"}',
  });
  expect(headers).toMatchObject({
    authorization: 'a.b.c',
    'content-type': 'application/webhook+json',
    'content-length': '16',
  });
});

test('a connection is kept alive and used again', async () => {
  const { sender, receiver } = await senderTo(replies.status(200), '/', { maxInFlight: 1 });
  for (let i = 0; i < 20; i++) await post(sender);
  expect(receiver.posts).toHaveLength(20);
  expect(receiver.connections).toBe(1);
});

test('a connection that its receiver ends leaves nothing behind', async () => {
  const { sender, receiver } = await senderTo(replies.status(200, { connection: 'close' }));
  const postMany = async (posts: number): Promise<void> => {
    for (let n = 0; n < posts; n++) await post(sender);
    receiver.posts.length = 0;
  };
  await postMany(300);
  const before = await heapInUse();
  await postMany(900);
  expect(receiver.connections).toBeGreaterThanOrEqual(1_200);
  // A signal that each socket listened to kept 5 kB of it.
  expect((await heapInUse()) - before).toBeLessThan(900 * 2_000);
});

test('there are no more connections than may be in flight', async () => {
  const { sender, receiver } = await senderTo(replies.status(200));
  await Promise.all(Array.from({ length: 20 }, () => post(sender)));
  expect(receiver.connections).toBe(2);
});

test('as many connections as may be in flight draw no warning', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  onTestFinished(() => {
    process.off('warning', warn);
  });
  const { sender, receiver } = await senderTo(replies.hangs(), '/', { maxInFlight: 20 });
  const posts = Array.from({ length: 20 }, () => post(sender));
  const ended = Promise.allSettled(posts);
  await receiver.received(20);
  await sender.close();
  await ended;
  expect(warnings).toEqual([]);
});

test('tells the status and what Retry-After says', async () => {
  const { sender } = await senderTo(replies.status(429, { 'retry-after': '120' }));
  expect(await post(sender)).toEqual({ status: 429, retryAfter: '120' });
});

test('a redirect is not followed, to the same origin neither', async () => {
  const { sender, receiver } = await senderTo(replies.status(307, { location: '/elsewhere' }));
  expect((await post(sender)).status).toBe(307);
  expect(receiver.posts).toHaveLength(1);
});

test('a body that goes on for ever is cut off, and its connection dropped', async () => {
  const { sender, receiver } = await senderTo(replies.endlessBody(503));
  expect((await post(sender)).status).toBe(503);
  await receiver.disconnected();
});

test('a body that stalls is not waited for any longer than an answer', async () => {
  const { sender, receiver } = await senderTo(replies.stallingBody(), '/', { requestTimeoutMs: 20 });
  expect((await post(sender)).status).toBe(200);
  await receiver.disconnected();
});

test('a body that ends in the middle does not undo its status', async () => {
  const { sender } = await senderTo(replies.resetsInBody(200));
  expect((await post(sender)).status).toBe(200);
});

test('an abort ends the wait for an answer, and its connection', async () => {
  const { sender, receiver } = await senderTo(replies.hangs());
  const aborter = new AbortController();
  const answer = post(sender, aborter.signal);
  await receiver.received(1);
  aborter.abort();
  await expect(answer).rejects.toThrow('connection failed: AbortError');
  await receiver.disconnected();
});

test('an abort in the body leaves the status', async () => {
  const { sender, receiver } = await senderTo(replies.stallingBody(202));
  const aborter = new AbortController();
  const abort = (): void => {
    // The headers are read in this turn.
    setImmediate(() => aborter.abort());
  };
  subscribe('undici:request:headers', abort);
  onTestFinished(() => {
    unsubscribe('undici:request:headers', abort);
  });
  expect((await post(sender, aborter.signal)).status).toBe(202);
  await receiver.disconnected();
});

test('an abort before the request leaves nothing to send', async () => {
  const { sender, receiver } = await senderTo(replies.status(200));
  await expect(post(sender, AbortSignal.abort())).rejects.toThrow('connection failed: AbortError');
  expect(receiver.posts).toEqual([]);
});

test.each([
  ['breaks off', replies.resets(), /^connection failed: (ECONNRESET|UND_ERR_SOCKET)$/],
  ['does not speak HTTP', replies.garbage(), /^connection failed: (HPE_\w+|HTTPParserError)$/],
])('a receiver that %s is told by the code of the error', async (_, reply, message) => {
  const { sender } = await senderTo(reply);
  await expect(post(sender)).rejects.toThrow(message);
});

test('a receiver that is down is told by the code of the error', async () => {
  const sender = newSender(await urlOfNobody());
  await expect(post(sender)).rejects.toThrow(/^connection failed: ECONNREFUSED$/);
});

test('a connection that is not made in time counts as a timeout', async () => {
  const sender = newSender(await urlOfSilence(), { requestTimeoutMs: 50 });
  const error: unknown = await post(sender).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: 'connection failed: UND_ERR_CONNECT_TIMEOUT', timedOut: true });
});

test('userinfo in the URL is not sent', async () => {
  const receiver = await startReceiver();
  const sender = newSender(receiver.url('/').replace('http://', 'http://user:topsecret@'));
  await post(sender);
  expect(receiver.posts[0]!.headers.authorization).toBe('token');
  expect(JSON.stringify(receiver.posts[0]!.headers)).not.toContain('topsecret');
});

test('close() fails what is under way and ends idle connections', async () => {
  const { sender, receiver } = await senderTo(replies.status(200));
  await post(sender);
  await sender.close();
  await expect(post(sender)).rejects.toThrow(/^connection failed: UND_ERR_DESTROYED$/);
  await receiver.disconnected();
});
