import { AnalyticsEventType, ParticipantInfo } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { RecordResult } from '../../dist/src/index.js';
import {
  ALICE,
  BALANCED,
  balance,
  type EngineUnderTest,
  ROOM,
  recordPackets,
  startEngine,
} from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { Listener } from '../helpers/telemetry-listener.js';
import { MortalTimer } from '../helpers/thread-drill.js';

// What the host knows of rooms is bounded by numbers far beyond what a test can reach: here they are small. Rooms
// are filled in fuzz-calls.test.ts.

const { RECORDED, UNATTRIBUTED } = RecordResult;
const REGISTRY = 'src/engine/registry.js';
const HOLDS = 50;
const MADE = 10 * HOLDS;

const [PARTICIPANTS, TRACKS]: Change[] = [
  { file: REGISTRY, from: 'participants: 1_048_576', to: `participants: ${HOLDS}` },
  { file: REGISTRY, from: 'tracks: 4_194_304', to: `tracks: ${HOLDS}` },
] as const;

/** Forgets who has left. */
async function reap({ engine }: EngineUnderTest): Promise<void> {
  await engine.advanceTo(300_000);
}

async function fillParticipants(...mistakes: readonly Change[]): Promise<void> {
  using small = new Mutant([PARTICIPANTS!, ...mistakes]);
  await using sfu = await startEngine({ capacity: { tracks: MADE } }, await small.engineClass());
  const { engine } = sfu;
  const refused = (): number => engine.status().drops['refused.participants'] ?? 0;
  const sids = Array.from({ length: MADE }, (_, n) => `PA_${n}`);
  for (const sid of sids) sfu.join(sid);
  expect(refused()).toBe(MADE - HOLDS);
  // Whoever is known may be said to be as often as one likes.
  for (const participant of sids.slice(0, HOLDS)) engine.participantActive({ room: ROOM, participant });
  expect(refused()).toBe(MADE - HOLDS);
  const results = sids.map((participant) => recordPackets(sfu.openTrack('TR', { participant }), 1));
  expect(results).toEqual(sids.map((_, n) => (n < HOLDS ? RECORDED : UNATTRIBUTED)));
  expect(await sfu.flush()).toHaveLength(HOLDS);
  expect(engine.status()).toMatchObject({
    participants: HOLDS,
    drops: { unattributedAtDoor: MADE - HOLDS },
  });
  expect(balance(await engine.audit())).toEqual(BALANCED);

  for (const sid of sids.slice(0, 20)) sfu.leave(sid);
  await reap(sfu);
  for (let n = 0; n < 200; n++) sfu.join(`PA_later_${n}`);
  await engine.flush();
  expect([engine.status().participants, refused()]).toEqual([HOLDS, MADE - HOLDS + 180]);
}

async function fillTracks(...mistakes: readonly Change[]): Promise<void> {
  using small = new Mutant([TRACKS!, ...mistakes]);
  await using listener = await Listener.start({}, await small.engineClass());
  const { engine, sfu } = listener;
  const refused = (): number => engine.status().drops['refused.tracks'] ?? 0;
  const publish = async (from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n++) {
      engine.trackPublished({ room: ROOM, participant: ALICE, track: `TR_${n}` });
      // What the timer thread has not taken counts as a track, whatever it is.
      if (n % 20 === 19) await listener.settle();
    }
  };
  sfu.join();
  await listener.settle();
  await publish(0, MADE);
  expect(refused()).toBe(MADE - HOLDS);
  for (let n = 0; n < MADE; n++) {
    engine.trackMuted({ room: ROOM, participant: ALICE, track: `TR_${n}` });
    if (n < 20) engine.trackUnpublished({ room: ROOM, participant: ALICE, track: `TR_${n}` });
  }
  await listener.settle();
  await publish(MADE, 200);
  expect(refused()).toBe(MADE - HOLDS + 180);
  await listener.settle();
  const told = (type: AnalyticsEventType) =>
    listener.events.filter((event) => event.type === type).map(({ trackId }) => trackId);
  const known = [...Array(HOLDS).keys(), ...Array.from({ length: 20 }, (_, n) => MADE + n)];
  expect(told(AnalyticsEventType.TRACK_PUBLISHED)).toEqual(known.map((n) => `TR_${n}`));
  expect(told(AnalyticsEventType.TRACK_MUTED), 'calls that make nothing known go on').toHaveLength(MADE);
}

