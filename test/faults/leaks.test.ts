import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inForm, isLongForm } from '../helpers/fault-form.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { WEIGHED } from '../helpers/weighed-timer.js';

const HOST = fileURLToPath(new URL('./fixtures/churn-host.mjs', import.meta.url));
const A_SECOND = 2_000;
const MB = 2 ** 20;

interface Weight {
  /** What must be the same to the last one. */
  readonly exact: Readonly<Record<string, number | string>>;
  readonly bytes: { readonly hostHeap: number; readonly timerHeap: number; readonly rss: number };
}

interface Report {
  readonly before: Weight;
  readonly after: Weight;
  readonly joins: number;
  readonly allJoins: number;
  readonly reaped: number;
  readonly balanced: boolean;
  readonly reportedPackets: number;
  readonly drops: Readonly<Record<string, number>>;
  /** Slots that can be opened at the end, on the host's lane and on another's. */
  readonly free: readonly [number, number];
  readonly tracks: number;
}

/** In the long form it takes a quarter of an hour of processor. */
const LONGEST_MS = inForm(3, 90) * 60_000;

interface Churn {
  /** Simulated, long enough that as many wait for the reaper as ever will. */
  readonly secondsBefore: number;
  readonly seconds: number;
  readonly reapAfterMs: number;
  /** Rooms that come and go before everything else. */
  readonly roomsBefore: number;
}

async function reportOf(churn: Churn, ...mistakes: readonly Change[]): Promise<Report> {
  using weighed = new Mutant([WEIGHED, ...mistakes]);
  const { secondsBefore, seconds, reapAfterMs, roomsBefore } = churn;
  const figures = [secondsBefore, seconds, reapAfterMs, roomsBefore].map(String);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', HOST, weighed.url.href, ...figures],
    // One that hangs does not outlive its test.
    { timeout: LONGEST_MS, killSignal: 'SIGKILL' },
  );
  return JSON.parse(stdout) as Report;
}

function expectNothingLeft(report: Report, { seconds }: Churn): void {
  const { before, after, joins, allJoins } = report;
  expect(joins).toBe(seconds * A_SECOND);
  expect(after.exact, 'what is counted').toEqual(before.exact);
  expect(after.exact).toMatchObject({
    slotsInUse: 0,
    streamsInUse: 0,
    rooms: 0,
    participants: 0,
    ringFill: 0,
  });
  expect(report).toMatchObject({ balanced: true, reaped: allJoins, reportedPackets: 3 * allJoins });
  expect(Object.entries(report.drops).filter(([, count]) => count !== 0)).toEqual([]);
  expect(report.free, 'slots that can be opened').toEqual([report.tracks, report.tracks]);
}

/** A heap holds less than an object for each who came: 100 bytes a join in the short form, 3 in the long one. */
function expectFlat({ before, after }: Report, bytes: keyof Weight['bytes']): void {
  // A process that is as large as this load makes it, after some 200,000 joins, gives back what more of them take.
  const room = bytes === 'rss' ? inForm(96, 32) : inForm(2, 4);
  expect(after.bytes[bytes] - before.bytes[bytes], bytes).toBeLessThan(room * MB);
}

// The long form fills what is bounded, too: the sequences of forgotten rooms.
const CHURN: Churn = isLongForm
  ? { secondsBefore: 120, seconds: 600, reapAfterMs: 30_000, roomsBefore: 65_536 }
  : { secondsBefore: 5, seconds: 10, reapAfterMs: 5_000, roomsBefore: 0 };

test(
  `after ${CHURN.seconds} seconds of 2,000 joins and leaves nothing is left of them`,
  async () => {
    const report = await reportOf(CHURN);
    const { before, after, joins } = report;
    console.info(JSON.stringify({ joins, before: before.bytes, after: after.bytes }));
    expectNothingLeft(report, CHURN);
    expectFlat(report, 'hostHeap');
    expectFlat(report, 'timerHeap');
    expectFlat(report, 'rss');
  },
  LONGEST_MS,
);

test(
  'the control shows who is remembered by the host, who by the timer thread, and streams that are not given back',
  async () => {
    const churn: Churn = { secondsBefore: 3, seconds: inForm(6, 10), reapAfterMs: 1_000, roomsBefore: 0 };
    const report = await reportOf(
      churn,
      {
        file: 'src/engine/registry.js',
        from: 'this.#known.forgetParticipant(room, sid, callsTaken);',
        to: '',
      },
      {
        file: 'workers/timer-thread.js',
        from: 'service.take(call, time, number);',
        to: "service.take(call, time, number); if (call.call === 'participantLeft') (globalThis.left ??= []).push(call);",
      },
      {
        file: 'src/record/slot-table.js',
        from: 'this.#streams.giveBack(',
        to: 'void (',
      },
    );
    expect(() => expectFlat(report, 'hostHeap')).toThrow(/^hostHeap: /);
    expect(() => expectFlat(report, 'timerHeap')).toThrow(/^timerHeap: /);
    expect(() => expectNothingLeft(report, churn)).toThrow(/^what is counted: /);
    expect(report.after.exact.streamsInUse).toBeGreaterThan(0);
  },
  LONGEST_MS,
);
