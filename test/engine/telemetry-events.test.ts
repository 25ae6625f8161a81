import {
  AnalyticsEvent,
  AnalyticsEventType,
  AnalyticsNodeRooms,
  ParticipantInfo,
  Room,
  WebhookEvent,
} from '@livekit/protocol';
import { describe, expect, test, vi } from 'vitest';
import type { StatsEngine, TelemetryEvent } from '../../dist/src/index.js';
import { ErrorCode } from '../../dist/src/index.js';
import {
  ALICE,
  type EngineUnderTest,
  ROOM,
  recordPackets,
  START_MS,
  startEngine,
} from '../helpers/engine.js';
import { Listener, nameOf } from '../helpers/telemetry-listener.js';
import { MortalTimer } from '../helpers/thread-drill.js';

const WHO = { room: ROOM, participant: ALICE };

describe('a small session', () => {
  test('is told in order, each flush after what happened before it', async () => {
    await using sfu = await startEngine();
    const told: string[] = [];
    sfu.engine.onTelemetry((event) => told.push(`${event.engineMs} ${event.seq} ${nameOf(event)}`));
    sfu.engine.onSnapshot(({ engineMs, count }) => told.push(`${engineMs} snapshot of ${count}`));
    sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
    await sfu.engine.advanceTo(1_000);
    sfu.engine.participantJoined({ room: ROOM, participant: { sid: ALICE, identity: 'alice' } });
    await sfu.engine.advanceTo(2_000);
    sfu.engine.participantActive(WHO);
    const recorder = sfu.openTrack('TR');
    recordPackets(recorder, 1);
    await sfu.engine.advanceTo(30_000);
    sfu.engine.trackPublished({ ...WHO, track: 'TR' });
    sfu.engine.nodeRooms({ nodeId: 'ND' });
    recordPackets(recorder, 1);
    await sfu.engine.flush();
    await sfu.engine.advanceTo(45_000);
    recordPackets(recorder, 1);
    sfu.engine.participantLeft(WHO);
    sfu.engine.roomEnded(ROOM);
    await sfu.engine.advanceTo(60_000);
    expect(told).toEqual([
      '0 1 room_started',
      '0 2 ROOM_CREATED',
      '1000 3 PARTICIPANT_JOINED',
      '2000 4 participant_joined',
      '2000 5 PARTICIPANT_ACTIVE',
      '30000 snapshot of 1',
      '30000 6 track_published',
      '30000 7 TRACK_PUBLISHED',
      '30000 0 node rooms',
      '30000 snapshot of 1',
      '45000 8 participant_left',
      '45000 9 PARTICIPANT_LEFT',
      '45000 10 room_finished',
      '45000 11 ROOM_ENDED',
      '60000 snapshot of 1',
    ]);
  });

  test('is stamped with node, key, the time of the calls, and ids that repeat', async () => {
    const ids: string[][] = [];
    for (let run = 0; run < 2; run++) {
      await using listener = await Listener.start({ nodeId: 'ND_7', analyticsKey: 'key', seed: 'same' });
      const { sfu, told } = listener;
      await sfu.engine.advanceTo(1_500);
      sfu.engine.participantActive({ room: { sid: ROOM, name: 'standup' }, participant: ALICE });
      await sfu.engine.flush();
      const [webhook, event] = told.map(({ message }) => message) as [WebhookEvent, AnalyticsEvent];
      expect(webhook.createdAt).toBe(BigInt(START_MS / 1_000 + 1));
      expect(event).toMatchObject({ nodeId: 'ND_7', analyticsKey: 'key', roomId: ROOM });
      expect(event.timestamp?.toDate()).toEqual(new Date(START_MS + 1_500));
      expect(told.map(({ timeMs, engineMs }) => [timeMs, engineMs])).toEqual([
        [START_MS + 1_500, 1_500],
        [START_MS + 1_500, 1_500],
      ]);
      ids.push([webhook.id, event.id]);
    }
    expect(ids[0]).toEqual(ids[1]);
  });

  test('still names room and people two minutes after they left, and forgets them with the reap', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    const track = { sid: 'TR', name: 'camera' };
    sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
    sfu.engine.participantActive({ room: ROOM, participant: { sid: ALICE, identity: 'alice' } });
    sfu.engine.trackPublished({ ...WHO, track });
    sfu.leave();
    sfu.engine.roomEnded(ROOM);
    const from = told.length;
    for (const at of [120_000, 210_000]) {
      await sfu.engine.advanceTo(at);
      sfu.engine.trackUnpublished({ ...WHO, track: track.sid });
    }
    await sfu.engine.flush();
    const unpublished = told.slice(from).filter(({ kind, engineMs }) => kind === 'webhook' && engineMs > 0);
    expect(unpublished.map(({ message }) => message)).toMatchObject([
      { room: { name: 'standup' }, participant: { identity: 'alice' }, track: { name: 'camera' } },
      { room: { name: '' }, participant: { identity: '' }, track: { name: '' } },
    ]);
    expect(sfu.engine.status()).toMatchObject({ reaped: 1, lateEvents: 1 });
  });
});

