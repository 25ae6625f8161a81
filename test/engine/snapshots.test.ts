import { AnalyticsStats } from '@livekit/protocol';
import { expect, test } from 'vitest';
import type { SnapshotMessage } from '../../dist/src/engine/messages.js';
import { Snapshot } from '../../dist/src/index.js';
import { ROOM, recordPackets, START_MS, startEngine } from '../helpers/engine.js';

test('every listener hears every snapshot, in order', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const heard: number[] = [];
  sfu.engine.onSnapshot(({ flush, tracks }) => heard.push(flush, ...tracks.map((row) => row.primaryPackets)));
  for (let n = 1; n <= 5; n++) {
    recordPackets(recorder, 10 * n);
    await sfu.engine.advanceTo(30_000 * n);
  }
  expect(heard).toEqual([1, 10, 2, 20, 3, 30, 4, 40, 5, 50]);
  expect(sfu.snapshots.map(({ flush }) => flush)).toEqual([1, 2, 3, 4, 5]);
  expect(sfu.snapshots.map(({ engineMs }) => engineMs)).toEqual([30_000, 60_000, 90_000, 120_000, 150_000]);
  expect(sfu.snapshots.map(({ timeMs }) => timeMs - START_MS)).toEqual(
    sfu.snapshots.map(({ engineMs }) => engineMs),
  );
});

test('a listener that was taken back hears nothing more, the others go on', async () => {
  await using sfu = await startEngine();
  const heard: number[] = [];
  const stop = sfu.engine.onSnapshot(({ flush }) => heard.push(flush));
  await sfu.engine.flush();
  stop();
  stop();
  await sfu.engine.flush();
  expect(heard).toEqual([1]);
  expect(sfu.snapshots.map(({ flush }) => flush)).toEqual([1, 2]);
});

test('a snapshot is on the host’s thread before its flush is answered', async () => {
  await using sfu = await startEngine();
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 1);
  const { flush } = await sfu.engine.flush();
  expect(sfu.snapshots.map((snapshot) => snapshot.flush)).toEqual([flush]);
});

test('nothing is decoded before it is asked for, and the stats once', async () => {
  await using sfu = await startEngine();
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 3);
  await sfu.engine.flush();
  const [snapshot] = sfu.snapshots;
  expect(snapshot!.count).toBe(1);
  expect(snapshot!.stats).toBe(snapshot!.stats);
  expect(AnalyticsStats.fromBinary(snapshot!.bytes).stats).toEqual(snapshot!.stats);

  const message: SnapshotMessage = {
    kind: 'snapshot',
    flush: 7,
    time: 5,
    originEpochMs: 100,
    bytes: Uint8Array.of(0xff),
    rows: new Float64Array(0),
    streams: new Float64Array(0),
  };
  const spoilt = new Snapshot(message);
  expect(spoilt).toMatchObject({ flush: 7, engineMs: 5, timeMs: 105, count: 0 });
  expect(() => spoilt.stats, 'only now are the bytes looked at').toThrow();
});

test('the rows of a snapshot stay what they were, whatever comes after it', async () => {
  await using sfu = await startEngine({ capacity: { tracks: 2 } });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recorder.record({ score: 4, streams: [{ ssrc: 1, primaryPackets: 3, layers: [{ layer: 1, bytes: 8 }] }] });
  await sfu.engine.flush();
  const before = structuredClone(sfu.snapshots[0]!.tracks);
  recorder.close();
  for (let n = 0; n < 12; n++) {
    const other = sfu.openTrack(`TR_${n}`);
    other.record({ score: 1, streams: [{ ssrc: 2, primaryPackets: 9, layers: [{ layer: 0, bytes: 1 }] }] });
    other.close();
    await sfu.engine.flush();
  }
  expect(sfu.snapshots[0]!.tracks).toEqual(before);
});

test('a listener that throws is logged; the others, and later snapshots, are not hurt', async () => {
  await using sfu = await startEngine();
  const heard: number[] = [];
  sfu.engine.onSnapshot(() => {
    throw new Error('out of disk');
  });
  sfu.engine.onSnapshot(({ flush }) => heard.push(flush));
  await sfu.engine.flush();
  await sfu.engine.flush();
  expect(heard).toEqual([1, 2]);
  expect(sfu.logs.filter(({ level }) => level === 'error')).toEqual([
    expect.objectContaining({ fields: { error: 'Error: out of disk' } }),
    expect.objectContaining({ fields: { error: 'Error: out of disk' } }),
  ]);
  expect(sfu.engine.status().verdict).toBe('ok');
});

test('a host too slow for its snapshots misses some, counted, and catches up', async () => {
  await using sfu = await startEngine({ clock: 'real', reportIntervalMs: 100 });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recordPackets(recorder, 1);
  const dropped = (): number => sfu.engine.status().drops.snapshotsDropped!;
  // This thread is busy and takes no message; what the other threads do is seen in shared memory.
  const deadline = performance.now() + 10_000;
  while (dropped() < 2) expect(performance.now()).toBeLessThan(deadline);
  const missed = dropped();
  const { flush } = await sfu.engine.flush();
  const last = (): number => sfu.snapshots.at(-1)!.flush;
  while (last() <= flush) await sfu.engine.flush();
  const numbers = sfu.snapshots.map((snapshot) => snapshot.flush);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.at(-1)! - numbers.length, 'as many are missing as were counted').toBe(dropped());
  expect(dropped()).toBeGreaterThanOrEqual(missed);
});

test('without a listener nothing is sent to the host, and everything is reported all the same', async () => {
  await using sfu = await startEngine();
  sfu.engine.roomStarted(ROOM);
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const { engine } = sfu;
  const { snapshots } = sfu;
  sfu.stopListening();
  recordPackets(recorder, 4);
  expect(await engine.flush()).toMatchObject({ stats: 1 });
  expect(snapshots).toEqual([]);
  expect((await engine.audit()).reported.UPSTREAM.packets).toBe(4);
  expect(engine.status().drops.snapshotsDropped, 'nobody missed it').toBe(0);
});
