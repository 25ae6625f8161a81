import { describe, expect, test, vi } from 'vitest';
import { AnalyticsReceiver, idsOnce } from '../helpers/analytics-receiver.js';
import { BALANCED, balance, recordPackets, startEngine } from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { type Skew, SkewedTimer } from '../helpers/skewed-timer.js';
import { packetsOf, restarts } from '../helpers/timer-death.js';
import { timeProblems } from '../helpers/window-times.js';

const INTERVAL_MS = 150;
const HOUR_MS = 3_600_000;
const GAP_MS = 300_000;

interface Jump {
  readonly problems: readonly string[];
  /** By how much two flushes lie apart at most, engine time. */
  readonly longestMs: number;
  readonly missedTicks: number;
  readonly reaped: number;
  readonly problemsOfThreads: number;
}

/** Plays windows before and after the timer thread's clocks jump, in the middle of one. */
async function playJump(skew: Skew, dist?: URL): Promise<Jump> {
  const grpc = await AnalyticsReceiver.start();
  using timer = new SkewedTimer(dist);
  await using sfu = await startEngine({
    clock: 'real',
    reportIntervalMs: INTERVAL_MS,
    publishIntervalMs: 10,
    threadsUrl: timer.url,
    grpc: { url: grpc.url, ackEveryMs: 20 },
  });
  const problems: string[] = [];
  const { engine, snapshots } = sfu;
  sfu.join();
  sfu.join('PA_left');
  sfu.leave('PA_left');
  const recorder = sfu.openTrack('TR');
  let packets = 0;
  const windows = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const { length } = snapshots;
      recordPackets(recorder, 1 + n);
      packets += 1 + n;
      await vi.waitUntil(() => snapshots.length > length, { timeout: 10_000, interval: 2 });
    }
  };
  await windows(3);
  recordPackets(recorder, 1_000);
  packets += 1_000;
  await timer.jump(skew);
  await windows(4);
  await vi.waitUntil(() => packetsOf(sfu.rows) >= packets, { timeout: 10_000, interval: 2 });
  const { timeMs, engineMs } = snapshots.at(-1)!;
  const offByMs = timeMs - (Date.now() + (skew.wallMs ?? 0));
  if (Math.abs(offByMs) > 60_000) problems.push(`the last flush is stamped ${offByMs} ms off`);
  if (engineMs > performance.now() + (skew.monotonicMs ?? 0)) problems.push(`engine time is ${engineMs}`);
  if (packetsOf(sfu.rows) !== packets) problems.push(`${packetsOf(sfu.rows)} packets of ${packets}`);
  expect(balance(await engine.audit())).toEqual(BALANCED);
  await vi.waitUntil(() => idsOnce(grpc.stats).length === sfu.rows.length, { timeout: 10_000, interval: 5 });
  const { drops, threads, reaped } = engine.status();
  const gaps = snapshots.slice(1).map((snapshot, n) => snapshot.engineMs - snapshots[n]!.engineMs);
  return {
    problems: [...problems, ...timeProblems(snapshots, INTERVAL_MS)],
    longestMs: Math.max(...gaps),
    missedTicks: drops.missedTicks!,
    reaped,
    problemsOfThreads: restarts(sfu) + threads.statsWorkerRestarts + threads.poolRebuilds,
  };
}

test.each([
  ['an hour ahead', HOUR_MS],
  ['an hour back', -HOUR_MS],
  // The monotonic clock of Linux stands still while a machine is suspended: only the wall clock jumps.
  ['by minutes, in which the machine was suspended', GAP_MS],
])(
  'the wall clock jumps %s: windows keep their spans, and are stamped with what it says now',
  async (_, wallMs) => {
    const { problems, longestMs, reaped, problemsOfThreads } = await playJump({ wallMs });
    expect(problems).toEqual([]);
    expect(longestMs, 'engine time knows nothing of it').toBeLessThan(60_000);
    expect([reaped, problemsOfThreads]).toEqual([0, 0]);
  },
);

test('minutes pass in which no thread ran: one flush, whose window spans them; the rest is counted as missed', async () => {
  const { problems, longestMs, missedTicks, reaped, problemsOfThreads } = await playJump({
    monotonicMs: GAP_MS,
    wallMs: GAP_MS,
  });
  expect(problems).toEqual([]);
  expect(longestMs).toBeGreaterThanOrEqual(GAP_MS);
  expect(missedTicks).toBeGreaterThanOrEqual(GAP_MS / INTERVAL_MS - 1);
  expect([reaped, problemsOfThreads], 'who left is reaped, by the engine’s time').toEqual([1, 0]);
});

describe('the control shows', () => {
  test.each<[string, Change, Skew, RegExp]>([
    [
      'flushes made up in a burst',
      {
        file: 'src/engine/timer-loop.js',
        from: 'this.#nextDeadline += passed * reportIntervalMs;',
        to: 'this.#nextDeadline += reportIntervalMs;',
      },
      { monotonicMs: GAP_MS, wallMs: GAP_MS },
      /: the second of its interval$/,
    ],
    [
      'stamps by the wall clock of the start',
      {
        file: 'src/engine/timer-loop.js',
        from: 'return Date.now() - (monotonicMs() - clock.monotonicStartMs);',
        to: 'return (this.origin ??= Date.now() - (monotonicMs() - clock.monotonicStartMs));',
      },
      { wallMs: HOUR_MS },
      /^the last flush is stamped -36\d+\.?\d* ms off$/,
    ],
    [
      'engine time by the wall clock',
      {
        file: 'src/engine/timer-loop.js',
        from: 'const now = monotonicMs() - clock.monotonicStartMs;',
        to: 'const now = Date.now() - (this.began ??= Date.now());',
      },
      { wallMs: HOUR_MS },
      /^engine time is 36\d+/,
    ],
  ])('%s', async (_, change, skew, shows) => {
    using mutant = new Mutant([change]);
    const { problems } = await playJump(skew, mutant.url);
    expect(problems).toContainEqual(expect.stringMatching(shows));
  });
});
