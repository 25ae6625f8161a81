import { AnalyticsEvent, AnalyticsEventType, type WebhookInfo } from '@livekit/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { StatsEngine, TelemetryEvent } from '../../dist/src/index.js';
import { startEngine } from '../helpers/engine.js';
import { type Post, Receiver, type Reply, replies } from '../helpers/receiver.js';
import { KEY, startSending } from '../helpers/webhook-receiver.js';

/** SFU_STATS_LONG=1: five times the rooms, and as much time as they take. */
const LONG = process.env.SFU_STATS_LONG === '1';
const ROOMS = LONG ? 10_000 : 2_000;
const LONG_TEST_MS = LONG ? 600_000 : 60_000;
const HOUR_MS = 3_600_000;
const SESSION = [
  'room_started',
  'participant_joined',
  'track_published',
  'participant_left',
  'room_finished',
];

const receivers: Receiver[] = [];
afterEach(() => Promise.all(receivers.splice(0).map((receiver) => receiver.close())));

async function startReceiver(reply?: (post: Post) => Reply): Promise<Receiver> {
  const receiver = await Receiver.start(reply);
  receivers.push(receiver);
  return receiver;
}

/** A reply that comes when it is released. */
function heldBack(): { reply: Reply; release: () => void } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { reply: replies.once(released), release };
}

const roomOf = (name: string) => ({ sid: `RM_${name}`, name });

/** Makes the calls of one step of each room's session: each leads to one webhook. */
async function playStep(engine: StatsEngine, step: number, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const room = roomOf(name);
    const who = { room, participant: { sid: `PA_${name}`, identity: `of ${name}` } };
    if (!engine.hasRoom()) await engine.waitForRoom();
    if (step === 0) engine.roomStarted(room);
    else if (step === 1) engine.participantActive(who);
    else if (step === 2) engine.trackPublished({ ...who, track: `TR_${name}` });
    else if (step === 3) engine.participantLeft(who);
    else engine.roomEnded(room);
  }
}

/** Plays whole sessions, all rooms at once. */
async function playSessions(engine: StatsEngine, names: readonly string[]): Promise<void> {
  for (let step = 0; step < SESSION.length; step++) await playStep(engine, step, names);
}

/** What became of webhooks, as the analytics are told. */
function processed(told: readonly TelemetryEvent[]): { event: AnalyticsEvent; info: WebhookInfo }[] {
  return told.flatMap(({ kind, message }) => {
    const isProcessed =
      kind === 'event' && message instanceof AnalyticsEvent && message.webhook !== undefined;
    return isProcessed ? [{ event: message, info: message.webhook! }] : [];
  });
}

describe('many rooms', () => {
  test(
    `${ROOMS} with 5 webhooks each reach a receiver that takes 5 ms for each: in order, all of them, many at once`,
    async () => {
      const underWay = new Set<string>();
      let atOnce = 0;
      const receiver = await startReceiver(({ event }) => {
        const { name } = event.room!;
        if (underWay.has(name)) atOnce++;
        underWay.add(name);
        return replies.afterMs(5, (response, post) => {
          underWay.delete(name);
          replies.status(200)(response, post);
        });
      });
      const patience = LONG ? { maxAgeMs: HOUR_MS } : {};
      await using sfu = await startEngine({ webhooks: { ...KEY, urls: [receiver.url()], ...patience } });
      const names = Array.from({ length: ROOMS }, (_, n) => `room ${n}`);
      for (const name of names) await playSessions(sfu.engine, [name]);
      await receiver.received(5 * ROOMS);
      expect(await sfu.engine.close()).toMatchObject({ complete: true, webhooksLeft: [] });
      expect(sfu.engine.status().webhooks).toEqual({
        queued: 0,
        sent: 5 * ROOMS,
        failed: 0,
        dropped: 0,
        retries: 0,
      });
      expect(sfu.engine.status().drops).not.toHaveProperty(['call.trackPublished']);

      const heard = new Map<string, string[]>();
      for (const { event } of receiver.posts) {
        const name = event.room!.name;
        heard.set(name, [...(heard.get(name) ?? []), event.event]);
      }
      expect([...heard.keys()].sort()).toEqual([...names].sort());
      for (const [name, events] of heard) expect(events, name).toEqual(SESSION);
      expect(atOnce, 'webhooks of a room whose last one was not answered yet').toBe(0);
      // "Many" with room for a slow machine; 50 is the most there may be.
      expect(receiver.mostOpen).toBeLessThanOrEqual(50);
      expect(receiver.mostOpen).toBeGreaterThan(5);
    },
    LONG_TEST_MS,
  );

  test('are not delayed by those the receiver never answers for', async () => {
    const stuck = ['stuck 1', 'stuck 2'];
    const receiver = await startReceiver(({ event }) =>
      stuck.includes(event.room!.name) ? replies.hangs() : replies.status(200),
    );
    const { sfu } = await startSending([receiver.url()]);
    await using _ = sfu;
    const others = Array.from({ length: 300 }, (_, n) => `room ${n}`);
    await playSessions(sfu.engine, [...stuck, ...others]);
    await receiver.received(others.length * 5 + stuck.length);
    for (const name of others) expect(receiver.eventsOf(name).map(({ event }) => event)).toEqual(SESSION);
    for (const name of stuck) expect(receiver.eventsOf(name)).toHaveLength(1);
    expect(receiver.open).toBeGreaterThanOrEqual(stuck.length);
    await sfu.engine.close({ deadlineMs: 0 });
  });
});

