import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replay } from '../../dist/src/cli/replay.js';
import { LineSplitter } from '../../dist/src/cli/trace/line-splitter.js';
import { parseTraceLine } from '../../dist/src/cli/trace/parse-line.js';
import { EVERY_OP } from '../cli/every-op.js';
import { runReplay } from '../cli/run-replay.js';
import { FULL, full, OPS } from '../cli/trace/full-lines.js';
import { mutated } from '../helpers/byte-mutator.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import type { SeededRandom } from '../helpers/seeded-random.js';
import { expectShowable } from '../helpers/showable.js';

const LINES = [...OPS.map(full), ...EVERY_OP.map((line) => ({ t: 0, ...line }))];
const STREAMS = [
  {
    ...full('rtp'),
    streams: [{ ssrc: 1, primaryPackets: 3, primaryBytes: '9223372036854775807', packetsLost: -1 }],
  },
  { ...full('rtp'), streams: [{ ssrc: 2, videoLayers: [{ layer: 2, packets: 1, bytes: 9, frames: 1 }] }] },
  { ...full('room_started'), participant: { sid: 'PA_1', attributes: { a: 'b' } } },
  { ...full('participant_joined'), participant: { sid: 'PA_1', attributes: { a: 'b' }, permission: {} } },
];
const SAMPLES = [...LINES, ...STREAMS].map((line) => Buffer.from(JSON.stringify(line)));
const TEXTS = [
  ...Object.values(FULL).flatMap((line) => Object.keys(line).map((name) => `"${name}":`)),
  ...[
    'null,',
    'true,',
    '[]',
    '{}',
    '"attributes":{"\u009b\u202e":7},',
    '\n',
    '\\u0000',
    '"":',
    ',',
    '"',
    '\ufeff',
  ],
];

interface TraceReader {
  readonly LineSplitter: typeof LineSplitter;
  readonly parseTraceLine: typeof parseTraceLine;
}
const ours: TraceReader = { LineSplitter, parseTraceLine };

/** What is said of a line that is refused. */
function expectRefusal(error: unknown): string {
  const { name, message, field, rule, value } = error as Record<
    'name' | 'message' | 'field' | 'rule' | 'value',
    string
  >;
  if (!(error instanceof Error) || name !== 'TraceError') throw error;
  expectShowable(message);
  if (![field, rule, value].every((text) => typeof text === 'string' && text !== '')) throw error;
  return 'refused';
}

/** Reads bytes as a trace is read, in chunks of any size; tells how its last line ended. */
function readTrace(
  { LineSplitter: Splitter, parseTraceLine: parse }: TraceReader,
  bytes: Buffer,
  chunk: number,
): string {
  const splitter = new Splitter();
  let end = 'empty';
  const readLine = ({ text, number }: { readonly text: unknown; readonly number: number }): void => {
    try {
      if (typeof text !== 'string') throw text;
      const { t, op } = parse(text, number, () => {});
      if (!(Number.isSafeInteger(t) && t >= 0 && OPS.includes(op)))
        throw new Error(`taken: ${text.slice(0, 200)}`);
      if (text.includes('\ufffd')) throw new Error('it was no UTF-8');
      end = 'taken';
    } catch (error) {
      end = expectRefusal(error);
    }
  };
  for (let at = 0; at < bytes.length; at += chunk) {
    for (const line of splitter.push(bytes.subarray(at, at + chunk))) readLine(line);
  }
  for (const line of splitter.end()) readLine(line);
  return end;
}

async function fuzzTraces(reader: TraceReader, cases: number): Promise<void> {
  const one = (random: SeededRandom): string => {
    const bytes = mutated(random, SAMPLES, TEXTS);
    return readTrace(reader, bytes, random.chance(0.1) ? Math.ceil(bytes.length / 50) : 2 ** 18);
  };
  const { ends } = await fuzz({ name: 'traces', cases, seed: 1 }, one);
  expect(ends.refused).toBeGreaterThan(cases / 4);
  expect(ends.taken).toBeGreaterThan(cases / 50);
}

/** All at one time: a line whose time falls is refused. */
const PLAYED = SAMPLES.map((sample) => Buffer.from(JSON.stringify({ ...JSON.parse(String(sample)), t: 0 })));
/** What somebody who joined sent: it must arrive, whatever comes before it and after. */
const SENT = {
  ...{ op: 'rtp', t: 0, counters: 'delta', room: 'RM_sent', participant: 'PA_sent', track: 'TR_sent' },
  ...{ direction: 'UPSTREAM', streams: [{ ssrc: 1, primaryPackets: 1, primaryBytes: 100 }] },
};
const JOINED = { op: 'participant_joined', t: 0, room: 'RM_sent', participant: 'PA_sent' };

type Line = Readonly<Record<string, unknown>>;

