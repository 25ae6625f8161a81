import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { referenceReplay } from '../helpers/reference.js';
import { generateTrace } from '../helpers/trace-generator.js';
import { toJsonLines } from '../helpers/trace-line.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const MEETING = new URL('../../traces/meeting.jsonl.gz', import.meta.url);
const SEEDS = Array.from({ length: 40 }, (_, n) => n + 1);

interface Printed {
  readonly flushes: { t: number; stats: object[] }[];
  readonly summary: Record<string, unknown>;
}

/** What `replay` prints of a trace given on standard input. */
async function replayed(trace: string | Buffer, ...flags: string[]): Promise<Printed> {
  const child = spawn(process.execPath, [MAIN, 'replay', '-', ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stdin.end(trace);
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect(status).toBe(0);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return {
    flushes: lines
      .filter(({ type }) => type === 'stats')
      .map(({ t, stats }) => ({
        t,
        stats: stats.map(({ id: _id, node: _node, ...stat }: Record<string, unknown>) => stat),
      })),
    summary: lines.at(-1),
  };
}

describe('a replay against the plain reference', () => {
  it.each(SEEDS)('reports what TRACE.md says for the generated trace %i', async (seed) => {
    const trace = generateTrace(seed, 600);
    const expected = referenceReplay(trace);
    const shards = String(1 + (seed % 4));
    const printed = await replayed(toJsonLines(trace), '--shards', shards);
    expect(printed.flushes).toEqual(expected.flushes);
    expect(printed.summary).toMatchObject(expected.summary);
  });

  it.each([
    ['1 shard', ['--shards', '1']],
    ['2 shards', ['--shards', '2']],
    ['4 shards', ['--shards', '4']],
    ['50 stats workers killed on the way', ['--shards', '2', '--faults', '50:11']],
  ])('reports every window of the real meeting: %s', async (_, flags) => {
    const trace = gunzipSync(await readFile(MEETING));
    const expected = referenceReplay(trace.toString());
    const printed = await replayed(trace, ...flags);
    expect(printed.flushes).toEqual(expected.flushes);
    expect(printed.summary).toMatchObject(expected.summary);
  });
});
