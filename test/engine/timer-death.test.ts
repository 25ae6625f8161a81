import { describe, expect, test, vi } from 'vitest';
import { Direction, RecordResult, type Snapshot, type TrackWindow } from '../../dist/src/index.js';
import {
  ALICE,
  BALANCED,
  balance,
  type EngineUnderTest,
  ROOM,
  recordPackets,
  START_MS,
  startEngine,
} from '../helpers/engine.js';
import { RemoteRecorder } from '../helpers/remote-recorder.js';
import { type Death, MortalTimer } from '../helpers/thread-drill.js';

const { UPSTREAM } = Direction;
const WHO = { room: ROOM, participant: ALICE };
const restarts = ({ engine }: EngineUnderTest): number => engine.status().threads.timerRestarts;

/** Kills the timer thread and waits for the next one. */
async function killTimer(
  sfu: EngineUnderTest,
  timer: MortalTimer,
  death: Death = { at: 'once' },
): Promise<void> {
  const before = restarts(sfu);
  await timer.kill(death);
  await vi.waitUntil(() => restarts(sfu) > before && sfu.engine.status().threads.timer === 'running', {
    timeout: 10_000,
    interval: 5,
  });
}

/**
 * The rows of all snapshots, each stat once. A thread that dies before it gave a window back has the next one
 * report it again: then it must be the same stat, by its id.
 */
function rowsWithoutRepeats(snapshots: readonly Snapshot[]): TrackWindow[] {
  const byId = new Map<string, { readonly json: string; readonly row: TrackWindow }>();
  for (const { stats, tracks } of snapshots) {
    stats.forEach((stat, n) => {
      const first = byId.get(stat.id);
      if (first === undefined) byId.set(stat.id, { json: stat.toJsonString(), row: tracks[n]! });
      else expect(stat.toJsonString()).toBe(first.json);
    });
  }
  return [...byId.values()].map(({ row }) => row);
}

const packetsOf = (rows: readonly TrackWindow[]): number =>
  rows.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0);