/** Bytes of what calls say that the host keeps for a timer thread that starts anew. */
const KEPT_BYTES = 2 ** 17;

async function fillKept(...mistakes: readonly Change[]): Promise<void> {
  using small = new Mutant([
    { file: REGISTRY, from: 'bytes: 2 ** 28', to: `bytes: ${KEPT_BYTES}` },
    ...mistakes,
  ]);
  using timer = new MortalTimer(small.url);
  await using listener = await Listener.start(
    { threadsUrl: timer.url, capacity: { tracks: 256 } },
    await small.engineClass(),
  );
  const { engine, sfu } = listener;
  const metadata = 'x'.repeat(10_000);
  const bytes = new ParticipantInfo({ sid: 'PA_100', metadata }).toBinary().length;
  const holds = Math.floor(KEPT_BYTES / bytes);
  const made = 10 * holds;
  const sids = Array.from({ length: made }, (_, n) => `PA_${100 + n}`);
  for (const sid of sids) engine.participantJoined({ room: ROOM, participant: { sid, metadata } });
  await listener.settle();
  // What the timer thread has taken is put away with the next call.
  engine.roomStarted(ROOM);
  expect(engine.status().drops.callsStripped ?? 0).toBe(made - holds);
  expect(engine.status().participants).toBe(made);

  // The next timer thread knows them all, and of the first ones what was said.
  await timer.kill({ at: 'once' });
  const recorders = sids.map((participant) => sfu.openTrack('TR', { participant }));
  for (const recorder of recorders) expect(recordPackets(recorder, 1)).toBe(RECORDED);
  for (const sid of sids) sfu.leave(sid);
  await listener.settle();
  expect(engine.status().threads.timerRestarts).toBe(1);
  expect(sfu.rows).toHaveLength(made);
  const left = listener.events.filter(
    ({ type }) => type === AnalyticsEventType.PARTICIPANT_CONNECTION_ABORTED,
  );
  expect(left.map(({ participant }) => participant?.metadata.length)).toEqual(
    sids.map((_, n) => (n < holds ? metadata.length : 0)),
  );
  expect(balance(await engine.audit())).toEqual(BALANCED);

  await reap(sfu);
  for (const sid of sids.slice(0, holds)) {
    engine.participantJoined({ room: ROOM, participant: { sid, metadata } });
  }
  await listener.settle();
  engine.roomStarted(ROOM);
  expect(engine.status().drops.callsStripped, 'there is room again').toBe(made - holds);
}

test('participants: nine times as many more are refused; those known go on, and whoever is forgotten makes room', async () => {
  await fillParticipants();
});

test('tracks: nine times as many more are refused; those known go on, and what ends makes room', async () => {
  await fillTracks();
});

test('what calls say, ten times as much as is kept: the names of the rest are, and what is forgotten makes room', async () => {
  await fillKept();
});

describe('the control shows it where', () => {
  const controls: readonly [string, (change: Change) => Promise<void>, Change, RegExp][] = [
    [
      'participants who are forgotten still count',
      fillParticipants,
      { file: REGISTRY, from: 'known ? 1 : -1;', to: 'known ? 1 : 0;' },
      /^expected \[ 30, 650 \] to deeply equal \[ 50, 630 \]/,
    ],
    [
      'tracks that are known are refused, too',
      fillTracks,
      { file: REGISTRY, from: 'full && this.#known.tracks.adds(call)', to: 'full' },
      /^expected 1\d+ to be 630/,
    ],
    [
      'tracks that ended still count',
      fillTracks,
      {
        file: 'src/engine/known-tracks.js',
        from: "if (call.call === 'trackUnpublished' && (call.wasPublishedLocally ?? true))",
        to: 'if (false)',
      },
      /^expected 650 to be 630/,
    ],
    [
      'everything is kept',
      fillKept,
      {
        file: 'src/engine/kept-frames.js',
        from: 'this.bytes + bytes <= this.#maxBytes',
        to: 'true',
      },
      /^expected \+?0 to be 117/,
    ],
    [
      'what is forgotten is still weighed',
      fillKept,
      { file: 'src/engine/kept-frames.js', from: 'this.bytes -= bytesOf(frame);', to: '{}' },
      /^there is room again: /,
    ],
  ];
  test.each(controls)('%s', async (_, fill, change, error) => {
    await expect(fill(change)).rejects.toThrow(error);
  });
});
