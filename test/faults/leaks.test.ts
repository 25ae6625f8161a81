import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inForm, isLongForm } from '../helpers/fault-form.js';

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

const minutes = (count: number): number => 60_000 * count;

test(
  `after ${inForm(10, 600)} seconds of 2,000 joins and leaves nothing is left of them`,
  async () => {
    // Long enough before the first weighing that as many wait for the reaper as ever will. The long form fills what is
    // bounded, too: the sequences of forgotten rooms.
    const form = isLongForm ? [40, 600, 30_000, 65_536] : [5, 10, 5_000, 0];
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      HOST,
      ...form.map((figure) => String(figure)),
    ]);
    const report: Report = JSON.parse(stdout);
    const { before, after, joins, allJoins } = report;
    console.info(JSON.stringify({ joins, before: before.bytes, after: after.bytes }));
    expect(joins).toBe(inForm(10, 600) * A_SECOND);
    expect(report).toMatchObject({ balanced: true, reaped: allJoins, reportedPackets: 3 * allJoins });
    expect(Object.entries(report.drops).filter(([, count]) => count !== 0)).toEqual([]);
    expect(after.exact).toEqual(before.exact);
    expect(after.exact).toMatchObject({
      slotsInUse: 0,
      streamsInUse: 0,
      rooms: 0,
      participants: 0,
      ringFill: 0,
    });
    expect(report.free, 'slots that can be opened').toEqual([report.tracks, report.tracks]);
    // Less than an object for each who came: 100 bytes a join in the short form, 3 in the long one.
    const heapGrowth = inForm(2, 4) * MB;
    expect(after.bytes.hostHeap - before.bytes.hostHeap, 'heap of the host').toBeLessThan(heapGrowth);
    expect(after.bytes.timerHeap - before.bytes.timerHeap, 'heap of the timer thread').toBeLessThan(
      heapGrowth,
    );
    expect(after.bytes.rss - before.bytes.rss, 'RSS').toBeLessThan(inForm(96, 192) * MB);
  },
  inForm(minutes(3), minutes(90)),
);