describe('a TelemetryEvent', () => {
  test('is bytes until its message is asked for', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    sfu.engine.roomEnded('RM_ghost');
    sfu.engine.nodeRooms({ nodeId: 'ND', sequenceNumber: 3n });
    await sfu.engine.flush();
    expect(told.map(({ kind }) => kind)).toEqual(['webhook', 'event', 'nodeRooms']);
    const [webhook, event, rooms] = told;
    expect(webhook!.message).toEqual(WebhookEvent.fromBinary(webhook!.bytes));
    expect(webhook!.message).toMatchObject({ event: 'room_finished' });
    expect(event!.message).toEqual(AnalyticsEvent.fromBinary(event!.bytes));
    expect(event!.message).toMatchObject({ type: AnalyticsEventType.ROOM_ENDED });
    expect(rooms!.message).toEqual(AnalyticsNodeRooms.fromBinary(rooms!.bytes));
    expect(rooms!.message).toMatchObject({ nodeId: 'ND', sequenceNumber: 3n });
  });
});

test('names are told as they were given, byte order marks too', async () => {
  await using listener = await Listener.start();
  const { sfu, told } = listener;
  const [identity, metadata, name] = ['\ufeffalice', '\ufeff', '\ufeffstandup'];
  const participant = new ParticipantInfo({ sid: ALICE, identity, metadata });
  sfu.engine.roomStarted(new Room({ sid: ROOM, name }));
  sfu.engine.participantJoined({ room: ROOM, participant });
  sfu.engine.participantActive(WHO);
  recordPackets(sfu.openTrack('TR'), 1);
  expect(await sfu.flush()).toMatchObject([{ roomName: name }]);
  const joined = told.find((event) => nameOf(event) === 'participant_joined');
  expect(joined!.message).toMatchObject({ room: { name }, participant: { identity, metadata } });
  const active = told.find((event) => nameOf(event) === 'PARTICIPANT_ACTIVE');
  expect(active!.message).toMatchObject({ room: { name }, participant: { identity, metadata } });
});

