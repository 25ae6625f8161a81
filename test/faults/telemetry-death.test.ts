import { TrackType } from '@livekit/protocol';
import { describe, expect, test, vi } from 'vitest';
import type { StatsEngine } from '../../dist/src/index.js';
import { ALICE, ROOM } from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { Receiver, replies } from '../helpers/receiver.js';
import { Listener, nameOf } from '../helpers/telemetry-listener.js';
import { type Death, MortalTimer } from '../helpers/thread-drill.js';
import { killTimer, restarts } from '../helpers/timer-death.js';
import { KEY } from '../helpers/webhook-receiver.js';

const WHO = { room: ROOM, participant: ALICE };
const ROUNDS = 12;

/** One round of calls about a few rooms: people come, publish, subscribe, fail and go, some of it out of order. */
function playRound(engine: StatsEngine, round: number): void {
  for (let n = 0; n < 4; n++) {
    const room = { sid: `RM_${n}`, name: `room ${n}, round ${round}` };
    const who = { room: room.sid, participant: `PA_${round % 3}` };
    if (round % 5 === 0) engine.roomStarted(room);
    engine.participantJoined({ ...who, participant: { sid: who.participant, identity: `${n} ${round}` } });
    engine.participantActive({ ...who, isWarp: n === 0 });
    engine.trackPublishRequested({ ...who, track: { sid: `TR_${round}`, type: n % 3, name: `of ${round}` } });
    engine.trackPublished({ ...who, track: `TR_${round}` });
    engine.trackSubscribed({ ...who, participant: `PA_${(round + 1) % 3}`, track: `TR_${round}` });
    engine.trackSubscribeFailed({ ...who, track: `TR_${round - 1}`, error: `error ${round % 4}` });
    engine.trackUnpublished({ ...who, track: `TR_${round - 2}` });
    engine.dataStream(100 * 4 ** n);
    if (round % 2 === 1) engine.participantLeft(who);
    if (round % 5 === 4) engine.roomEnded(room.sid);
  }
}

interface Outcome {
  /** Everything that was told, in order: name, sequence number, and the message with its id. */
  readonly told: unknown[];
  readonly metrics: unknown;
  readonly status: object;
}

type DeathOf = (round: number) => Death | undefined;

/** Plays all rounds; before each, the timer thread may be told where to die. */
async function play(deathOf: DeathOf, mutant?: Mutant): Promise<Outcome & { deaths: number }> {
  using timer = new MortalTimer(mutant?.url);
  await using listener = await Listener.start(
    { threadsUrl: timer.url, reapAfterMs: 60_000 },
    await mutant?.engineClass(),
  );
  const { sfu, engine, told } = listener;
  await engine.audit();
  for (let round = 0; round < ROUNDS; round++) {
    const before = restarts(sfu);
    const death = deathOf(round);
    if (death !== undefined) await timer.kill(death);
    playRound(engine, round);
    // A flush in every round, which reaps; every call is at a time that is the same in all runs.
    await engine.advanceTo(30_000 * (round + 1));
    if (death === undefined) continue;
    await vi.waitUntil(() => restarts(sfu) > before, { timeout: 10_000, interval: 1 });
  }
  await listener.settle();
  const { participants, rooms, reaped, lateEvents, drops } = engine.status();
  return {
    told: told.map((event) => [nameOf(event), event.seq, event.engineMs, event.message.toJson()]),
    metrics: await timer.scrape(),
    status: { participants, rooms, reaped, lateEvents, leavesIgnored: drops.leavesIgnored },
    deaths: restarts(sfu),
  };
}