describe('when the timer thread dies', () => {
  test('another takes over: who is known, whose the slots are, mimes, names, the numbers of flushes', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
    sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
    sfu.join();
    const recorder = sfu.openTrack('TR');
    const data = sfu.engine.openDataRecorder(WHO);
    recorder.recordDelta({ mimeType: 'video/VP8', streams: [{ ssrc: 9, primaryPackets: 1 }] });
    await sfu.engine.advanceTo(30_000);

    await killTimer(sfu, timer);
    expect(sfu.logs.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ fields: { reason: 'exit code 1', restartInMs: 50 } }),
    ]);
    recorder.recordDelta({ mimeType: 'video/VP8', streams: [{ ssrc: 9, primaryPackets: 20 }] });
    data.addBytes(UPSTREAM, 7);
    await sfu.engine.advanceTo(60_000);
    expect(sfu.snapshots.map(({ flush, timeMs }) => [flush, timeMs - START_MS])).toEqual([
      [1, 30_000],
      [2, 60_000],
    ]);
    expect(sfu.snapshots[1]!.tracks).toMatchObject([
      { trackSid: 'TR', roomName: 'standup', mimeType: 'video/VP8', primaryPackets: 20 },
      { trackSid: `TR_DT${ALICE}`, roomName: 'standup', primaryBytes: 7 },
    ]);
    expect(sfu.engine.status()).toMatchObject({ verdict: 'ok', participants: 1, rooms: 1 });
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('what is called and recorded meanwhile waits for the next', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    await timer.kill({ at: 'once' });
    await vi.waitUntil(() => sfu.engine.status().threads.timer === 'starting', {
      timeout: 10_000,
      interval: 1,
    });
    expect(sfu.engine.status().verdict).toContain('the timer thread is starting (exit code 1)');
    sfu.join();
    expect(recordPackets(sfu.openTrack('TR'), 5)).toBe(RecordResult.RECORDED);
    expect(await sfu.flush()).toMatchObject([{ primaryPackets: 5 }]);
  });

  test('somebody who had left is still reaped when their time is over', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    const participant = { sid: ALICE, identity: 'alice' };
    sfu.engine.participantJoined({ room: ROOM, participant });
    sfu.join('PA_bob');
    await sfu.engine.advanceTo(10_000);
    sfu.leave();
    await sfu.flush();
    await killTimer(sfu, timer);
    await sfu.engine.advanceTo(180_000);
    expect(sfu.engine.status()).toMatchObject({ reaped: 0, participants: 1 });
    await sfu.engine.advanceTo(210_000);
    const reaps = sfu.logs.filter(({ message }) => message === 'participant reaped');
    expect(reaps.map(({ fields }) => [fields.identity, fields.closedForMs])).toEqual([['alice', 200_000]]);
  });

  test('the latest name of a room is remembered, however it was said', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    sfu.engine.roomStarted({ sid: ROOM, name: 'first' });
    sfu.join();
    const track = { participant: ALICE, track: 'TR', direction: UPSTREAM };
    const recorder = sfu.engine.openTrackRecorder({ room: { sid: ROOM, name: 'second' }, ...track });
    sfu.engine.updateRoom({ sid: ROOM, name: 'third' });
    recordPackets(recorder, 1);
    expect(await sfu.flush()).toMatchObject([{ roomName: 'third' }]);
    await killTimer(sfu, timer);
    recordPackets(recorder, 1);
    expect(await sfu.flush()).toMatchObject([{ roomName: 'third' }]);
  });

  test('counts of what went wrong go on from where they were', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    sfu.join();
    sfu.leave();
    sfu.leave();
    sfu.leave('PA_nobody');
    await sfu.flush();
    expect(sfu.engine.status().drops.leavesIgnored).toBe(2);
    await killTimer(sfu, timer);
    sfu.leave('PA_nobody');
    await sfu.flush();
    expect(sfu.engine.status().drops.leavesIgnored).toBe(3);
  });

  test('other threads’ tracks and mimes are known to the next, too', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ ports: 1, publishIntervalMs: 10, threadsUrl: timer.url });
    await using thread = new RemoteRecorder(sfu.engine.port());
    sfu.join();
    const track = await thread.tell('openTrack', { ...WHO, track: 'TR', direction: UPSTREAM });
    const sample = { mimeType: 'video/VP8', streams: [{ primaryPackets: 4 }] };
    await thread.tell('recordDeltas', track, [sample]);
    await thread.tell('publish');
    expect(await sfu.flush()).toMatchObject([{ primaryPackets: 4, mimeType: 'video/VP8' }]);
    await killTimer(sfu, timer);
    await thread.tell('recordDeltas', track, [sample]);
    await thread.tell('publish');
    expect(await sfu.flush()).toMatchObject([{ primaryPackets: 4, mimeType: 'video/VP8' }]);
  });

  test('each death is logged with its own reason', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    await killTimer(sfu, timer, { at: 'error' });
    await killTimer(sfu, timer);
    const reasons = sfu.logs.flatMap(({ fields }) => ('restartInMs' in fields ? [fields.reason] : []));
    expect(reasons).toEqual(['Error: a drill', 'exit code 1']);
  });

  test('close still reports everything', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    sfu.join();
    recordPackets(sfu.openTrack('TR'), 5);
    await timer.kill({ at: 'once' });
    await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 1 });
    expect(await sfu.engine.close()).toMatchObject({ complete: true, left: { samples: 0 } });
    expect(sfu.rows).toMatchObject([{ primaryPackets: 5 }]);
  });
});

