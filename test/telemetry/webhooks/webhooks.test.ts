import { Room, WebhookEvent } from '@livekit/protocol';
import { WebhookReceiver } from 'livekit-server-sdk';
import { describe, expect, test } from 'vitest';
import { SfuStatsError } from '../../../dist/src/errors.js';
import { shownUrl } from '../../../dist/src/telemetry/webhooks/shown-url.js';
import { Webhooks } from '../../../dist/src/telemetry/webhooks/webhooks.js';
import { type Receiver, replies, urlOfNobody } from '../../helpers/receiver.js';
import {
  API_KEY,
  API_SECRET,
  DeliveryHarness,
  eventOf,
  forRooms,
  idsOf,
  startReceiver,
} from './delivery-harness.js';

const idsAt = (receiver: Receiver, room: string): string[] => receiver.eventsOf(room).map(({ id }) => id);

test("LiveKit's own receiver verifies what arrives, and refuses another secret and a changed byte", async () => {
  const receiver = await startReceiver();
  const harness = new DeliveryHarness([receiver.url()]);
  harness.notify('red', 3);
  await harness.settled(3);
  const verifier = new WebhookReceiver(API_KEY, API_SECRET);
  for (const { body, headers } of receiver.posts) {
    const event = await verifier.receive(body, headers.authorization);
    expect(event.room?.name).toBe('red');
    await expect(
      new WebhookReceiver(API_KEY, 'another').receive(body, headers.authorization),
    ).rejects.toThrow();
    await expect(verifier.receive(body.replace('red', 'rad'), headers.authorization)).rejects.toThrow();
  }
  expect(idsAt(receiver, 'red')).toEqual(idsOf('red', 3));
});

test('each URL gets every event, signed with its own key', async () => {
  const receiver = await startReceiver();
  const own = { url: receiver.url('/own'), apiKey: 'own key', apiSecret: 'own secret' };
  const harness = new DeliveryHarness([receiver.url('/first'), own]);
  harness.notify('red');
  await harness.settled(2);
  const [first, second] = ['/first', '/own'].map(
    (path) => receiver.posts.find((post) => post.path === path)!,
  );
  await new WebhookReceiver(API_KEY, API_SECRET).receive(first!.body, first!.headers.authorization);
  await new WebhookReceiver('own key', 'own secret').receive(second!.body, second!.headers.authorization);
});

test('what is filtered is not sent', async () => {
  const receiver = await startReceiver();
  const harness = new DeliveryHarness([receiver.url()], { exclude: ['participant_joined'] });
  harness.notify('red', 5);
  harness.webhooks.notify(new WebhookEvent({ event: 'room_finished', id: 'EV_last', room: { name: 'red' } }));
  await harness.settled(1);
  expect(idsAt(receiver, 'red')).toEqual(['EV_last']);
  expect(harness.webhooks.status()).toMatchObject({ notified: 1, sent: 1 });
});

test('a webhook is reported with its times, status and what it was about', async () => {
  const receiver = await startReceiver(() => replies.status(202));
  const harness = new DeliveryHarness([receiver.url('/hook?token=topsecret')]);
  const before = Date.now();
  harness.notify('red');
  await harness.settled(1);
  const [{ info, outcome }] = harness.processed as [(typeof harness.processed)[0]];
  expect(info).toMatchObject({
    eventId: 'EV_red_1',
    event: 'participant_joined',
    roomName: 'red',
    roomId: 'RM_red',
    participantIdentity: 'user 1',
    participantId: 'PA_1',
    url: receiver.url('/hook'),
    numDropped: 0,
    isDropped: false,
    sendError: '',
    httpStatusCode: 202,
  });
  expect(outcome).toMatchObject({ key: 'red', result: 'sent', reason: '', attempts: 1 });
  expect(info.queuedAt!.toDate().getTime()).toBeGreaterThanOrEqual(before);
  expect(info.sentAt!.toDate().getTime()).toBeLessThanOrEqual(Date.now());
  expect(info.sendDurationNs).toBeGreaterThan(0n);
});

test('an event that JSON cannot hold has failed everywhere, and the next is sent', async () => {
  const receiver = await startReceiver();
  const harness = new DeliveryHarness([receiver.url('/a'), receiver.url('/b')]);
  const room = Object.assign(new Room({ name: 'red' }), { maxParticipants: 'topsecret' });
  harness.webhooks.notify(new WebhookEvent({ event: 'room_started', id: 'EV_bad', room }));
  harness.notify('red');
  await harness.settled(4);
  expect(harness.processed.map(({ info, outcome }) => [info.eventId, outcome.reason])).toEqual([
    ['EV_bad', 'content'],
    ['EV_bad', 'content'],
    ['EV_red_1', ''],
    ['EV_red_1', ''],
  ]);
  expect(harness.webhooks.status()).toMatchObject({ notified: 4, sent: 2, failed: 2 });
  expect(JSON.stringify(harness.logged)).not.toContain('topsecret');
});

