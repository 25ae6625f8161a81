import { expect, test, vi } from 'vitest';
import type { Snapshot } from '../../dist/src/index.js';
import { Direction } from '../../dist/src/index.js';
import { ALICE, type EngineUnderTest, ROOM, recordPackets, startEngine } from '../helpers/engine.js';

const INTERVAL_MS = 150;
const REAL = { clock: 'real', reportIntervalMs: INTERVAL_MS, publishIntervalMs: 10 } as const;

/** The next snapshot that has rows. */
function nextReport({ engine }: EngineUnderTest): Promise<Snapshot> {
  return new Promise((resolve) => {
    const stop = engine.onSnapshot((snapshot) => {
      if (snapshot.count === 0) return;
      stop();
      resolve(snapshot);
    });
  });
}

test('what was recorded is reported by itself, at the next multiple of the interval', async () => {
  const before = Date.now();
  await using sfu = await startEngine(REAL);
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
  for (const packets of [3, 70]) {
    const report = nextReport(sfu);
    recordPackets(recorder, packets);
    data.addBytes(Direction.UPSTREAM, packets);
    const { tracks, engineMs, timeMs } = await report;
    expect(tracks).toMatchObject([{ primaryPackets: packets }, { primaryBytes: packets }]);
    expect(engineMs).toBeGreaterThanOrEqual(INTERVAL_MS);
    for (const { startMs, endMs } of tracks) {
      expect(startMs).toBeLessThanOrEqual(endMs);
      expect(endMs).toBeGreaterThanOrEqual(before);
    }
    // The wall clock is only read to stamp: it agrees with the engine's own time to the millisecond.
    expect(timeMs).toBeLessThanOrEqual(Date.now() + 1);
  }
});

test('flushes keep to the grid of the interval, one in each', async () => {
  await using sfu = await startEngine(REAL);
  await vi.waitUntil(() => sfu.snapshots.length >= 5, { timeout: 10_000 });
  const marks = sfu.snapshots.map(({ engineMs }) => Math.floor(engineMs / INTERVAL_MS));
  expect(marks[0]).toBeGreaterThanOrEqual(1);
  expect(new Set(marks).size, 'never two in one interval').toBe(marks.length);
  const { missedTicks } = sfu.engine.status().drops;
  const last = marks.at(-1)!;
  // What lies between was counted: a host this busy may be late, but nothing is made up in a burst.
  expect(last - marks.length).toBeLessThanOrEqual(missedTicks!);
});

test('somebody who left is reaped, by the engine’s own clock', async () => {
  await using sfu = await startEngine({ ...REAL, reapAfterMs: 50 });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recordPackets(recorder, 5);
  recorder.close();
  sfu.leave();
  await vi.waitUntil(() => sfu.engine.status().reaped === 1, { timeout: 10_000 });
  expect(sfu.rows).toMatchObject([{ primaryPackets: 5 }]);
  const reaps = sfu.logs.filter(({ message }) => message === 'participant reaped');
  expect(reaps).toHaveLength(1);
  expect(reaps[0]!.fields.closedForMs).toBeGreaterThan(50);
});

test('slots come back by themselves, tick by tick', async () => {
  await using sfu = await startEngine({ ...REAL, capacity: { tracks: 4 } });
  sfu.join();
  for (const track of ['TR_a', 'TR_b', 'TR_c', 'TR_d']) {
    const recorder = sfu.openTrack(track);
    recordPackets(recorder, 1);
    recorder.close();
  }
  expect(sfu.engine.status().slotsInUse).toBe(4);
  await vi.waitUntil(() => sfu.engine.status().slotsInUse === 0, { timeout: 10_000 });
  expect(sfu.rows.map(({ trackSid }) => trackSid)).toEqual(['TR_a', 'TR_b', 'TR_c', 'TR_d']);
});