/** A sound line with something of another one's: most are taken, and mean what nobody meant. */
function mixed(random: SeededRandom): Buffer {
  const [line, other] = [random.pick(PLAYED), random.pick(PLAYED)].map(
    (one) => JSON.parse(String(one)) as Line,
  );
  const name = random.pick(Object.keys(other!).filter((key) => key !== 't'));
  // Which no engine takes for a sid.
  const value = random.chance(0.1) ? 'x'.repeat(2_000) : other![name];
  return Buffer.from(JSON.stringify({ ...line, [name]: value }));
}

/**
 * One line, of a trace that ends and whose books are exact: a step of a hundred years is sound, and takes its time;
 * sums beyond 2^53 are sound, and rounded.
 */
function canBePlayed(line: Buffer): boolean {
  const text = line.toString('latin1');
  if (/\n|\d{14}|\d[eE]\+?\d/.test(text)) return false;
  const [, t = '0'] = /"t":\s*([0-9.]+)/.exec(text) ?? [];
  return Number(t) < 100_000;
}

/** Plays lines as a replay does, the bad ones skipped: what they lead to must be told, and the books balance. */
async function fuzzReplays(command: typeof replay, runs: number, lines: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-traces-'));
  const trace = join(folder, 'trace.jsonl');
  let played = 0;
  const one = async (random: SeededRandom): Promise<string> => {
    const hostile = Array.from({ length: lines }, () =>
      random.chance(0.3) ? mixed(random) : mutated(random, PLAYED, TEXTS),
    ).filter(canBePlayed);
    const sent = Buffer.from(JSON.stringify(SENT));
    const made = [Buffer.from(JSON.stringify(JOINED)), sent, ...hostile];
    writeFileSync(trace, Buffer.concat(made.flatMap((line) => [line, Buffer.from('\n')])));
    const options = { trace, shards: 1, startMs: 0, onError: 'skip', nodeId: 'ND_1' } as const;
    const { status, stdout, stderr } = await runReplay(options, command);
    for (const line of stderr.split('\n')) expectShowable(line);
    const told = stdout.trimEnd().split('\n');
    const { type, skippedLines } = JSON.parse(told.at(-1)!);
    if (status !== 0 || type !== 'summary') throw new Error(`ended with ${status}: ${stderr.slice(-500)}`);
    if (!/"primaryPackets":1\b.*"TR_sent"|"TR_sent".*"primaryPackets":1\b/.test(stdout))
      throw new Error('what was sent did not arrive');
    played += made.length - skippedLines;
    return 'played';
  };
  try {
    await fuzz({ name: 'replays', cases: runs, seed: 3, mayGrow: 32 * 2 ** 20, longestMs: 120_000 }, one);
    expect(played).toBeGreaterThan((runs * lines) / 10);
    console.info(`lines played: ${played}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('bytes of a trace', () => {
  test('are played where they are lines: the books balance, whatever they say', async () => {
    await fuzzReplays(replay, inForm(3, 100), 1_000);
  }, 3_600_000);

  test('are lines that are taken, or refused by line, field, rule and value', async () => {
    await fuzzTraces(ours, inForm(10_000, 1_000_000));
  }, 3_600_000);

  test('may be any JSON in any field', () => {
    const field = fc.constantFrom(
      ...OPS.flatMap((op) => Object.keys(full(op)).map((name) => [op, name] as const)),
    );
    fc.assert(
      fc.property(field, fc.jsonValue({ depthSize: 'medium' }), ([op, name], value) => {
        const text = JSON.stringify({ ...full(op), [name]: value });
        expect(readTrace(ours, Buffer.from(text), 2 ** 18)).toMatch(/^(taken|refused)$/);
      }),
      { numRuns: inForm(5_000, 200_000), seed: 2 },
    );
  }, 3_600_000);
});

describe('the controls fail', () => {
  const controls: readonly [what: string, change: Change, shows: RegExp][] = [
    [
      'JSON that is none is let through',
      { file: 'src/cli/trace/parse-line.js', from: 'catch {', to: 'catch (error) { throw error;' },
      /: SyntaxError: /,
    ],
    [
      'a line that is no text is decoded',
      { file: 'src/cli/trace/line-splitter.js', from: '&& !isUtf8(line)', to: '&& false' },
      /: it was no UTF-8$/,
    ],
  ];
  test.each(controls)('where %s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    const load = (file: string) => import(new URL(`src/cli/trace/${file}.js`, mutant.url).href);
    const reader = { ...(await load('line-splitter')), ...(await load('parse-line')) } as TraceReader;
    await expect(fuzzTraces(reader, 20_000)).rejects.toThrow(shows);
  });

  test('where what the engine does not take of a line is thrown', async () => {
    using mutant = new Mutant([
      { file: 'src/cli/replay.js', from: 'error.code !== ErrorCode.INVALID_ARGUMENT', to: 'true' },
    ]);
    const { replay: changed } = await mutant.load<{ replay: typeof replay }>('src/cli/replay.js');
    await expect(fuzzReplays(changed, 3, 1_000)).rejects.toThrow(
      /^replays: case \d+ of seed 3: SfuStatsError: /,
    );
  });
});
