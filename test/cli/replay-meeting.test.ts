import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, MEETING, readOutput, runCli } from './run-cli.js';

const SUMMED = [
  'primaryPackets',
  'primaryBytes',
  'retransmitPackets',
  'retransmitBytes',
  'frames',
  'nacks',
  'plis',
] as const;

type RtpLine = Readonly<Record<'op' | 'participant' | 'direction' | 'track', string>> & {
  readonly streams: readonly (Partial<Record<(typeof SUMMED)[number], number>> & { readonly ssrc: number })[];
};

let first: CliResult;
beforeAll(async () => {
  first = await runCli(['replay', MEETING, '--shards', '1']);
});

/** The last running totals of each SSRC, summed by participant, direction and track. */
function lastTotals(): Map<string, Record<string, number>> {
  const text = gunzipSync(readFileSync(MEETING)).toString('utf8');
  const last = new Map<string, Map<string, number>>();
  for (const line of text.trimEnd().split('\n')) {
    const { op, participant, direction, track, streams } = JSON.parse(line) as RtpLine;
    if (op !== 'rtp') continue;
    const key = `${participant} ${direction} ${track}`;
    const totals = last.get(key) ?? new Map<string, number>();
    last.set(key, totals);
    for (const stream of streams) {
      for (const name of SUMMED) {
        if (stream[name] !== undefined) totals.set(`${name} ${stream.ssrc}`, stream[name]);
      }
    }
  }
  return new Map([...last].map(([key, totals]) => [key, sumByName(totals)]));
}

function sumByName(totals: ReadonlyMap<string, number>): Record<string, number> {
  const sums: Record<string, number> = Object.fromEntries(SUMMED.map((name) => [name, 0]));
  for (const [key, total] of totals) sums[key.split(' ')[0]!]! += total;
  return sums;
}

describe('the replay of the meeting', () => {
  test('sums, over all windows, to the last running totals of each track', () => {
    const sums = new Map<string, Record<string, number>>();
    for (const { stats } of readOutput(first.stdout).flushes) {
      for (const { participantId, kind = 'UPSTREAM', trackId, mime, streams } of stats) {
        if (mime === undefined) continue;
        const key = `${participantId} ${kind} ${trackId}`;
        const sum = sums.get(key) ?? sumByName(new Map());
        sums.set(key, sum);
        for (const name of SUMMED) sum[name]! += Number(streams[0]?.[name] ?? 0);
      }
    }
    expect(sums.size).toBe(18);
    expect(sums).toEqual(lastTotals());
  });

  test('names each stat once', () => {
    const ids = readOutput(first.stdout).flushes.flatMap(({ stats }) => stats.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('balances its books: everything recorded was printed', () => {
    const { flushes, summary } = readOutput(first.stdout);
    expect(summary.reported).toEqual(summary.recorded);
    const printed = { UPSTREAM: [0, 0, 0], DOWNSTREAM: [0, 0, 0] };
    for (const { kind = 'UPSTREAM', mime, streams } of flushes.flatMap(({ stats }) => stats)) {
      const sums = printed[kind];
      for (const stream of streams) {
        const { primaryPackets = 0, retransmitPackets = 0, paddingPackets = 0 } = stream;
        sums[mime === undefined ? 0 : 1]! += primaryPackets + retransmitPackets + paddingPackets;
        sums[2]! +=
          Number(stream.primaryBytes ?? 0) +
          Number(stream.retransmitBytes ?? 0) +
          Number(stream.paddingBytes ?? 0);
      }
    }
    for (const direction of ['UPSTREAM', 'DOWNSTREAM'] as const) {
      const { messages, packets, bytes } = summary.reported[direction];
      expect([messages, packets, bytes]).toEqual(printed[direction]);
    }
  });

  test.each([
    ['run again', ['--shards', '1']],
    ['with 2 shards', ['--shards', '2']],
    ['with 4 shards', ['--shards', '4']],
    ['without a word about shards', []],
    ['with 1 shard and 50 stats workers killed', ['--shards', '1', '--faults', '50:3']],
    ['with 2 shards and 50 stats workers killed', ['--shards', '2', '--faults', '50']],
    ['with 4 shards and 50 stats workers killed', ['--shards', '4', '--faults', '50:any seed']],
  ])('is the same to the byte %s', async (_, flags) => {
    const again = await runCli(['replay', MEETING, ...flags]);
    expect(again.status).toBe(0);
    expect(again.stdout).toBe(first.stdout);
    const killed = flags.includes('--faults');
    expect(again.stderr).toMatch(killed ? /^stats workers terminated: 50 \(seed .+\)\n$/ : /^$/);
  });
});