describe('status', () => {
  test('counts what waits or is under way as queued, then as sent', async () => {
    const { reply, release } = heldBack();
    const receiver = await startReceiver(() => reply);
    const { sfu } = await startSending([receiver.url()]);
    await using _ = sfu;
    await playSessions(sfu.engine, ['a', 'b']);
    await receiver.received(2);
    await sfu.engine.flush();
    const nothing = { failed: 0, dropped: 0, retries: 0 };
    expect(sfu.engine.status().webhooks).toEqual({ queued: 10, sent: 0, ...nothing });
    release();
    await vi.waitFor(
      () => expect(sfu.engine.status().webhooks).toEqual({ queued: 0, sent: 10, ...nothing }),
      10_000,
    );
  });

  test('counts each attempt after the first, and what failed for good', async () => {
    const receiver = await startReceiver(({ event }) =>
      replies.status(event.event === 'room_started' ? 503 : 404),
    );
    const { sfu } = await startSending([receiver.url()], { retries: 2, retryMinMs: 0, retryMaxMs: 0 });
    await using _ = sfu;
    sfu.engine.roomStarted(roomOf('a'));
    sfu.engine.roomEnded(roomOf('a'));
    await receiver.received(3 + 1);
    await sfu.engine.close();
    expect(sfu.engine.status().webhooks).toEqual({ queued: 0, sent: 0, failed: 2, dropped: 0, retries: 2 });
  });
});

describe('WEBHOOK events', () => {
  test('come for what was sent, what failed and what was dropped', async () => {
    const { reply, release } = heldBack();
    const byPath: Record<string, Reply> = {
      '/good': replies.status(200),
      '/bad': replies.status(403),
      '/held': reply,
    };
    const receiver = await startReceiver(({ path }) => byPath[path]!);
    const url = (path: string): string => receiver.url(path);
    const { sfu, told } = await startSending([url('/good'), url('/bad'), url('/held')], {
      maxQueuePerKey: 1,
    });
    await using _ = sfu;
    // Each waits until the two that answer have: only at the third do two wait for one place.
    for (const [step, outcomes] of [2, 4, 7].entries()) {
      await playStep(sfu.engine, step, ['a']);
      await vi.waitFor(() => expect(processed(told)).toHaveLength(outcomes), 10_000);
    }
    release();
    await vi.waitFor(() => expect(processed(told)).toHaveLength(9), 10_000);

    const reports = processed(told);
    const outcomesAt = (path: string): unknown[] =>
      reports
        .filter(({ info }) => info.url === url(path))
        .map(({ info }) => [info.event, info.httpStatusCode, info.isDropped, info.numDropped]);
    const names = SESSION.slice(0, 3);
    expect(outcomesAt('/good')).toEqual(names.map((name) => [name, 200, false, 0]));
    expect(outcomesAt('/bad')).toEqual(names.map((name, lost) => [name, 403, false, lost]));
    expect(outcomesAt('/held')).toEqual([
      ['track_published', 0, true, 0],
      ['room_started', 200, false, 0],
      ['participant_joined', 200, false, 1],
    ]);
    const ids = new Set(
      told.flatMap(({ kind, message }) => (kind === 'webhook' ? [(message as { id: string }).id] : [])),
    );
    for (const { event, info } of reports) {
      expect(event).toMatchObject({ type: AnalyticsEventType.WEBHOOK, roomId: 'RM_a', nodeId: 'ND_test' });
      expect(info).toMatchObject({ roomName: 'a', roomId: 'RM_a' });
      expect(ids).toContain(info.eventId);
      expect(info.sendError === '').toBe(info.httpStatusCode === 200 || info.isDropped);
    }
    expect(new Set(reports.map(({ event }) => event.id)).size).toBe(9);
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
  });
});

describe('close', () => {
  test('reports by URL and key what was left, within its deadline, and drops it', async () => {
    const good = await startReceiver();
    const hanging = await startReceiver(() => replies.hangs());
    const { sfu, told } = await startSending([good.url(), hanging.url()]);
    await playSessions(sfu.engine, ['a']);
    await playStep(sfu.engine, 0, ['b']);
    await playStep(sfu.engine, 4, ['b']);
    await Promise.all([good.received(7), hanging.received(2)]);
    const before = performance.now();
    const { complete, webhooksLeft } = await sfu.engine.close({ deadlineMs: 300 });
    // A request would time out after 10 s.
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(complete).toBe(false);
    expect(webhooksLeft).toEqual([
      { url: hanging.url(), key: 'a', count: 5 },
      { url: hanging.url(), key: 'b', count: 2 },
    ]);
    expect(sfu.engine.status().webhooks).toEqual({ queued: 0, sent: 7, failed: 0, dropped: 7, retries: 0 });
    const left = processed(told).filter(({ info }) => info.url === hanging.url());
    expect(left.map(({ info }) => info.isDropped)).toEqual(Array(7).fill(true));
  });

  test('waits for what is under way, and then has nothing to report', async () => {
    const { reply, release } = heldBack();
    const receiver = await startReceiver(() => reply);
    const { sfu } = await startSending([receiver.url()]);
    await playSessions(sfu.engine, ['a']);
    await receiver.received(1);
    const closing = sfu.engine.close();
    release();
    expect(await closing).toMatchObject({ complete: true, webhooksLeft: [] });
    expect(receiver.eventsOf('a').map(({ event }) => event)).toEqual(SESSION);
    await receiver.disconnected();
  });
});
