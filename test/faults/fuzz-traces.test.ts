import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from '../../dist/src/cli/trace/line-splitter.js';
import { parseTraceLine } from '../../dist/src/cli/trace/parse-line.js';
import { EVERY_OP } from '../cli/every-op.js';
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

describe('bytes of a trace', () => {
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
});
