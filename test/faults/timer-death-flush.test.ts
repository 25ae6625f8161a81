import { describe, expect, test, vi } from 'vitest';
import { BALANCED, balance, recordPackets, startEngine } from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { type Death, MortalTimer } from '../helpers/thread-drill.js';
import { packetsOf, restarts, rowsWithoutRepeats } from '../helpers/timer-death.js';

/** Stores of a flush of two shards: two requests, the commit, and for each shard the release and what it covers. */
const STORES = 7;
const deaths: Death[] = Array.from({ length: STORES }, (_, n) => ({ at: 'store', n }));
deaths.push({ at: 'posted', kind: 'snapshot' }, { at: 'posted', kind: 'answer' });

/** Has a thread die in a flush, and expects that nothing of its window is missing or there twice. */
async function expectReported(death: Death, mutant?: Mutant): Promise<void> {
  using timer = new MortalTimer(mutant?.url);
  await using sfu = await startEngine(
    { shards: 2, capacity: { tracks: 8 }, threadsUrl: timer.url },
    await mutant?.engineClass(),
  );
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
  expect(packetsOf(rows), 'packets in snapshots').toBe(3 * 110 + 2 * 1_000);
  expect(rows.reduce((sum, { scores }) => sum + scores, 0)).toBe(8);
  const audit = await sfu.engine.audit();
  expect(audit.reported.UPSTREAM, 'the books').toMatchObject({ samples: 8, packets: 2_330 });
  expect(balance(audit)).toEqual(BALANCED);
  // The closed track's slot is free: its window was taken, whoever took it.
  const open = ['TR_a', 'TR_b', 'TR_c', 'TR_d', 'TR_e', 'TR_f'].map((track) => sfu.openTrack(track));
  expect(open).toHaveLength(6);
}

test('a flush has no more stores than it dies at here', async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 1);
  await sfu.engine.flush();
  await timer.kill({ at: 'store', n: STORES });
  await sfu.engine.flush();
  expect(restarts(sfu)).toBe(0);
  await sfu.engine.flush();
  await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 5 });
});

test.each(deaths)(
  'wherever in a flush it dies, the window is reported, and counted once: %o',
  async (death) => {
    await expectReported(death);
  },
);

test.each(Array.from({ length: STORES }, (_, n) => n))(
  'a track with rows in two shards is repeated whole or not at all (store %i)',
  async (n) => {
    using timer = new MortalTimer();
    await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
    sfu.join();
    // Opened twice: one slot in each shard, one stat.
    const [one, two] = [sfu.openTrack('TR'), sfu.openTrack('TR')];
    await sfu.engine.flush();
    recordPackets(one, 1);
    recordPackets(two, 20);
    await timer.kill({ at: 'store', n });
    await sfu.engine.flush();
    await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 5 });
    await sfu.engine.flush();
    expect(packetsOf(rowsWithoutRepeats(sfu.snapshots))).toBe(21);
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  },
);

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

describe('the control shows the loss:', () => {
  test.each<[string, Change, RegExp]>([
    [
      'a flush is committed before its snapshot is handed on',
      {
        file: 'src/engine/flusher.js',
        from: 'sink(snapshot); // C6\n            snapshot.release();',
        to: 'snapshot.release(); sink(snapshot);',
      },
      /^packets in snapshots: /,
    ],
    [
      'what was committed is not given back by the next thread',
      { file: 'workers/timer-thread.js', from: 'builder.releaseTaken();', to: '' },
      /^the books: /,
    ],
  ])('%s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    const dieEverywhere = async (): Promise<void> => {
      for (const death of deaths) await expectReported(death, mutant);
    };
    await expect(dieEverywhere()).rejects.toThrow(shows);
  });
});
