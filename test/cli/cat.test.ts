import { spawn } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CatOptions } from '../../dist/src/cli/cat.js';
import {
  eventsBatch,
  JOINED,
  roomsBatch,
  statOf,
  statsBatch,
  statsFrom,
} from '../exporters/file/messages.js';
import { chunksOf, FileRig } from '../exporters/file/rig.js';
import { runCat } from './run-cat.js';
import { type CliResult, runCli, startCli } from './run-cli.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const files: Record<'jsonl' | 'msgpack', string> = { jsonl: '', msgpack: '' };
/** A name that means to be much more than one. */
const HOSTILE = '\u001b[2J\u009b31m=cmd|"x",\r\n\u202e\u0000';

beforeAll(async () => {
  for (const form of ['jsonl', 'msgpack'] as const) {
    const rig = new FileRig({ form });
    rig.exporter.write(statsFrom(0, 6));
    rig.exporter.write(eventsBatch([JOINED]));
    rig.exporter.write(roomsBatch());
    rig.exporter.write(statsBatch([statOf(6, { roomName: HOSTILE, participantId: HOSTILE, score: 0 })]));
    await rig.exporter.close(5_000);
    files[form] = folder.fileOf(`stats.${form}`, readFileSync(rig.path));
    await rig.dispose();
  }
});

/** What the command prints, without a process for it. */
async function run(flags: readonly string[], input: string | Buffer = ''): Promise<CliResult> {
  const options: Record<string, unknown> = {};
  const given: string[] = [];
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at]!;
    if (flag === '--json' || flag === '--csv') options[flag.slice(2)] = true;
    else if (flag.startsWith('--')) options[flag.slice(2)] = flags[++at];
    else given.push(flag);
  }
  return runCat({ ...options, files: given } as CatOptions, chunksOf(Buffer.from(input), 100));
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

