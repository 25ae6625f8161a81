import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { Packr } from 'msgpackr/pack';
import { describe, expect, test, vi } from 'vitest';
import { type CatOptions, cat } from '../../dist/src/cli/cat.js';
import type { Batch } from '../../dist/src/exporters/batch.js';
import { type FileForm, FORM_RULES } from '../../dist/src/exporters/file/forms/file-forms.js';
import { readExportFile } from '../../dist/src/index.js';
import { runCat } from '../cli/run-cat.js';
import type { CliResult } from '../cli/run-cli.js';
import {
  eventsBatch,
  JOINED,
  roomsBatch,
  statOf,
  statsBatch,
  statsFrom,
} from '../exporters/file/messages.js';
import { chunksOf } from '../exporters/file/rig.js';
import { mutated } from '../helpers/byte-mutator.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import type { SeededRandom } from '../helpers/seeded-random.js';
import { expectShowable } from '../helpers/showable.js';

const HOSTILE = '<script>"}\n{\u001b[2J\u202e=cmd|';
const BATCHES: readonly Batch[] = [
  statsFrom(0, 3),
  eventsBatch([JOINED]),
  roomsBatch(),
  statsBatch([statOf(6, { roomName: HOSTILE, participantId: HOSTILE, score: 0 })]),
];
const packr = new Packr({ useRecords: false });

function fileOf(form: FileForm, batches = BATCHES): Buffer {
  const { header, pieces } = FORM_RULES[form];
  return Buffer.concat([
    header,
    ...batches.flatMap((batch) => [...(pieces(batch) as Generator<Uint8Array, void>)]),
  ]);
}

/** A payload as a frame whose checks are right, whatever it is. */
function frameOf(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8)), 8);
  return Buffer.concat([head, payload]);
}

const payloadOf = ({ kind, bytes }: Pick<Batch, 'kind' | 'bytes'>): Buffer =>
  packr.pack({ kind, timeMs: 0, items: 1, bytes });

const LINES = [fileOf('jsonl'), ...BATCHES.map((batch) => fileOf('jsonl', [batch]))];
const FRAMES = [fileOf('msgpack'), ...BATCHES.map((batch) => fileOf('msgpack', [batch]))];
const GZIPPED = [gzipSync(LINES[0]!), gzipSync(FRAMES[0]!)];
const PAYLOADS = BATCHES.map(payloadOf);
const TEXTS = [
  ...[
    '"kind":"stat",',
    '"stat":',
    '"protobuf":"CgA="',
    '"streams":[',
    '{"a":[],"a":{}}',
    '\n{"kind":"file","version":2}\n',
  ],
  ...[
    '"timeStamp":',
    '"score":1e308,',
    '"primaryBytes":"',
    '"packetsLost":-1,',
    'kind',
    'bytes',
    'stats',
    'nodeRooms',
  ],
];

/** The bytes of a file that somebody means harm with, as deep as it goes: in its frames, their maps, their protobuf. */
const HOW = {
  lines: (random: SeededRandom) => mutated(random, LINES, TEXTS),
  frames: (random: SeededRandom) => mutated(random, FRAMES, TEXTS),
  gzipped: (random: SeededRandom) => mutated(random, GZIPPED),
  inGzip: (random: SeededRandom) =>
    gzipSync(mutated(random, random.chance(0.5) ? LINES : FRAMES, TEXTS), { level: 1 }),
  payloads: (random: SeededRandom) => inFile(frameOf(mutated(random, PAYLOADS, TEXTS))),
  protobuf: (random: SeededRandom) => {
    const batch = random.pick(BATCHES);
    return inFile(frameOf(payloadOf({ kind: batch.kind, bytes: mutated(random, [batch.bytes], [HOSTILE]) })));
  },
};

/** Behind a sound frame, and before one. */
function inFile(frame: Buffer): Buffer {
  return Buffer.concat([FRAMES[1]!, frame, FRAMES[2]!.subarray(FORM_RULES.msgpack.header.length)]);
}

type Cat = typeof cat;
type View = Omit<CatOptions, 'files'>;

const VIEWS: readonly View[] = [
  { json: true },
  { json: true, room: 'RM_1' },
  { csv: true },
  { csv: true, kind: 'rooms', participant: 'PA_1' },
  {},
  { track: 'TR_1' },
];