describe('wherever in a flush it dies, the window is reported, and counted once', () => {
  const deaths: Death[] = [0, 1, 2, 3, 4, 5].map((n) => ({ at: 'store', n }));
  deaths.push({ at: 'posted', kind: 'snapshot' }, { at: 'posted', kind: 'answer' });

  test.each(deaths)('%o', async (death) => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ shards: 2, capacity: { tracks: 8 }, threadsUrl: timer.url });
    sfu.join();
    const tracks = [1, 2, 3].map((n) => sfu.openTrack(`TR_${n}`));
    for (const recorder of tracks) recordPackets(recorder, 10, 4);
    await sfu.engine.flush();
    for (const recorder of tracks) recordPackets(recorder, 100, 3);
    tracks[0]!.close();
    await timer.kill(death);
    // Taken to its grave by one thread, answered by the next.
    await sfu.engine.flush();
    await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 5 });
    for (const recorder of tracks.slice(1)) recordPackets(recorder, 1_000, 2);
    await sfu.engine.flush();
    const rows = rowsWithoutRepeats(sfu.snapshots);
    expect(packetsOf(rows)).toBe(3 * 110 + 2 * 1_000);
    expect(rows.reduce((sum, { scores }) => sum + scores, 0)).toBe(8);
    const audit = await sfu.engine.audit();
    expect(audit.reported.UPSTREAM).toMatchObject({ samples: 8, packets: 2_330 });
    expect(balance(audit)).toEqual(BALANCED);
    // The closed track's slot is free: its window was taken, whoever took it.
    const open = ['TR_a', 'TR_b', 'TR_c', 'TR_d', 'TR_e', 'TR_f'].map((track) => sfu.openTrack(track));
    expect(open).toHaveLength(6);
  });
});

test('requests of every kind that a thread took to its grave are answered by the next', async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ threadsUrl: timer.url });
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 5);
  await timer.kill({ at: 'posted', kind: 'answer' });
  // The first is answered and takes the thread with it; the others had been sent to that one.
  const [first, second, advanced, audit] = await Promise.all([
    sfu.engine.flush(),
    sfu.engine.flush(),
    sfu.engine.advanceTo(60_000),
    sfu.engine.audit(),
  ]);
  expect(restarts(sfu)).toBe(1);
  expect(second.flush).toBeGreaterThan(first.flush);
  expect(advanced).toBeUndefined();
  expect(balance(audit)).toEqual(BALANCED);
  expect(await sfu.engine.flush()).toMatchObject({ timeMs: START_MS + 60_000 });
  expect(packetsOf(rowsWithoutRepeats(sfu.snapshots))).toBe(5);
});

test.each<Death>([
  { at: 'store', n: 0 },
  { at: 'store', n: 2 },
  { at: 'posted', kind: 'snapshot' },
])('a clock that was being moved reaches its flushes all the same (%o)', async (death) => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ reapAfterMs: 0, threadsUrl: timer.url });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  await sfu.engine.advanceTo(30_000);
  recordPackets(recorder, 5);
  sfu.leave();
  await timer.kill(death);
  await sfu.engine.advanceTo(60_000);
  expect(restarts(sfu)).toBe(1);
  const rows = rowsWithoutRepeats(sfu.snapshots);
  expect(packetsOf(rows), 'advanceTo resolves when the snapshots were handed on').toBe(5);
  expect(sfu.snapshots.at(-1)!.engineMs).toBe(60_000);
  expect(sfu.engine.status().reaped).toBe(1);
});

test('dying again and again costs no byte', async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
  sfu.join();
  const recorders = Array.from({ length: 6 }, (_, n) => sfu.openTrack(`TR_${n}`));
  let packets = 0;
  for (let death = 0; death < 5; death++) {
    for (const [n, recorder] of recorders.entries()) {
      recordPackets(recorder, n + death);
      packets += n + death;
    }
    await timer.kill({ at: 'store', n: death });
    await sfu.engine.flush();
    await vi.waitUntil(() => restarts(sfu) === death + 1, { timeout: 10_000 });
  }
  await sfu.engine.flush();
  expect(packetsOf(rowsWithoutRepeats(sfu.snapshots))).toBe(packets);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  const waits = sfu.logs.flatMap(({ fields }) => ('restartInMs' in fields ? [fields.restartInMs] : []));
  expect(waits, 'each wait is twice the one before').toEqual([50, 100, 200, 400, 800]);
});