describe.each(['jsonl', 'msgpack'] as const)('sfu-stats cat, of %s', (form) => {
  test('prints a table: a line for each stat, event and report', async () => {
    const { status, stdout, stderr } = await runCli(['cat', files[form]]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [head, first, ...rest] = linesOf(stdout);
    expect(head).toMatch(
      /^time +what +room +participant +track +packets +bytes +lost +rtt +jitter +min\/med\/avg$/,
    );
    expect(first).toMatch(
      /^2026-01-31T12:00:00\.250Z up +room 0 +PA_0 +TR_0 +1011 +100950 +0 +30 +1200 3\.50\/4\.50\/4\.25$/,
    );
    expect(first).toHaveLength(head!.length);
    expect(rest).toHaveLength(8);
    expect(rest[5]).toMatch(/^2026-01-31T12:00:00Z +PARTICIPANT_JOINED +room 1 +PA_1$/);
    expect(rest[6]).toMatch(/^2026-01-31T12:00:00Z +rooms +2 rooms +1 participants$/);
  });

  test('prints JSON Lines that are the same whatever the file', async () => {
    const { status, stdout } = await run(['--json', files[form]]);
    expect(status).toBe(0);
    const lines = linesOf(stdout).map((line) => JSON.parse(line));
    expect(lines).toEqual(
      linesOf(readFileSync(files.jsonl, 'utf8'))
        .map((line) => JSON.parse(line))
        .slice(1),
    );
    expect(lines[8].stat.roomName).toBe(HOSTILE);
  });

  test('prints CSV that a spreadsheet takes for text and numbers, and nothing else', async () => {
    const { status, stdout } = await run(['--csv', files[form]]);
    expect(status).toBe(0);
    const lines = stdout.split('\r\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe(
      'kind,time,room_id,room_name,participant_id,track_id,direction,event,packets,bytes,lost,rtt_ms,jitter_us,' +
        'score_min,score_median,score_avg',
    );
    expect(lines[2]).toBe(
      'stat,2026-01-31T12:00:00.250Z,RM_1,room 1,PA_1,TR_1,down,,1012,100951,1,30,1200,3.5,4.5,4.25',
    );
    expect(lines[7]).toBe('event,2026-01-31T12:00:00Z,RM_1,room 1,PA_1,,,PARTICIPANT_JOINED,,,,,,,,');
    expect(lines[9]).toContain('"\\u001b[2J\\u009b31m=cmd|""x"",\\u000d\\u000a\\u202e\\u0000"');
    expect(lines[9]).toMatch(/,1017,100956,2,30,1200,,,$/);
  });

  test('lets no control character of a file out to a terminal', async () => {
    for (const flags of [[], ['--json'], ['--csv']]) {
      const { stdout } = await run([...flags, files[form]]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout.replaceAll(/\r?\n/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      expect(stdout).toContain('\\u001b[2J\\u009b');
    }
  });

  test.each<[string[], number]>([
    [['--room', 'RM_1'], 4],
    [['--room', 'room 1'], 4],
    [['--participant', 'PA_1'], 3],
    [['--track', 'TR_3'], 1],
    [['--kind', 'stats'], 7],
    [['--kind', 'events'], 1],
    [['--kind', 'rooms'], 1],
    [['--room', 'RM_2', '--kind', 'rooms'], 1],
    [['--room', 'RM_9'], 0],
    [['--room', 'room 1', '--participant', 'PA_1', '--kind', 'stats'], 1],
  ])('filters: %j', async (flags, expected) => {
    const { status, stdout } = await run(['--json', files[form], ...flags]);
    expect(status).toBe(0);
    expect(linesOf(stdout)).toHaveLength(expected);
    expect(linesOf((await run([files[form], ...flags])).stdout)).toHaveLength(expected + 1);
  });

  test('reads gzipped files, many files, and standard input', async () => {
    const whole = readFileSync(files[form]);
    const gz = folder.fileOf(`copy.${form}.gz`, gzipSync(whole));
    const { status, stdout, stderr } = await run(['--json', gz, '-', files[form]], gzipSync(whole));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = linesOf(stdout);
    expect(lines).toHaveLength(27);
    expect(lines.slice(0, 9)).toEqual(lines.slice(9, 18));
    expect((await run(['-'], whole)).stdout).toBe((await run([gz])).stdout);
  });

  test('tells of a torn last record, prints the rest, and ends with 0', async () => {
    const torn = folder.fileOf(`torn.${form}`, readFileSync(files[form]));
    truncateSync(torn, readFileSync(torn).length - 5);
    const { status, stdout, stderr } = await run(['--json', torn]);
    expect(status).toBe(0);
    expect(linesOf(stdout)).toHaveLength(8);
    expect(stderr).toMatch(
      /torn\.\w+: 1 record at the end is torn, \d+ bytes from byte \d+: the last \w+ is not/,
    );
  });

  test('names the file and the place that are corrupt, prints the rest, and ends with 1', async () => {
    const bytes = readFileSync(files[form]);
    bytes[bytes.length >> 1]! ^= 0x80;
    const corrupt = folder.fileOf(`corrupt.${form}`, bytes);
    const { status, stdout, stderr } = await run(['--json', corrupt, files[form]]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^\S+corrupt\.\w+: corrupt at byte \d+: .+ \(\d+ bytes passed over\)\n$/);
    expect(linesOf(stdout).length).toBeGreaterThan(9);
    expect(linesOf(stdout).length).toBeLessThan(18);
  });
});

describe('sfu-stats cat', () => {
  test('ends with 2 where a file cannot be read, after it has printed the others', async () => {
    const other = folder.fileOf('passwd', 'root:x:0:0\n');
    const missing = join(folder.path, 'missing\u001b[31m');
    const { status, stdout, stderr } = await run(['--json', missing, other, files.jsonl]);
    expect(status).toBe(2);
    expect(linesOf(stdout)).toHaveLength(9);
    expect(linesOf(stderr)[0]).toMatch(/missing\\u001b\[31m: cannot be read: ENOENT/);
    expect(linesOf(stderr)[1]).toMatch(/passwd: cannot be read: it is not a file of the file exporter$/);
  });

  test('tells of the first corrupt places, and counts the others', async () => {
    const text = `{"kind":"stat","stat":{"id":"AS_0"}}\n${'nonsense\n'.repeat(50)}`;
    const { status, stderr } = await run(['-'], text);
    expect(status).toBe(1);
    expect(linesOf(stderr)).toHaveLength(21);
    expect(linesOf(stderr)[20]).toBe('<stdin>: 30 more places are corrupt');
  });

  test.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['  =1', `"'  =1"`],
    ['＝1', `"'＝1"`],
    ['\t=1', '\\u0009=1'],
    ['a=b', 'a=b'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
  ])('CSV has the room %j as %s', async (room, cell) => {
    const line = JSON.stringify({ kind: 'stat', stat: { roomName: room, participantId: 'P' } });
    const { stdout } = await run(['-', '--csv'], `${line}\n`);
    expect(stdout.split('\r\n')[1]).toBe(`stat,,,${cell},P,,up,,0,0,0,0,0,,,`);
  });

  test('takes any JSON for what it is: strange values are left out, nothing fails', async () => {
    const stats = [
      { streams: 7, score: 'high', timeStamp: [], roomName: { a: 1 }, kind: {} },
      {
        streams: [
          null,
          7,
          { primaryBytes: 'x', primaryPackets: 'y' },
          { primaryBytes: '18446744073709551615' },
        ],
      },
      { participantId: '😀'.repeat(300), roomName: '日本語の会議室の名前はとても長いです' },
    ];
    const text = stats.map((stat) => `${JSON.stringify({ kind: 'stat', stat })}\n`).join('');
    const { status, stdout, stderr } = await run(['-'], text);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout)[2]).toMatch(/ 18446744073… /);
    expect(linesOf(stdout)[3]).toContain('日本語の会議室');
  });

  test('prints JSON also of lines that have spaces between values, as tabs, and end as Windows ends them', async () => {
    const { status, stdout } = await run(['-', '--json'], '{"kind":"stat",\t"stat":{"id":"a\\tb"}}\r\n');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: '{"kind":"stat", "stat":{"id":"a\\tb"}} \n',
    });
  });

  test('ends quietly when nobody reads any more', async () => {
    const line = `${JSON.stringify({ kind: 'stat', stat: { id: 'x'.repeat(1000) } })}\n`;
    const file = folder.fileOf('long.jsonl', line.repeat(20_000));
    for (const flags of [[], ['--json'], ['--csv']]) {
      const child = startCli(['cat', ...flags, file]);
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      child.stdout.once('data', () => child.stdout.destroy());
      const status = await new Promise((resolve) => child.once('close', resolve));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });

  test('holds little of a long file', async () => {
    const line = `${JSON.stringify({ kind: 'stat', stat: { id: 'AS', roomName: 'x'.repeat(900) } })}\n`;
    const file = folder.fileOf('huge.jsonl', line.repeat(100_000));
    const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
    for (const flags of [[], ['--json'], ['--csv']]) {
      const child = spawn(process.execPath, ['--max-old-space-size=32', main, 'cat', ...flags, file], {
        stdio: 'ignore',
      });
      // A process that runs out of memory is killed by a signal.
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    }
    writeFileSync(file, '');
  });

  test.each<[string[], RegExp]>([
    [['cat'], /missing required argument 'files'/],
    [['cat', '-', '--kind', 'x'], /Allowed choices are stats, events, rooms/],
    [['cat', '-', '--json', '--csv'], /cannot be used with/],
    [['cat', '-', '--room', ''], /must not be empty/],
  ])('refuses with 2: %j', async (flags, message) => {
    const { status, stderr } = await runCli(flags);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('helps, with examples', async () => {
    const { status, stdout } = await runCli(['cat', '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\$ sfu-stats cat stats\.jsonl --kind stats --room lobby/);
  });
});
