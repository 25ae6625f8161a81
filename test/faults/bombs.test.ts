import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FORM_RULES } from '../../dist/src/exporters/file/forms/file-forms.js';
import { type Change, Mutant } from '../helpers/mutant.js';

const CAT = fileURLToPath(new URL('./fixtures/weighed-cat.mjs', import.meta.url));
const DIST = new URL('../../dist/', import.meta.url);
const MB = 2 ** 20;

interface Bomb {
  readonly start: Uint8Array;
  readonly byte: number;
  /** What it unpacks to, bytes. */
  readonly unpacked: number;
  /** What reading it may take, bytes. */
  readonly limit: number;
}

/** A line may have 64 MB; what is held of it is copied while it doubles. */
const LINE: Bomb = {
  start: Buffer.from('{"kind":"stat","stat":{"id":"'),
  byte: 0x61,
  unpacked: 512 * MB,
  limit: 320 * MB,
};
/** Looking for the next frame takes a window of 64 kB. */
const ZEROS: Bomb = { start: FORM_RULES.msgpack.header, byte: 0, unpacked: 64 * MB, limit: 64 * MB };

/** Reads it in a process of its own, whose memory nobody else has used, and expects that it took no more than it may. */
async function expectHeldLittle({ start, byte, unpacked, limit }: Bomb, dist = DIST): Promise<void> {
  // Members of a megabyte each: whoever makes it holds little, too.
  const members = new Array<Buffer>(unpacked / MB).fill(gzipSync(Buffer.alloc(MB, byte)));
  const packed = Buffer.concat([gzipSync(start), ...members]);
  expect(packed.length).toBeLessThan(MB);
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-bomb-'));
  try {
    const path = join(folder, 'bomb.gz');
    writeFileSync(path, packed);
    const { stdout: said } = await promisify(execFile)(process.execPath, [CAT, dist.href, path]);
    const { status, stdout, stderr, peak } = JSON.parse(said);
    console.info(`${Math.round(peak / MB)} MB for ${unpacked / MB}`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/: 1 record at the end is torn, \d+ bytes/);
    expect(peak, 'bytes held').toBeLessThan(limit);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const bombs: readonly [what: string, bomb: Bomb, mistake: Change][] = [
  [
    'a line without end',
    LINE,
    { file: 'src/exporters/file/reader/read-lines.js', from: 'if (from > MAX_LINE_BYTES)', to: 'if (false)' },
  ],
  [
    'a frame of zeros',
    ZEROS,
    {
      file: 'src/exporters/file/reader/read-frames.js',
      from: 'await source.hold(WINDOW_BYTES);',
      to: 'await source.hold(2 ** 30);',
    },
  ],
];

describe('of less than a megabyte that unpacks to very much little is held:', () => {
  test.each(bombs)('%s', async (_, bomb) => {
    await expectHeldLittle(bomb);
  });

  test.each(bombs)('the control holds it all: %s', async (_, bomb, mistake) => {
    using mutant = new Mutant([mistake]);
    await expect(expectHeldLittle(bomb, mutant.url)).rejects.toThrow(/^bytes held: /);
  });
});