describe('a run in which the timer thread dies again and again', () => {
  test.each<[string, DeathOf]>([
    ['at any store', (round) => (round % 2 === 0 ? { at: 'store', n: (round / 2) % 5 } : undefined)],
    [
      'when it has told the host, before it commits',
      (round) => (round % 2 === 1 ? { at: 'posted', kind: 'telemetry' } : undefined),
    ],
    ['when it has told of a reap', (round) => (round === 8 ? { at: 'posted', kind: 'reaped' } : undefined)],
    ['at once', (round) => (round % 3 === 1 ? { at: 'once' } : undefined)],
  ])(
    '%s: what is told, numbered, counted and known is as in one without',
    async (_, deathOf) => {
      const expected = await play(() => undefined);
      expect(expected.told.length).toBeGreaterThan(ROUNDS * 4 * 7);
      expect(expected.status).toMatchObject({ participants: expect.any(Number), reaped: expect.any(Number) });
      const { deaths, ...outcome } = await play(deathOf);
      expect(deaths).toBeGreaterThan(0);
      const { deaths: none, ...undisturbed } = expected;
      expect(none).toBe(0);
      expect(outcome).toEqual(undisturbed);
    },
    120_000,
  );

  test.each<[string, Change]>([
    [
      'what the host heard of is not committed for it',
      { file: 'src/engine/engine.js', from: 'this.#telemetry.recover(this.#listeners.lastCommit);', to: '' },
    ],
    [
      'what is committed is not written down before',
      { file: 'src/memory/telemetry-ledger.js', from: 'words[Redo.PAIRS] = pairs;', to: '' },
    ],
  ])('the control tells things twice where %s', async (_, change) => {
    const undisturbed = await play(() => undefined);
    using mutant = new Mutant([change]);
    const { told, deaths } = await play(
      (round) => (round === 1 ? { at: 'posted', kind: 'telemetry' } : undefined),
      mutant,
    );
    expect(deaths).toBe(1);
    expect(told.length).toBeGreaterThan(undisturbed.told.length);
  });
});

describe('a call', () => {
  test.each([0, 1, 2])(
    'that was on its way is told once, wherever it dies (store %i), with the next number',
    async (n) => {
      using timer = new MortalTimer();
      await using listener = await Listener.start({ threadsUrl: timer.url });
      const { sfu, engine, told } = listener;
      engine.roomStarted(ROOM);
      await listener.settle();
      await timer.kill({ at: 'store', n });
      engine.participantActive(WHO);
      engine.trackMuted({ ...WHO, track: 'TR' });
      await listener.settle();
      await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 1 });
      engine.participantLeft(WHO);
      await listener.settle();
      expect(told.map((event) => [event.seq, nameOf(event)])).toEqual([
        [1, 'room_started'],
        [2, 'ROOM_CREATED'],
        [3, 'participant_joined'],
        [4, 'PARTICIPANT_ACTIVE'],
        [5, 'TRACK_MUTED'],
        [6, 'participant_left'],
        [7, 'PARTICIPANT_LEFT'],
      ]);
    },
  );

  test('that repeats one from before the death is not told as news', async () => {
    using timer = new MortalTimer();
    await using listener = await Listener.start({ threadsUrl: timer.url });
    const { sfu, engine, told } = listener;
    engine.participantJoined(WHO);
    await listener.settle();
    await timer.kill({ at: 'once' });
    await vi.waitUntil(() => sfu.engine.status().threads.timer === 'starting', {
      timeout: 10_000,
      interval: 1,
    });
    engine.participantJoined(WHO);
    engine.participantLeft(WHO);
    await listener.settle();
    expect(told.map(nameOf)).toEqual([
      'PARTICIPANT_JOINED',
      'participant_connection_aborted',
      'PARTICIPANT_CONNECTION_ABORTED',
    ]);
  });

  test('about a track by its sid is told with what was known of it, and who published it', async () => {
    using timer = new MortalTimer();
    await using listener = await Listener.start({ threadsUrl: timer.url });
    const { engine, sfu } = listener;
    const track = { sid: 'TR', name: 'camera', type: TrackType.VIDEO };
    engine.participantJoined({ ...WHO, participant: { sid: ALICE, identity: 'alice' } });
    engine.trackPublished({ ...WHO, track });
    await listener.settle();
    await killTimer(sfu, timer);
    engine.trackMuted({ ...WHO, track: 'TR' });
    await listener.settle();
    expect(listener.events.at(-1)).toMatchObject({ track, participant: { identity: 'alice' } });
  });
});

test('webhooks that were queued in a thread that died are dropped, and counted as that', async () => {
  const receiver = await Receiver.start(() => replies.once(new Promise(() => {})));
  try {
    using timer = new MortalTimer();
    const webhooks = { ...KEY, urls: [receiver.url()] };
    await using listener = await Listener.start({ threadsUrl: timer.url, webhooks });
    const { engine, sfu } = listener;
    for (let n = 0; n < 3; n++) engine.roomStarted({ sid: `RM_${n}`, name: `${n}` });
    await listener.settle();
    expect(engine.status().webhooks.queued).toBe(3);
    await killTimer(sfu, timer);
    await listener.settle();
    expect(engine.status().webhooks).toMatchObject({ queued: 0, sent: 0, failed: 0, dropped: 3 });
    const dispatched = (await timer.scrape()).find(({ name }) => name === 'livekit_webhook_dispatch_total')!;
    expect(dispatched.series).toContainEqual({ labels: ['dropped', 'timer_restart'], value: 3 });
  } finally {
    await receiver.close();
  }
});
