import { describe, expect, test, vi } from 'vitest';
import { Direction, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, START_MS, startEngine } from '../helpers/engine.js';
import { Mutant } from '../helpers/mutant.js';
import { RemoteRecorder } from '../helpers/remote-recorder.js';
import { MortalTimer } from '../helpers/thread-drill.js';
import { killTimer, packetsOf, restarts, rowsWithoutRepeats } from '../helpers/timer-death.js';

const { UPSTREAM } = Direction;
const WHO = { room: ROOM, participant: ALICE };

/** Has the timer thread die, and expects that the next one knows what it knew. */
async function expectKnown(mutant?: Mutant): Promise<void> {
  using timer = new MortalTimer(mutant?.url);
  await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url }, await mutant?.engineClass());
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
  expect(sfu.snapshots[1]!.tracks, 'what it reports').toMatchObject([
    { trackSid: 'TR', roomName: 'standup', mimeType: 'video/VP8', primaryPackets: 20 },
    { trackSid: `TR_DT${ALICE}`, roomName: 'standup', primaryBytes: 7 },
  ]);
  expect(sfu.engine.status()).toMatchObject({ verdict: 'ok', participants: 1, rooms: 1 });
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
}

describe('when the timer thread dies', () => {
  test('another takes over: who is known, whose the slots are, mimes, names, the numbers of flushes', async () => {
    await expectKnown();
  });

  test.each([
    ['the calls', 'calls: this.#registry.calls(', 'calls: [], unused: this.#registry.calls('],
    ['whose the slots are', 'slots: this.#thread.slotFrames()', 'slots: []'],
    ['the mimes', 'mimes: this.#thread.mimes.frames()', 'mimes: []'],
  ])('the control shows it where the next one is not told: %s', async (_, from, to) => {
    using mutant = new Mutant([{ file: 'src/engine/engine.js', from, to }]);
    await expect(expectKnown(mutant)).rejects.toThrow(/^what it reports: /);
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

  test('a name said by a call is not undone by the one another thread’s recorder was opened with before', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ ports: 1, publishIntervalMs: 10, threadsUrl: timer.url });
    await using thread = new RemoteRecorder(sfu.engine.port());
    sfu.engine.roomStarted({ sid: ROOM });
    sfu.join();
    const named = {
      room: { sid: ROOM, name: 'first' },
      participant: ALICE,
      track: 'TR',
      direction: UPSTREAM,
    };
    const track = await thread.tell('openTrack', named);
    const report = async (): Promise<unknown> => {
      await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 4 }] }]);
      await thread.tell('publish');
      return (await sfu.flush()).map(({ roomName }) => roomName);
    };
    expect(await report()).toEqual(['first']);
    sfu.engine.updateRoom({ sid: ROOM, name: 'second' });
    expect(await report()).toEqual(['second']);
    await killTimer(sfu, timer);
    expect(await report()).toEqual(['second']);
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

  test('a call it had taken, and died before it gave the room back, is not taken twice', async () => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ threadsUrl: timer.url });
    sfu.engine.participantJoined({ ...WHO, ref: 'signal' });
    sfu.engine.participantActive({ ...WHO, ref: 'media' });
    await sfu.flush();
    // The next store is the one that gives the room back.
    await timer.kill({ at: 'store', n: 0 });
    sfu.engine.participantLeft({ ...WHO, ref: 'media' });
    await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 5 });
    await sfu.flush();
    expect(sfu.engine.status()).toMatchObject({ participants: 1, drops: { leavesIgnored: 0 } });
    sfu.engine.participantLeft({ ...WHO, ref: 'media' });
    await sfu.flush();
    expect(sfu.engine.status().drops.leavesIgnored, 'left again').toBe(1);
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

/** Closes while the timer thread dies at its n-th store from then on; returns whether it came to that. */
async function closeThroughDeath(n: number): Promise<boolean> {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
  sfu.join();
  for (const recorder of [sfu.openTrack('TR_1'), sfu.openTrack('TR_2')]) recordPackets(recorder, 5);
  await timer.kill({ at: 'store', n });
  const report = await sfu.engine.close({ deadlineMs: 5_000 });
  expect(report, `store ${n}`).toMatchObject({ complete: true, left: { samples: 0 } });
  expect(packetsOf(rowsWithoutRepeats(sfu.snapshots)), `store ${n}`).toBe(10);
  return restarts(sfu) === 1;
}

test('at whichever store of a close it dies, the next begins it anew and ends in good time', async () => {
  let stores = 0;
  while (await closeThroughDeath(stores)) stores++;
  // Of two shards: their stops and requests, the commit, the release of both, the leaves.
  expect(stores).toBeGreaterThan(10);
});
