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

/** What the README says of times: the engine's clock is a cell that is moved so often, milliseconds. */
const GOOD_TO_MS = 50;

test('what was recorded is reported by itself, at the next multiple of the interval, with the time it was recorded at', async () => {
  const began = Date.now();
  await using sfu = await startEngine(REAL);
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
  /** How late a sample was stamped, for each window; a machine this busy may move the clock late, but not always. */
  const lateMs: number[] = [];
  for (let packets = 1; packets <= 3 || Math.min(...lateMs) > GOOD_TO_MS; packets++) {
    const report = nextReport(sfu);
    const missedBefore = sfu.engine.status().drops.missedTicks!;
    const before = Date.now();
    recordPackets(recorder, packets);
    const after = Date.now();
    data.addBytes(Direction.UPSTREAM, packets);
    const { tracks, engineMs, timeMs } = await report;
    expect(tracks).toMatchObject([{ primaryPackets: packets }, { primaryBytes: packets }]);
    expect(engineMs).toBeGreaterThanOrEqual(INTERVAL_MS);
    for (const { startMs, endMs } of tracks) {
      expect(startMs).toBeLessThanOrEqual(endMs);
      expect(endMs).toBeGreaterThanOrEqual(began);
    }
    const [{ startMs, endMs }] = tracks as [(typeof tracks)[number]];
    // The wall clock is read to a millisecond, when the window is stamped.
    expect(endMs).toBeLessThanOrEqual(after + 2);
    lateMs.push(before - endMs);
    // The first sample's window begins where the clock stood then; a later one's where the one before it ended.
    if (packets === 1) expect(startMs).toBeLessThanOrEqual(after + 2);
    expect(timeMs).toBeLessThanOrEqual(Date.now() + 1);
    const recordedMs = before - (timeMs - engineMs);
    const missed = sfu.engine.status().drops.missedTicks! - missedBefore;
    const intervals = Math.floor(engineMs / INTERVAL_MS) - Math.floor(recordedMs / INTERVAL_MS);
    // What is published within the last tick before a flush may come with the next one.
    expect(intervals).toBeLessThanOrEqual(2 + missed);
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
