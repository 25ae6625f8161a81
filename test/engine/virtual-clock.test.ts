import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../dist/src/index.js';
import { recordPackets, START_MS, startEngine } from '../helpers/engine.js';

const YEAR_MS = 365 * 86_400_000;

describe('advanceTo', () => {
  test('refuses what is no time, and times past, and stays where it was', async () => {
    await using sfu = await startEngine();
    await sfu.engine.advanceTo(10_000);
    const words = '20000' as unknown as number;
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, 10_000.5, words, 2 ** 53]) {
      await expect(sfu.engine.advanceTo(ms)).rejects.toMatchObject({
        code: ErrorCode.INVALID_ARGUMENT,
        field: 'ms',
        rule: 'a whole number',
      });
    }
    for (const [ms, value] of [
      [9_999, '9999'],
      [-1, '-1'],
    ] as const) {
      await expect(sfu.engine.advanceTo(ms)).rejects.toMatchObject({
        code: ErrorCode.CLOCK,
        field: 'ms',
        value,
      });
    }
    await sfu.engine.advanceTo(10_000);
    expect(await sfu.engine.flush()).toMatchObject({ timeMs: START_MS + 10_000 });
  });

  test('needs a virtual clock', async () => {
    await using sfu = await startEngine({ clock: 'real' });
    await expect(sfu.engine.advanceTo(1e9)).rejects.toMatchObject({ code: ErrorCode.CLOCK });
  });

  test('flushes at every multiple of the interval it reaches, and nowhere else', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const recorder = sfu.openTrack('TR');
    const flushedAt = (): number[] => sfu.snapshots.map(({ engineMs }) => engineMs);
    recordPackets(recorder, 1);
    await sfu.engine.advanceTo(29_999);
    expect(flushedAt()).toEqual([]);
    await sfu.engine.advanceTo(30_000);
    expect(flushedAt()).toEqual([30_000]);
    await sfu.engine.advanceTo(30_000);
    expect(flushedAt()).toEqual([30_000]);
    recordPackets(recorder, 2);
    await sfu.engine.advanceTo(75_000);
    expect(flushedAt()).toEqual([30_000, 60_000]);
    expect((await sfu.engine.flush()).timeMs, 'a flush in between moves nothing').toBe(START_MS + 75_000);
    recordPackets(recorder, 3);
    await sfu.engine.advanceTo(91_000);
    expect(flushedAt()).toEqual([30_000, 60_000, 75_000, 90_000]);
    expect(sfu.rows.map(({ primaryPackets }) => primaryPackets)).toEqual([1, 2, 3]);
  });

  test('takes what was recorded before it into the first flush it reaches', async () => {
    await using sfu = await startEngine();
    sfu.join();
    recordPackets(sfu.openTrack('TR'), 5);
    await sfu.engine.advanceTo(100_000);
    const reported = sfu.snapshots.filter(({ count }) => count > 0);
    expect(reported.map(({ engineMs }) => engineMs)).toEqual([30_000]);
  });

  test('passes over idle time: a year takes a moment, reaps, and numbers its flushes as if it had not', async () => {
    await using sfu = await startEngine();
    for (let n = 0; n < 50; n++) sfu.join(`PA_${n}`);
    await sfu.engine.advanceTo(1_000);
    for (let n = 0; n < 40; n++) sfu.leave(`PA_${n}`);
    const before = performance.now();
    await sfu.engine.advanceTo(YEAR_MS);
    expect(performance.now() - before).toBeLessThan(3_000);
    const status = sfu.engine.status();
    expect(status).toMatchObject({ reaped: 40, participants: 10 });
    expect(status.lastFlush.number).toBe(YEAR_MS / 30_000);
    const reaps = sfu.logs.filter(({ message }) => message === 'participant reaped');
    // 1,000 + 180,000 is over at the flush of 210,000.
    expect(new Set(reaps.map(({ fields }) => fields.closedForMs))).toEqual(new Set([209_000]));
    expect(await sfu.engine.flush()).toMatchObject({
      flush: YEAR_MS / 30_000 + 1,
      timeMs: START_MS + YEAR_MS,
    });
  });

  test('reaps each at the flush that is due, though it flies over many', async () => {
    await using sfu = await startEngine();
    for (const [at, who] of [
      [1_000, 'PA_1'],
      [40_000, 'PA_2'],
      [500_000, 'PA_3'],
    ] as const) {
      sfu.join(who);
      await sfu.engine.advanceTo(at);
      sfu.leave(who);
    }
    await sfu.engine.advanceTo(1_000_000);
    const reaps = sfu.logs.filter(({ message }) => message === 'participant reaped');
    expect(reaps.map(({ fields }) => [fields.participant, fields.closedForMs])).toEqual([
      ['PA_1', 209_000],
      ['PA_2', 200_000],
      ['PA_3', 190_000],
    ]);
  });

  test('goes on from where it is on its way to, when it is called before it is there', async () => {
    await using sfu = await startEngine();
    sfu.join();
    recordPackets(sfu.openTrack('TR'), 1);
    const moves = [75_000, 80_000, 100_000, 110_000].map((ms) => sfu.engine.advanceTo(ms));
    await expect(sfu.engine.advanceTo(90_000), 'it would go back').rejects.toMatchObject({
      code: ErrorCode.CLOCK,
      rule: "at least 110000, the engine's time",
    });
    await Promise.all(moves);
    expect(sfu.snapshots.map(({ engineMs }) => engineMs)).toEqual([30_000, 90_000]);
    expect(await sfu.engine.flush()).toMatchObject({ flush: 4, timeMs: START_MS + 110_000 });
  });

  test('calls made at once are done one after another', async () => {
    await using sfu = await startEngine();
    sfu.join();
    recordPackets(sfu.openTrack('TR'), 1);
    await Promise.all([30_000, 60_000, 90_000].map((ms) => sfu.engine.advanceTo(ms)));
    expect(sfu.snapshots.map(({ engineMs }) => engineMs)).toEqual([30_000, 60_000, 90_000]);
    expect(sfu.engine.status().lastFlush).toMatchObject({ number: 3, atMs: 90_000 });
  });
});

test('the same seed and calls give the same bytes, another seed other ids', async () => {
  const bytesOf = async (seed: string): Promise<string[]> => {
    await using sfu = await startEngine({ seed, shards: 2 });
    sfu.join();
    for (const track of ['TR_a', 'TR_b', 'TR_c']) recordPackets(sfu.openTrack(track), 3, 4);
    await sfu.engine.advanceTo(30_000);
    await sfu.engine.flush();
    return sfu.snapshots.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  };
  const [one, again, other] = await Promise.all([bytesOf('one'), bytesOf('one'), bytesOf('other')]);
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
});