test('a hook that throws costs no event anything, and is logged once', async () => {
  const receiver = await startReceiver();
  const logged: unknown[] = [];
  let told = 0;
  const options = { apiKey: 'key', apiSecret: 'secret', urls: [receiver.url()] };
  const webhooks = new Webhooks(options, {
    processed: () => {
      told++;
      throw new Error('a bug of somebody else');
    },
    log: (level, _fields, message) => logged.push([level, message]),
  });
  for (let number = 1; number <= 5; number++) webhooks.notify(eventOf('red', number));
  expect((await webhooks.close({ deadlineMs: 60_000 })).complete).toBe(true);
  expect(told).toBe(5);
  expect(logged).toEqual([['error', 'the hook for processed webhooks threw']]);
});

describe('a receiver that misbehaves costs nobody else anything:', () => {
  /** How it behaves, what becomes of its events, and after how many attempts. */
  const misbehaviours = {
    'answers 302': [replies.status(302, { location: 'http://127.0.0.1:1/' }), 'failed status', 1],
    'answers 401': [replies.status(401), 'failed status', 1],
    'answers 404': [replies.status(404), 'failed status', 1],
    'answers 413': [replies.status(413, { connection: 'close' }), 'failed status', 1],
    'answers 429': [replies.status(429), 'failed status', 3],
    'answers 429 and wants to be left alone for seconds': [
      replies.status(429, { 'retry-after': '1' }),
      'failed status',
      3,
    ],
    'answers 503 and wants to be left alone until a date': [
      replies.status(503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
      'failed status',
      3,
    ],
    'answers 500': [replies.status(500), 'failed status', 3],
    'answers 501': [replies.status(501), 'failed status', 1],
    resets: [replies.resets(), 'failed connection', 3],
    'does not speak HTTP': [replies.garbage(), 'failed connection', 3],
    'is slow': [replies.afterMs(50), 'sent', 1],
    'sends a body without end': [replies.endlessBody(200), 'sent', 1],
    'sends an error with a body without end': [replies.endlessBody(500), 'failed status', 3],
    'breaks off in the body': [replies.resetsInBody(200), 'sent', 1],
  } as const;

  test.each(Object.entries(misbehaviours))('%s', async (_, [reply, result, attempts]) => {
    const bad = await startReceiver(forRooms({ bad: reply }, replies.status(200)));
    const good = await startReceiver();
    const harness = new DeliveryHarness([bad.url(), good.url()], { retries: 2 });
    harness.notify('bad', 3);
    harness.notify('other', 20);
    await harness.settled(2 * 23);

    // The same receiver's other room, and the other receiver's same room.
    expect(idsAt(bad, 'other')).toEqual(idsOf('other', 20));
    expect(idsAt(good, 'bad')).toEqual(idsOf('bad', 3));
    expect(idsAt(good, 'other')).toEqual(idsOf('other', 20));
    expect(harness.resultsAt(good.url())).toEqual(['sent']);
    const ofBad = harness.processed.filter(({ info }) => info.url === bad.url() && info.roomName === 'bad');
    expect(ofBad.map(({ outcome }) => `${outcome.result} ${outcome.reason}`.trim())).toEqual([
      result,
      result,
      result,
    ]);
    expect(ofBad.map(({ outcome }) => outcome.attempts)).toEqual([attempts, attempts, attempts]);
    // Every attempt arrived, in order.
    expect(idsAt(bad, 'bad')).toEqual(
      idsOf('bad', 3).flatMap((id) => Array.from({ length: attempts }, () => id)),
    );
  });

  test('is down', async () => {
    const down = await urlOfNobody();
    const good = await startReceiver();
    const harness = new DeliveryHarness([down, good.url()], { retries: 2 });
    harness.notify('red', 3);
    await harness.settled(6);
    expect(harness.resultsAt(down)).toEqual(['failed connection']);
    expect(idsAt(good, 'red')).toEqual(idsOf('red', 3));
    const { info } = harness.processed.find((one) => one.info.url === down)!;
    expect(info).toMatchObject({ sendError: 'connection failed: ECONNREFUSED', httpStatusCode: 0 });
  });

  test('is up again after a while', async () => {
    const url = new URL(await urlOfNobody());
    const harness = new DeliveryHarness([url.href], { retries: 100, retryMinMs: 5, retryMaxMs: 5 });
    harness.notify('red', 3);
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => response.end()).listen(Number(url.port), url.hostname);
    await harness.settled(3);
    server.close();
    server.closeAllConnections();
    expect(harness.resultsAt(url.href)).toEqual(['sent']);
  });

  test('hangs: one room of it delays no other room and no other URL', async () => {
    const bad = await startReceiver(forRooms({ hangs: replies.hangs() }, replies.status(200)));
    const good = await startReceiver();
    const harness = new DeliveryHarness([bad.url(), good.url()]);
    harness.notify('hangs', 3);
    harness.notify('other', 20);
    // It has not been given up, nor answered: everything else arrives meanwhile.
    await harness.settled(20 + 23);
    expect(idsAt(bad, 'hangs')).toEqual(['EV_hangs_1']);
    expect(idsAt(bad, 'other')).toEqual(idsOf('other', 20));
    expect(harness.webhooks.status().urls).toMatchObject([
      { url: bad.url(), sent: 20, inFlight: 1, queued: 2 },
      { url: good.url(), sent: 23, inFlight: 0, queued: 0 },
    ]);
  });

  test('hangs: after the timeout it is tried again, and then given up', async () => {
    const bad = await startReceiver(() => replies.hangs());
    const harness = new DeliveryHarness([bad.url()], { requestTimeoutMs: 300, retries: 1 });
    harness.notify('red', 2);
    await harness.settled(2);
    expect(idsAt(bad, 'red')).toEqual(['EV_red_1', 'EV_red_1', 'EV_red_2', 'EV_red_2']);
    expect(harness.resultsAt(bad.url())).toEqual(['failed timeout']);
    expect(harness.processed[0]!.info.sendError).toBe('no answer within 300 ms');
  });

  test('stalls in its body: the status counts, and nobody waits', async () => {
    const bad = await startReceiver(forRooms({ stalls: replies.stallingBody() }, replies.status(200)));
    const harness = new DeliveryHarness([bad.url()], { maxInFlight: 2 });
    harness.notify('stalls', 2);
    harness.notify('other', 20);
    await harness.settled(22);
    expect(harness.resultsAt(bad.url())).toEqual(['sent']);
    expect(idsAt(bad, 'other')).toEqual(idsOf('other', 20));
  });
});