describe('listeners', () => {
  test.each<[string, () => unknown]>([
    [
      'throw',
      () => {
        throw new Error('mine');
      },
    ],
    // A rejection that nobody handles would end the host.
    ['reject', () => Promise.reject(new Error('mine'))],
  ])('that %s are logged, and the others go on', async (_, fail) => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    const after: number[] = [];
    sfu.engine.onTelemetry(fail);
    sfu.engine.onTelemetry(({ seq }) => after.push(seq));
    sfu.engine.roomStarted(ROOM);
    sfu.engine.roomEnded(ROOM);
    await sfu.engine.flush();
    expect(told.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(after).toEqual([1, 2, 3, 4]);
    expect(sfu.logs.filter(({ level }) => level === 'error')).toEqual(
      Array(4).fill({ level: 'error', fields: { error: 'Error: mine' }, message: 'a listener threw' }),
    );
  });

  test('that were stopped hear no more, while others do', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    const heard: number[] = [];
    const stop = sfu.engine.onTelemetry(({ seq }) => heard.push(seq));
    sfu.engine.roomStarted(ROOM);
    await sfu.engine.flush();
    stop();
    sfu.engine.roomEnded(ROOM);
    await sfu.engine.flush();
    expect(heard).toEqual([1, 2]);
    expect(told.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  test('hear of calls by themselves under a real clock', async () => {
    await using sfu = await startEngine({ clock: 'real' });
    const told = new Promise<TelemetryEvent>((resolve) => sfu.engine.onTelemetry(resolve));
    const before = Date.now();
    sfu.engine.roomStarted(ROOM);
    const { timeMs, engineMs, seq } = await told;
    expect(seq).toBe(1);
    // The clock of calls is moved every 50 ms and by the publish tick: it is never ahead.
    expect(timeMs).toBeGreaterThan(before - 5_000);
    expect(timeMs).toBeLessThanOrEqual(Date.now() + 1);
    expect(engineMs).toBeGreaterThanOrEqual(0);
  });

  test('cannot be added to an engine that was closed, nor can it be called', async () => {
    const sfu = await startEngine();
    await sfu.engine.close();
    const closed = expect.objectContaining({ code: ErrorCode.CLOSED });
    expect(() => sfu.engine.onTelemetry(() => {})).toThrow(closed);
    expect(() => sfu.engine.roomStarted(ROOM)).toThrow(closed);
    expect(() => sfu.engine.trackMuted({ ...WHO, track: 'TR' })).toThrow(closed);
  });
});

describe('a timer thread that dies', () => {
  test('has what was called meanwhile told by the next one: once each, with the ids it would have had', async () => {
    const tell = async (dies: boolean): Promise<string[]> => {
      using timer = new MortalTimer();
      await using listener = await Listener.start({ threadsUrl: timer.url });
      const { engine } = listener;
      engine.roomStarted({ sid: ROOM, name: 'standup' });
      engine.participantJoined({ room: ROOM, participant: { sid: ALICE, identity: 'alice' } });
      await engine.flush();
      if (dies) {
        await timer.kill({ at: 'once' });
        await vi.waitUntil(() => engine.status().threads.timerRestarts === 1, { interval: 1 });
      }
      engine.participantActive(WHO);
      engine.participantLeft(WHO);
      engine.roomEnded(ROOM);
      await engine.flush();
      return listener.told.map(({ message }) => message.toJsonString());
    };
    const undisturbed = await tell(false);
    expect(undisturbed).toHaveLength(9);
    expect(await tell(true)).toEqual(undisturbed);
  });

  test('with a call in its hands does not have the next one take it again', async () => {
    using timer = new MortalTimer();
    await using listener = await Listener.start({ threadsUrl: timer.url });
    const { engine, sfu } = listener;
    engine.participantActive(WHO);
    await engine.flush();
    // Its next store is the one that gives back the call's room in the ring.
    await timer.kill({ at: 'store', n: 0 });
    engine.participantLeft(WHO);
    await vi.waitUntil(() => engine.status().threads.timerRestarts === 1, { interval: 1 });
    await engine.flush();
    expect(engine.status()).toMatchObject({ participants: 0, drops: { leavesIgnored: 0 } });
    expect(sfu.logged('warn'), 'left again would be impossible').toEqual([]);
  });
});

describe('an impossible call', () => {
  test('is counted, and logged once', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    sfu.leave();
    sfu.leave('PA_bob');
    await sfu.engine.flush();
    expect(told).toEqual([]);
    expect(sfu.engine.status().drops.leavesIgnored).toBe(2);
    expect(sfu.logs).toEqual([
      {
        level: 'warn',
        fields: { call: 'participantLeft' },
        message: 'a call was impossible; further ones are counted',
      },
    ]);
  });
});

describe('stats workers', () => {
  /** A few rooms in which people come and go while tracks are recorded; workers are killed on the way. */
  async function play(sfu: EngineUnderTest, kill: (engine: StatsEngine) => Promise<number>): Promise<number> {
    const { engine } = sfu;
    let killed = 0;
    for (let n = 0; n < 12; n++) {
      const who = { room: `RM_${n % 3}`, participant: `PA_${n % 5}` };
      engine.roomStarted({ sid: who.room, name: `room ${n}` });
      engine.participantActive(who);
      const recorder = engine.openTrackRecorder({ ...who, track: `TR_${n}`, direction: 0 });
      for (let k = 0; k < 50; k++) recordPackets(recorder, k, 4);
      killed += await kill(engine);
      engine.trackPublished({ ...who, track: `TR_${n}` });
      await engine.advanceTo(7_000 * (n + 1));
      engine.participantLeft(who);
      if (n % 4 === 3) engine.roomEnded(who.room);
    }
    await engine.flush();
    return killed;
  }

  const said = (told: readonly TelemetryEvent[]): unknown[] =>
    told.map(({ kind, seq, engineMs, bytes }) => [
      kind,
      seq,
      engineMs,
      Buffer.from(bytes).toString('base64'),
    ]);

  test('that are killed meanwhile, and any number of them, change not a byte of what is told', async () => {
    await using undisturbed = await Listener.start();
    await play(undisturbed.sfu, async () => 0);
    await using disturbed = await Listener.start({ shards: 2 });
    let turn = 0;
    const killed = await play(disturbed.sfu, async (engine) =>
      Number(await engine.terminateStatsWorker(turn++ % 2)),
    );
    expect(killed, 'or this has shown nothing').toBeGreaterThan(3);
    expect(said(undisturbed.told).length).toBeGreaterThan(60);
    expect(said(disturbed.told)).toEqual(said(undisturbed.told));
  });
});
