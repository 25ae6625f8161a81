import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readOutput, replayLines, runCli } from './run-cli.js';
import { temporaryFolder } from './temporary-folder.js';
import { data, JOINED, rtp } from './trace-lines.js';

const folder = temporaryFolder();

describe('bad input', () => {
  test('ends a replay with status 2, after everything before it was flushed and printed', async () => {
    const path = folder.fileOf(
      'bad.jsonl',
      [JOINED, rtp(10, 3), data(20, -1), rtp(30, 9)].map((line) => JSON.stringify(line)).join('\n'),
    );
    const { status, stdout, stderr } = await runCli(['replay', path]);
    expect(status).toBe(2);
    expect(stderr).toBe(`${path}:3: bytes: a whole number, not negative, got -1\n`);
    const { flushes, summary } = readOutput(stdout);
    expect(flushes.map(({ t }) => t)).toEqual([10]);
    expect(flushes[0]?.stats[0]?.streams[0]?.primaryPackets).toBe(3);
    expect(summary.reported.UPSTREAM.packets).toBe(3);
  });

  test('of a line that comes late in time is refused by its t', async () => {
    const { status, stderr } = await replayLines([JOINED, rtp(10, 3), rtp(9, 4)]);
    expect(status).toBe(2);
    expect(stderr).toBe('<stdin>:3: t: never falling, so at least 10, got 9\n');
  });

  test.each([
    ['{"t":0', 'line: one JSON object, got "{\\"t\\":0"'],
    ['{"t":0,"op":"nap"}', 'op: an op of the trace format, got "nap"'],
    ['{"t":300000000000000,"op":"flush"}', 't: before the year 10000, got 300000000000000'],
    [
      `{"t":0,"op":"room_started","room":"${'x'.repeat(1025)}"}`,
      /^<stdin>:1: room: at most 1024 characters long, got "x+…?"?\n$/,
    ],
  ])('is refused on the first line: %s', async (line, message) => {
    const { status, stdout, stderr } = await replayLines([line]);
    expect(status).toBe(2);
    expect(stderr).toEqual(
      typeof message === 'string' ? `<stdin>:1: ${message}\n` : expect.stringMatching(message),
    );
    expect(readOutput(stdout).flushes).toEqual([]);
  });

  test('is counted and passed over with --on-error skip, a falling t too', async () => {
    const { status, stdout, stderr } = await replayLines(
      [JOINED, rtp(10, 3), 'oops', rtp(5, 100), data(11, -1), { t: 12, op: 'nap' }, rtp(20, 4)],
      ['--on-error', 'skip'],
    );
    expect(status).toBe(0);
    const { flushes, summary } = readOutput(stdout);
    expect(summary.skippedLines).toBe(4);
    expect(flushes.map(({ t, stats }) => [t, stats[0]?.streams[0]?.primaryPackets])).toEqual([[20, 4]]);
    expect(stderr.split('\n').map((line) => line.split(' got ')[0])).toEqual([
      '<stdin>:3: line: one JSON object,',
      '<stdin>:4: t: never falling, so at least 10,',
      '<stdin>:5: bytes: a whole number, not negative,',
      '<stdin>:6: op: an op of the trace format,',
      '<stdin>: 4 lines were skipped',
      '',
    ]);
  });

  test('a bad line does not move time on', async () => {
    const lines = [JOINED, rtp(10, 3), { t: 60_000, op: 'nap' }, rtp(20, 4)];
    const { stdout } = await replayLines(lines, ['--on-error', 'skip']);
    expect(readOutput(stdout).flushes.map(({ t }) => t)).toEqual([20]);
  });

  test('that is not there, a folder, or cut short ends a replay with status 2', async () => {
    const packed = gzipSync(JSON.stringify(JOINED));
    const cut = folder.fileOf('cut.gz', packed.subarray(0, packed.length - 6));
    const missing = join(folder.path, 'missing.jsonl');
    for (const [path, why] of [
      [missing, /ENOENT/],
      [folder.path, /EISDIR/],
      [cut, /unexpected end of file/],
    ] as const) {
      const { status, stderr } = await runCli(['replay', path]);
      expect(status).toBe(2);
      expect(stderr).toMatch(why);
      expect(stderr.startsWith(`${path}: cannot be read: `)).toBe(true);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('does not include unknown fields: one warning a name', async () => {
    const { status, stderr } = await replayLines([
      { ...JOINED, new1: 1 },
      rtp(10, 1, { new1: 2, streams: [{ new2: 1 }, { new2: 2 }] }),
      data(11, 1, { new1: 1 }),
    ]);
    expect(status).toBe(0);
    expect(stderr).toBe(
      '<stdin>:1: unknown field "new1" is ignored\n<stdin>:2: unknown field "new2" is ignored\n',
    );
  });
});
