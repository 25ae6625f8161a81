import { describe, expect, test } from 'vitest';
import { Faults } from '../../../dist/src/cli/replay/faults.js';

/** Notes what it is asked to terminate; `answers` are given in turn, then true. */
function fakeTarget(answers: readonly boolean[] = []): {
  readonly asked: number[];
  terminateStatsWorker(shard: number): Promise<boolean>;
} {
  const asked: number[] = [];
  return {
    asked,
    terminateStatsWorker(shard) {
      asked.push(shard);
      return Promise.resolve(answers[asked.length - 1] ?? true);
    },
  };
}

/** Plays lines of 10 bytes; returns the numbers of those beside which something was asked. */
async function linesWithFaults(faults: Faults, asked: readonly number[], lines: number): Promise<number[]> {
  const beside: number[] = [];
  for (let number = 1; number <= lines; number++) {
    const before = asked.length;
    await faults.beforeLine({ number, end: 10 * number });
    if (asked.length > before) beside.push(number);
  }
  return beside;
}

describe('faults', () => {
  test('are done as often as was asked, spread over a trace whose length is known', async () => {
    const target = fakeTarget();
    const faults = new Faults({ count: 10, seed: 'a' }, target, 4, 10_000);
    const beside = await linesWithFaults(faults, target.asked, 1_000);
    await faults.finish();
    expect(faults.done).toBe(10);
    expect(target.asked).toHaveLength(10);
    expect(Math.max(...beside)).toBeGreaterThan(500);
    expect(Math.min(...beside)).toBeLessThan(500);
    for (const shard of target.asked) expect([0, 1, 2, 3]).toContain(shard);
  });

  test('repeat for a seed, and differ for another', async () => {
    const run = async (seed: string): Promise<unknown> => {
      const target = fakeTarget();
      const faults = new Faults({ count: 10, seed }, target, 4, 10_000);
      return [await linesWithFaults(faults, target.asked, 1_000), target.asked];
    };
    expect(await run('a')).toEqual(await run('a'));
    expect(await run('a')).not.toEqual(await run('b'));
  });

  test('come in gaps of lines where the length is not known', async () => {
    const target = fakeTarget();
    const faults = new Faults({ count: 5, seed: 'a' }, target, 1, undefined);
    const beside = await linesWithFaults(faults, target.asked, 3_000);
    expect(beside).toHaveLength(5);
    expect(new Set(beside).size).toBe(5);
  });

  test('that met no running worker are tried again beside the next lines', async () => {
    const target = fakeTarget([false, false]);
    const faults = new Faults({ count: 1, seed: 'a' }, target, 1, 10);
    expect(await linesWithFaults(faults, target.asked, 10)).toEqual([1, 2, 3]);
    expect(faults.done).toBe(1);
  });

  test('that no line was left for are done at the end', async () => {
    const target = fakeTarget([false, true, false]);
    const faults = new Faults({ count: 3, seed: 'a' }, target, 2, 10_000);
    await faults.finish();
    expect(faults.done).toBe(3);
    expect(target.asked).toHaveLength(5);
  });

  test('under way are over before the next line', async () => {
    let release: (done: boolean) => void = () => {};
    const target = {
      terminateStatsWorker: () =>
        new Promise<boolean>((resolve) => {
          release = resolve;
        }),
    };
    const faults = new Faults({ count: 1, seed: 'a' }, target, 1, 10);
    expect(faults.beforeLine({ number: 1, end: 10 })).toBeUndefined();
    const waiting = faults.beforeLine({ number: 2, end: 20 });
    expect(waiting).toBeInstanceOf(Promise);
    expect(faults.done).toBe(0);
    release(true);
    await waiting;
    expect(faults.done).toBe(1);
  });

  test('that fail are told to whoever waits for them', async () => {
    const target = { terminateStatsWorker: () => Promise.reject(new Error('closed')) };
    const faults = new Faults({ count: 1, seed: 'a' }, target, 1, 10);
    expect(faults.beforeLine({ number: 1, end: 10 })).toBeUndefined();
    await expect(faults.beforeLine({ number: 2, end: 20 })).rejects.toThrow('closed');
  });
});