describe('Retry-After', () => {
  const farAway = new Date(Date.now() + 3_600_000).toUTCString();

  test.each([
    ['seconds', '3600'],
    ['a date', farAway],
  ])('in %s is heeded: an hour is more than the deadline leaves', async (_, value) => {
    const receiver = await startReceiver(() => replies.status(429, { 'retry-after': value }));
    const harness = new DeliveryHarness([receiver.url()], {
      retryMaxMs: 86_400_000,
      maxAgeMs: 60_000,
      totalDeadlineMs: 600_000,
    });
    harness.notify('red');
    await harness.settled(1);
    expect(harness.processed[0]!.outcome).toMatchObject({ reason: 'deadline', attempts: 1, status: 429 });
  });
});

test('what was lost is told to each receiver for itself', async () => {
  let refusals = 2;
  const strict = await startReceiver(() => replies.status(refusals-- > 0 ? 404 : 200));
  const easy = await startReceiver();
  const harness = new DeliveryHarness([strict.url(), easy.url()]);
  harness.notify('red', 4);
  await harness.settled(8);
  expect(strict.eventsOf('red').map(({ numDropped }) => numDropped)).toEqual([0, 1, 2, 0]);
  expect(easy.eventsOf('red').map(({ numDropped }) => numDropped)).toEqual([0, 0, 0, 0]);
  const verifier = new WebhookReceiver(API_KEY, API_SECRET);
  for (const { body, headers } of strict.posts) await verifier.receive(body, headers.authorization);
});

test('no secret is found in reports, logs, the status or the close report', async () => {
  const secrets = ['topsecret', 'hush', API_SECRET];
  const receiver = await startReceiver(() => replies.status(404, { 'x-echo': 'topsecret' }));
  const withSecrets = (url: string): string =>
    `${url.replace('://', '://user:topsecret@')}?token=topsecret#topsecret`;
  const urls = [
    withSecrets(receiver.url('/a')),
    withSecrets(await urlOfNobody()),
    { url: withSecrets(receiver.url('/b')), apiKey: 'own', apiSecret: 'hush' },
  ];
  const harness = new DeliveryHarness(urls, { retries: 1 });
  harness.notify('red', 2);
  await harness.settled(6);
  const report = await harness.webhooks.close({ deadlineMs: 0 });
  const infos = harness.processed.map(({ info, outcome }) => [info.toJson(), outcome]);
  const said = JSON.stringify([infos, harness.logged, harness.webhooks.status(), report]);
  for (const secret of secrets) expect(said).not.toContain(secret);
  expect(harness.logged).toHaveLength(3);
  expect(harness.processed.map(({ info }) => info.url)).toContain(shownUrl(receiver.url('/a')));
  // The receiver is asked with the query, and without the userinfo.
  expect(receiver.posts[0]!.path).toMatch(/^\/[ab]\?token=topsecret$/);
});

