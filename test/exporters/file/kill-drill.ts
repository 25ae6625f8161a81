import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { FileOptions } from '../../../dist/src/exporters/file/file-options.js';
import { SeededRandom } from '../../helpers/seeded-random.js';
import { readBack } from './rig.js';

const WRITER = fileURLToPath(new URL('./fixtures/writer.mjs', import.meta.url));
const DIST = new URL('../../../dist/', import.meta.url);
const MOST_LINES = 250;

interface Killed {
  /** Stats that were acknowledged, and that were offered, when it died. */
  readonly acknowledged: number;
  readonly offered: number;
  readonly said: string[];
}

/** Starts a process that writes, and kills it when it has said so many lines. */
async function killed(options: FileOptions, round: number, afterLines: number, dist: URL): Promise<Killed> {
  const child = spawn(process.execPath, [WRITER, JSON.stringify({ round, options }), dist.href], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let text = '';
  let lines = 0;
  for await (const chunk of child.stdio[3] as Readable) {
    text += String(chunk);
    lines += String(chunk).split('\n').length - 1;
    if (lines >= afterLines) child.kill('SIGKILL');
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  const said = text.split('\n').slice(0, -1);
  const last = (letter: string): number =>
    Number(said.findLast((line) => line.startsWith(`${letter} `))?.slice(2) ?? 0);
  return { acknowledged: last('a'), offered: last('o'), said };
}

/** The files of a path, the oldest first; a closed one that was compressed and not yet removed counts once. */
function filesOf(folder: string, path: string): string[] {
  const closed = readdirSync(folder)
    .filter((name) => /-\d{8}T\d{9}Z-\d{6}/.test(name) && !name.endsWith('.tmp'))
    .sort();
  const once = closed.filter((name) => name.endsWith('.gz') || !closed.includes(`${name}.gz`));
  return [...once.map((name) => join(folder, name)), path];
}

const KINDS: readonly (readonly [string, Partial<FileOptions>])[] = [
  ['jsonl, every batch on the disk', { form: 'jsonl', fsync: 'batch' }],
  ['msgpack, every batch on the disk', { form: 'msgpack', fsync: 'batch' }],
  ['jsonl, with rotation', { form: 'jsonl', fsync: 'never', maxFileBytes: 40_000 }],
  [
    'msgpack, with rotation',
    { form: 'msgpack', fsync: 'interval', fsyncIntervalMs: 5, maxFileBytes: 20_000 },
  ],
];

/**
 * Kills processes that write, one after another, into the same files, and expects what was acknowledged, once, in order.
 * @param dist the compiled package that writes
 */
export async function expectKept(
  name: string,
  given: Partial<FileOptions>,
  rounds: number,
  dist = DIST,
): Promise<void> {
  const random = new SeededRandom(name.length * 1000 + 7);
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-kill-'));
  const path = join(folder, `stats.${given.form}`);
  const options: FileOptions = { ...given, path, keepFiles: 100_000, retryMinMs: 1 };
  const expected: string[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const afterLines = random.int(1, random.chance(0.2) ? 8 : MOST_LINES);
      const { acknowledged, offered, said } = await killed(options, round, afterLines, dist);
      const records: { readonly id: string; readonly packets: number }[] = [];
      for (const file of filesOf(folder, path)) {
        const back = await readBack(file).catch((error: NodeJS.ErrnoException) => {
          // Killed before the file was there, or between two files.
          if (file === path && /ENOENT/.test(error.message)) return { records: [], damages: [] };
          throw error;
        });
        expect(back.damages.filter(({ kind }) => kind !== 'torn')).toEqual([]);
        if (file !== path) expect(back.damages).toEqual([]);
        for (const { json } of back.records) {
          const { id, streams } = json as { id: string; streams?: { primaryPackets?: number }[] };
          records.push({ id, packets: streams?.[0]?.primaryPackets ?? 0 });
        }
      }
      const ofRound = records.length - expected.length;
      const context = `round ${round}, killed after ${afterLines} lines: ${said.slice(-5).join(' | ')}`;
      expect(ofRound, context).toBeGreaterThanOrEqual(acknowledged);
      expect(ofRound, context).toBeLessThanOrEqual(offered);
      for (let n = 0; n < ofRound; n++) expected.push(`${round}:${n}`);
      expect(
        records.map(({ id }) => id),
        context,
      ).toEqual(expected);
      const sum = records
        .slice(-ofRound || records.length)
        .reduce((total, { packets }) => total + packets, 0);
      if (ofRound > 0) expect(sum, context).toBe((ofRound * (ofRound - 1)) / 2);
      // A torn record of the round before was said to be cut, and nothing else went wrong.
      expect(said.filter((line) => /^[lr] /.test(line) && !/starting|running|_TORN$/.test(line))).toEqual([]);
    }
    expect(expected.length).toBeGreaterThan(rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param kills of all kinds of files together */
export function describeKills(kills: number): void {
  const rounds = Math.ceil(kills / KINDS.length);
  describe(`a process that writes, killed with SIGKILL at ${kills} seeded moments`, () => {
    test.concurrent.each(KINDS)(
      'leaves every acknowledged record, once, in order, and none that it was not given: %s',
      (name, given) => expectKept(name, given, rounds),
      240_000,
    );
  });
}
