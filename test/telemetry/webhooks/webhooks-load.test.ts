import { expect, test } from 'vitest';
import { replies } from '../../helpers/receiver.js';
import { DeliveryHarness, forRooms, idsOf, startReceiver } from './delivery-harness.js';
import { reactions } from './scheduler-harness.js';

/** SFU_STATS_LONG_TESTS=1 plays the long form, whose events may wait longer than 30 s. */
const isLong = process.env.SFU_STATS_LONG_TESTS === '1';
const ROOMS = isLong ? 10_000 : 2_000;
const EVENTS = 5;
const takes5Ms = replies.afterMs(5);
const age = isLong ? { maxAgeMs: 3_600_000 } : { maxAgeMs: 30_000 };

/** Notifies of every room's events, a round of all rooms at a time, and resolves when all are settled. */
async function deliver(harness: DeliveryHarness, rooms: number, events: number): Promise<number> {
  const startedAt = performance.now();
  for (let event = 0; event < events; event++) {
    for (let room = 0; room < rooms; room++) harness.notify(`room${room}`);
  }
  await harness.settled(rooms * events);
  return (rooms * events * 1_000) / (performance.now() - startedAt);
}

test(`${ROOMS} rooms with ${EVENTS} events each: order per room holds, nothing is lost`, async () => {
  const receiver = await startReceiver(() => takes5Ms);
  const harness = new DeliveryHarness([receiver.url()], age);
  const perSecond = await deliver(harness, ROOMS, EVENTS);

  const arrived = new Map<string, string[]>();
  for (const { event } of receiver.posts) {
    const name = event.room?.name ?? '';
    arrived.set(name, [...(arrived.get(name) ?? []), event.id]);
  }
  expect(arrived.size).toBe(ROOMS);
  for (const [room, ids] of arrived) expect(ids).toEqual(idsOf(room, EVENTS));
  expect(harness.webhooks.status()).toMatchObject({
    notified: ROOMS * EVENTS,
    sent: ROOMS * EVENTS,
    failed: 0,
    dropped: { full: 0, age: 0, closed: 0 },
    queued: 0,
    inFlight: 0,
  });
  expect(receiver.mostOpen).toBeLessThanOrEqual(50);
  expect(receiver.connections).toBeLessThanOrEqual(50);

  const serial = new DeliveryHarness([receiver.url()], { maxInFlight: 1 });
  const oneAtATime = await deliver(serial, 500, 1);
  console.info(
    `${Math.round(perSecond)} webhooks/s over ${ROOMS * EVENTS}, to a receiver that takes 5 ms; ` +
      `one at a time ${Math.round(oneAtATime)}/s over 500`,
  );
}, 600_000);

test('fifty are under way at once, and no more', async () => {
  let answer: () => void = () => {};
  const allowed = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const receiver = await startReceiver(() => replies.once(allowed));
  const harness = new DeliveryHarness([receiver.url()]);
  for (let room = 0; room < 60; room++) harness.notify(`room${room}`, 2);
  await receiver.received(50);
  expect(receiver.open).toBe(50);
  expect(harness.webhooks.status()).toMatchObject({ inFlight: 50, queued: 70 });
  answer();
  await harness.settled(120);
  expect(receiver.mostOpen).toBe(50);
});

test('a room that hangs delays none of the others', async () => {
  const receiver = await startReceiver(forRooms({ room7: replies.hangs() }, takes5Ms));
  const harness = new DeliveryHarness([receiver.url()]);
  for (let event = 0; event < EVENTS; event++) {
    for (let room = 0; room < 200; room++) harness.notify(`room${room}`);
  }
  await harness.settled(199 * EVENTS);
  expect(receiver.eventsOf('room7')).toHaveLength(1);
  expect(harness.webhooks.status()).toMatchObject({ sent: 199 * EVENTS, inFlight: 1, queued: EVENTS - 1 });
});

test('many rooms that hang leave nine tenths of the places to the others', async () => {
  const hanging = Object.fromEntries(
    Array.from({ length: 50 }, (_, room) => [`slow${room}`, replies.hangs()]),
  );
  const receiver = await startReceiver(forRooms(hanging, takes5Ms));
  const harness = new DeliveryHarness([receiver.url()], {
    requestTimeoutMs: 1_000,
    retries: 100,
    retryMinMs: 0,
    retryMaxMs: 1,
    totalDeadlineMs: 600_000,
  });
  for (const room of Object.keys(hanging)) harness.notify(room);
  // When all have timed out once, no more than five are tried again at a time.
  await receiver.received(50);
  while (harness.webhooks.status().inFlight > 5) await reactions();
  for (let room = 0; room < 100; room++) harness.notify(`quick${room}`, 2);
  await harness.settled(200);
  expect(harness.resultsAt(receiver.url())).toEqual(['sent']);
  expect(harness.webhooks.status()).toMatchObject({ sent: 200 });
  expect(harness.webhooks.status().inFlight).toBeLessThanOrEqual(5);
});