describe('close()', () => {
  test('delivers what is queued', async () => {
    const receiver = await startReceiver();
    const harness = new DeliveryHarness([receiver.url()]);
    for (let room = 0; room < 20; room++) harness.notify(`room${room}`, 5);
    expect(await harness.webhooks.close({ deadlineMs: 60_000 })).toEqual({ complete: true, left: [] });
    expect(receiver.posts).toHaveLength(100);
    await receiver.disconnected();
  });

  test('waits no longer than its deadline, and tells what was left by URL and key', async () => {
    const receiver = await startReceiver(forRooms({ hangs: replies.hangs() }, replies.status(200)));
    const down = await urlOfNobody();
    const harness = new DeliveryHarness([receiver.url(), down], {
      retryMinMs: 600_000,
      retryMaxMs: 600_000,
      totalDeadlineMs: 86_400_000,
    });
    harness.notify('hangs', 3);
    harness.notify('other', 2);
    await receiver.received(3);
    const report = await harness.webhooks.close({ deadlineMs: 50 });
    expect(report).toEqual({
      complete: false,
      left: [
        { url: receiver.url(), key: 'hangs', count: 3 },
        { url: down, key: 'hangs', count: 3 },
        { url: down, key: 'other', count: 2 },
      ],
    });
    expect(harness.webhooks.status()).toMatchObject({
      notified: 10,
      sent: 2,
      dropped: { full: 0, age: 0, closed: 8 },
      queued: 0,
      inFlight: 0,
    });
    expect(harness.processed).toHaveLength(10);
    await receiver.disconnected();
  });

  test('by force waits for nothing', async () => {
    const receiver = await startReceiver(() => replies.hangs());
    const harness = new DeliveryHarness([receiver.url()]);
    harness.notify('red', 2);
    await receiver.received(1);
    const report = await harness.webhooks.close({ deadlineMs: 3_600_000, force: true });
    expect(report).toEqual({ complete: false, left: [{ url: receiver.url(), key: 'red', count: 2 }] });
    await receiver.disconnected();
  });

  test('called again, can still be forced, and gives the same report', async () => {
    const receiver = await startReceiver(() => replies.hangs());
    const harness = new DeliveryHarness([receiver.url()]);
    harness.notify('red');
    await receiver.received(1);
    const first = harness.webhooks.close({ deadlineMs: 3_600_000 });
    const second = harness.webhooks.close({ deadlineMs: 3_600_000, force: true });
    expect(await first).toEqual({ complete: false, left: [{ url: receiver.url(), key: 'red', count: 1 }] });
    expect(await second).toBe(await first);
  });

  test('takes nothing more from its first moment on', async () => {
    let answer: () => void = () => {};
    const allowed = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const receiver = await startReceiver(() => replies.once(allowed));
    const harness = new DeliveryHarness([receiver.url()]);
    harness.notify('red');
    const closed = harness.webhooks.close({ deadlineMs: 60_000 });
    harness.notify('red');
    harness.notify('blue');
    answer();
    expect(await closed).toEqual({ complete: true, left: [] });
    harness.notify('red');
    const told = harness.processed.map(({ info, outcome }) => [info.eventId, outcome.reason, info.isDropped]);
    expect(told).toEqual([
      ['EV_red_2', 'closed', true],
      ['EV_blue_1', 'closed', true],
      ['EV_red_1', '', false],
      ['EV_red_3', 'closed', true],
    ]);
    expect(receiver.posts).toHaveLength(1);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'refuses a deadline of %d',
    async (deadlineMs) => {
      const harness = new DeliveryHarness([]);
      const refusal: unknown = await harness.webhooks.close({ deadlineMs }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(SfuStatsError);
      expect(refusal).toMatchObject({ code: 'SFU_STATS_INVALID_ARGUMENT', field: 'deadlineMs' });
    },
  );
});

test('without a URL there is nothing to do', async () => {
  const harness = new DeliveryHarness([]);
  harness.notify('red');
  expect(harness.webhooks.status()).toMatchObject({ notified: 0, urls: [] });
  expect(await harness.webhooks.close({ deadlineMs: 0 })).toEqual({ complete: true, left: [] });
});
