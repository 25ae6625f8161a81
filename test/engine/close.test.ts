import { expect, test } from 'vitest';
import { Direction, ErrorCode, RecordResult, type StatsEngine } from '../../dist/src/index.js';
import { ALICE, type EngineUnderTest, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { RemoteRecorder } from '../helpers/remote-recorder.js';
import { HeldWorkers } from '../helpers/thread-drill.js';

const { UPSTREAM } = Direction;
const WHO = { room: ROOM, participant: ALICE };
const NOTHING_LEFT = { complete: true, left: { samples: 0, messages: 0, packets: 0, bytes: 0 } };

test('close reports what was recorded, says that nothing is left, and ends the threads', async () => {
  await using sfu = await startEngine({ shards: 2 });
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 5);
  sfu.engine.openDataRecorder(WHO).addBytes(UPSTREAM, 7);
  expect(await sfu.engine.close()).toMatchObject(NOTHING_LEFT);
  expect(sfu.rows).toMatchObject([{ primaryPackets: 5 }, { primaryBytes: 7 }]);
  expect(sfu.snapshots).toHaveLength(1);
  expect(sfu.engine.status()).toMatchObject({ state: 'closed', verdict: 'closed' });
  expect(sfu.engine.status().threads.statsWorkers).toEqual([0, 0]);
});

test('the last snapshot is one, in order, whatever the shards its rows come from', async () => {
  for (let run = 0; run < 5; run++) {
    await using sfu = await startEngine({ shards: 4 });
    sfu.join();
    for (const track of ['TR_d', 'TR_c', 'TR_b', 'TR_a', 'TR_a']) recordPackets(sfu.openTrack(track), 1);
    await sfu.engine.close();
    expect(
      sfu.snapshots.map(({ tracks }) => tracks.map(({ trackSid, samples }) => [trackSid, samples])),
    ).toEqual([
      [
        ['TR_a', 2],
        ['TR_b', 1],
        ['TR_c', 1],
        ['TR_d', 1],
      ],
    ]);
  }
});

test('close while a flush runs reports each window once', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recordPackets(recorder, 5);
  const flushed = sfu.engine.flush();
  recordPackets(recorder, 70);
  const closed = sfu.engine.close();
  expect(await flushed).toMatchObject({ flush: 1 });
  expect(await closed).toMatchObject(NOTHING_LEFT);
  expect(sfu.rows.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0)).toBe(75);
});

test('closing again, meanwhile or later, gives the first report', async () => {
  await using sfu = await startEngine();
  const first = sfu.engine.close();
  expect(sfu.engine.close({ deadlineMs: 0 })).toBe(first);
  const report = await first;
  expect(await sfu.engine.close()).toBe(report);
  await sfu.engine[Symbol.asyncDispose]();
});

test('await using closes the engine', async () => {
  let engine: StatsEngine;
  let rows: EngineUnderTest['rows'];
  {
    await using sfu = await startEngine();
    engine = sfu.engine;
    sfu.join();
    recordPackets(sfu.openTrack('TR'), 5);
    await using owned = engine;
    await owned[Symbol.asyncDispose]();
    rows = sfu.rows;
  }
  expect(engine.status().state).toBe('closed');
  expect(rows).toMatchObject([{ primaryPackets: 5 }]);
});

test('every call after close is refused by its code, also while the engine is closing', async () => {
  await using sfu = await startEngine({ ports: 1 });
  const { engine } = sfu;
  const calls: Record<string, () => unknown> = {
    roomStarted: () => engine.roomStarted(ROOM),
    roomEnded: () => engine.roomEnded(ROOM),
    updateRoom: () => engine.updateRoom(ROOM),
    updateParticipant: () => engine.updateParticipant(ROOM, ALICE),
    participantJoined: () => engine.participantJoined(WHO),
    participantActive: () => engine.participantActive(WHO),
    participantResumed: () => engine.participantResumed(WHO),
    participantLeft: () => engine.participantLeft(WHO),
    openTrackRecorder: () => sfu.openTrack('TR'),
    openDataRecorder: () => engine.openDataRecorder(WHO),
    openSignalRecorder: () => engine.openSignalRecorder(),
    port: () => engine.port(),
    onSnapshot: () => engine.onSnapshot(() => {}),
    flush: () => engine.flush(),
    advanceTo: () => engine.advanceTo(1e6),
    audit: () => engine.audit(),
    terminateStatsWorker: () => engine.terminateStatsWorker(0),
  };
  const closing = engine.close();
  for (const state of ['closing', 'closed']) {
    for (const [name, call] of Object.entries(calls)) {
      const message = `${name} while ${state}`;
      await expect(async () => call(), message).rejects.toMatchObject({
        code: ErrorCode.CLOSED,
        message: `the engine is ${state}`,
      });
    }
    await closing;
  }
});

test('what is recorded after close is refused, not taken and lost', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const track = sfu.openTrack('TR');
  const data = sfu.engine.openDataRecorder(WHO);
  await sfu.engine.close();
  expect(recordPackets(track, 1)).toBe(RecordResult.CLOSED);
  expect(data.addBytes(UPSTREAM, 1)).toBe(RecordResult.CLOSED);
  expect(sfu.engine.add(data.handle(UPSTREAM), 1)).toBe(RecordResult.CLOSED);
  expect(() => track.close()).not.toThrow();
  expect(() => data.close()).not.toThrow();
});

test('what nobody could be found for is what is left', async () => {
  await using sfu = await startEngine();
  const signal = sfu.engine.openSignalRecorder();
  signal.addBytes(UPSTREAM, 30, 2);
  expect(await sfu.engine.close()).toMatchObject({
    complete: false,
    left: { samples: 1, messages: 2, packets: 0, bytes: 30 },
  });
});

test('what another thread did not publish is what is left', async () => {
  await using sfu = await startEngine({ ports: 1, publishIntervalMs: 60_000 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const track = await thread.tell('openTrack', { ...WHO, track: 'TR', direction: UPSTREAM });
  await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 4, primaryBytes: 40 }] }]);
  expect(await sfu.engine.close()).toMatchObject({
    complete: false,
    left: { samples: 1, messages: 0, packets: 4, bytes: 40 },
  });
});

test('close keeps its deadline when nobody drains a shard, and says in numbers what was left', async () => {
  using workers = new HeldWorkers();
  await using sfu = await startEngine({ threadsUrl: workers.url });
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 5);
  const before = performance.now();
  expect(await sfu.engine.close({ deadlineMs: 200 })).toMatchObject({
    complete: false,
    left: { samples: 1, messages: 0, packets: 5, bytes: 500 },
  });
  expect(performance.now() - before).toBeLessThan(3_000);
  expect(sfu.rows).toEqual([]);
});

test('a request under way when the engine is closed is answered or refused, never left hanging', async () => {
  await using sfu = await startEngine();
  const pending = [sfu.engine.flush(), sfu.engine.audit(), sfu.engine.advanceTo(90_000)];
  await sfu.engine.close();
  for (const result of await Promise.allSettled(pending)) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: ErrorCode.CLOSED });
  }
});
