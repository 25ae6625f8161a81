import { describe, expect, test } from 'vitest';
import { ALICE, BALANCED, balance, startEngine } from '../helpers/engine.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { WindowLoad } from '../helpers/window-load.js';
import { reportedRows } from '../helpers/window-tally.js';

describe.each([
  [1, 11],
  [2, 22],
  [4, 44],
])('with %i shards (seed %i)', (shards, seed) => {
  test('stats workers are killed dozens of times, and every window of every track is exact', async () => {
    const random = new SeededRandom(seed);
    await using sfu = await startEngine({
      shards,
      // Slots for two generations, a small ring, and scores beyond those a slot holds itself.
      capacity: { tracks: 40 },
      ringBytes: 65_536,
      scoreBlocks: 64,
    });
    sfu.join();
    const load = new WindowLoad(sfu, random);
    const kill = (): Promise<boolean> => sfu.engine.terminateStatsWorker(random.int(0, shards - 1));
    let kills = 0;
    for (let round = 0; kills < 30 && round < 200; round++) {
      // One dies while records come, or while the window is closed.
      const early = random.chance(0.5);
      const killed = early ? kill() : undefined;
      await load.record(random.int(1, 250));
      if (random.chance(0.3)) load.replaceTrack();
      const flushed = load.flush();
      const dead = await (killed ?? kill());
      await flushed;
      if (dead) kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(30);
    await load.record(50);
    await load.flush();
    expect(load.tally.problems(reportedRows(sfu.snapshots))).toEqual([]);

    const audit = await sfu.engine.audit();
    expect(balance(audit)).toEqual(BALANCED);
    expect(audit.reported.UPSTREAM.samples).toBe(load.tally.samples);
    const status = sfu.engine.status();
    expect(status.threads.statsWorkerRestarts).toBeGreaterThanOrEqual(kills);
    expect(status).toMatchObject({ verdict: 'ok', drops: { scoresLost: 0, flushesIncomplete: 0 } });
  });
});

test('windows that are closed again and again while their worker dies hold the data’s bytes as well', async () => {
  const random = new SeededRandom(7);
  await using sfu = await startEngine({ shards: 2 });
  sfu.join();
  const data = sfu.engine.openDataRecorder({ room: 'RM_test', participant: ALICE });
  const sent = [0, 0];
  let kills = 0;
  while (kills < 12) {
    const killed = sfu.engine.terminateStatsWorker(random.int(0, 1));
    for (const direction of [0, 1] as const) {
      const bytes = random.int(0, 2 ** 33);
      data.addBytes(direction, bytes);
      sent[direction]! += bytes;
    }
    await Promise.all([sfu.engine.flush(), sfu.engine.flush()]);
    if (await killed) kills++;
  }
  await sfu.engine.flush();
  const reported = [0, 0];
  for (const { direction, primaryBytes } of sfu.rows) reported[direction]! += primaryBytes;
  expect(reported).toEqual(sent);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('a drain that was terminated is really dead, and a shard nobody has has none', async () => {
  await using sfu = await startEngine();
  await sfu.engine.flush();
  for (const shard of [1, -1]) expect(await sfu.engine.terminateStatsWorker(shard)).toBe(false);
  for (const shard of [0.5, Number.NaN]) {
    await expect(sfu.engine.terminateStatsWorker(shard)).rejects.toMatchObject({ field: 'shard' });
  }
  const drain = (): number => sfu.engine.status().threads.statsWorkers[0]!;
  const before = drain();
  expect(before).toBeGreaterThan(0);
  expect(await sfu.engine.terminateStatsWorker(0)).toBe(true);
  expect(drain()).not.toBe(before);
  await sfu.engine.flush();
  expect(drain()).toBeGreaterThan(before);
});

describe('the checker of these tests', () => {
  async function recorded() {
    await using sfu = await startEngine();
    sfu.join();
    const load = new WindowLoad(sfu, new SeededRandom(1));
    for (let round = 0; round < 3; round++) {
      await load.record(60);
      await load.flush();
    }
    return { tally: load.tally, rows: reportedRows(sfu.snapshots) };
  }

  test('says nothing of what is right, and sees one row missing, doubled, moved or changed', async () => {
    const { tally, rows } = await recorded();
    expect(tally.problems(rows)).toEqual([]);
    const at = 5;
    const [before, it, after] = [rows.slice(0, at), rows[at]!, rows.slice(at + 1)];
    const name = `${it.flush} ${it.row.trackSid}`;
    expect(tally.problems([...before, ...after])).toEqual([`${name}: not reported`]);
    expect(tally.problems([...rows, it])).toEqual([`${name}: reported twice`]);
    const moved = { ...it, flush: 99 };
    expect(tally.problems([...before, moved, ...after])).toEqual([
      `99 ${it.row.trackSid}: nothing was recorded`,
      `${name}: not reported`,
    ]);
    for (const change of [
      { samples: it.row.samples + 1 },
      { primaryPackets: it.row.primaryPackets - 1 },
      { primaryBytes: it.row.primaryBytes + 1 },
      { scores: it.row.scores - 1 },
      { scoreMin: it.row.scoreMin / 2 },
      { scoreMedian: it.row.scoreMedian + 0.5 },
      { scoresDropped: 1 },
    ]) {
      const row = { ...it.row, ...change };
      expect(tally.problems([...before, { ...it, row }, ...after]).join(), Object.keys(change)[0]).toContain(
        name,
      );
    }
  });
});