/** Whatever is in the file, what is printed is what was asked for, a line each. */
function expectPrinted({ json = false, csv = false }: View, { stdout, stderr, status }: CliResult): void {
  const lines = stdout.split(csv ? '\r\n' : '\n');
  expect(lines.pop()).toBe('');
  for (const line of lines) {
    expectShowable(line, 200_000);
    if (json) expect(['stat', 'event', 'nodeRooms']).toContain((JSON.parse(line) as { kind: unknown }).kind);
    if (csv) expect(line.replaceAll(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(16);
  }
  for (const line of stderr.split('\n')) expectShowable(line);
  expect([0, 1, 2]).toContain(status);
  if (status !== 0) expect(stderr).toMatch(/^<stdin>: /);
}

async function fuzzFiles(command: Cat, cases: number): Promise<void> {
  const one = async (random: SeededRandom): Promise<string> => {
    const how = random.pick(Object.keys(HOW) as (keyof typeof HOW)[]);
    const bytes = HOW[how](random);
    const view = random.pick(VIEWS);
    const said = await runCat(
      { ...view, files: ['-'] },
      chunksOf(bytes, Math.ceil(bytes.length / random.pick([1, 1, 2, 30]))),
      command,
    );
    expectPrinted(view, said);
    return `${how} ${said.status}`;
  };
  const { ends } = await fuzz({ name: 'files', cases, seed: 1, mayGrow: 16 * 2 ** 20 }, one);
  for (const how of Object.keys(HOW)) expect(ends[`${how} 1`] ?? 0, how).toBeGreaterThan(0);
  expect(ends['lines 2']).toBeGreaterThan(0);
}

const open = (): number => readdirSync('/proc/self/fd').length;

/** Reads to the end; tells what was read, and how it ended. */
async function readAll(read: typeof readExportFile, source: Parameters<typeof readExportFile>[0]) {
  const told: string[] = [];
  try {
    for await (const entry of read(source)) {
      told.push('line' in entry ? entry.line : `${entry.kind} ${entry.offset} ${entry.bytes}`);
    }
  } catch (error) {
    if (!(error instanceof Error) || (error as { code?: string }).code !== 'SFU_STATS_UNREADABLE_FILE')
      throw error;
    told.push(error.message);
  }
  return told;
}

/** By its path a file reads as by its bytes, and is closed. */
async function fuzzPaths(read: typeof readExportFile, cases: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-files-'));
  const path = join(folder, 'stats');
  const one = async (random: SeededRandom): Promise<string> => {
    const how = random.pick(Object.keys(HOW) as (keyof typeof HOW)[]);
    const bytes = HOW[how](random);
    writeFileSync(path, bytes);
    const told = await readAll(read, path);
    expect(told).toEqual(await readAll(read, chunksOf(bytes, bytes.length)));
    return told.length === 0 ? 'nothing' : /^cannot be read/.test(told[0]!) ? 'unreadable' : 'read';
  };
  try {
    const before = open();
    const { ends } = await fuzz({ name: 'paths', cases, seed: 3 }, one);
    expect(Math.min(ends.read ?? 0, ends.unreadable ?? 0)).toBeGreaterThan(cases / 100);
    await vi.waitFor(() => expect(open(), 'files that are open').toBeLessThanOrEqual(before), {
      timeout: 500,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a file that somebody means harm with', () => {
  test('reads by its path as by its bytes, and is closed', async () => {
    await fuzzPaths(readExportFile, inForm(300, 30_000));
  }, 3_600_000);

  test('is printed as far as it is one, and told in one line where it is not', async () => {
    await fuzzFiles(cat, inForm(2_500, 300_000));
  }, 3_600_000);
});

describe('the controls fail', () => {
  const controls: readonly [what: string, change: Change, shows: RegExp][] = [
    [
      'msgpack that is none is let through',
      {
        file: 'src/exporters/file/reader/read-frames.js',
        from: 'if (!(error instanceof BadBatch))',
        to: 'if (true)',
      },
      /: BadBatch: /,
    ],
    [
      'names are printed as they came',
      { file: 'src/visible.js', from: 'return text.replace', to: 'return text; text.replace' },
      /: not to be shown: /,
    ],
  ];
  test.each(controls)('where %s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    const { cat: changed } = await mutant.load<{ cat: Cat }>('src/cli/cat.js');
    await expect(fuzzFiles(changed, 2_500)).rejects.toThrow(shows);
  });

  test('where a file stays open', async () => {
    using mutant = new Mutant([
      { file: 'src/exporters/file/reader/read-export-file.js', from: 'await bytes.close();', to: '' },
    ]);
    const { readExportFile: changed } = await mutant.load<{ readExportFile: typeof readExportFile }>(
      'src/index.js',
    );
    await expect(fuzzPaths(changed, 150)).rejects.toThrow(/^files that are open: /);
  }, 60_000);
});
