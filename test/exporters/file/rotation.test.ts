import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ClosedNames } from '../../../dist/src/exporters/file/log/closed-names.js';
import { idsFrom, statsFrom } from './messages.js';
import { FileRig, idsIn } from './rig.js';

const open: FileRig[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.dispose()));
});
function rigOf(...given: ConstructorParameters<typeof FileRig>): FileRig {
  const rig = new FileRig(...given);
  open.push(rig);
  return rig;
}
const sent = (rig: FileRig, batches: number): Promise<void> =>
  vi.waitFor(() => expect(rig.sentBatches).toBe(batches), { timeout: 20_000 });
const namesIn = (folder: string): string[] => readdirSync(folder).filter((name) => !name.endsWith('.lock'));
const closedIn = (folder: string): string[] =>
  namesIn(folder)
    .filter((name) => /-\d{8}T\d{9}Z-\d{6}\./.test(name))
    .sort();
async function idsInAll({ folder, path }: FileRig): Promise<unknown[]> {
  const ids = [];
  for (const name of closedIn(folder)) ids.push(...(await idsIn(join(folder, name))));
  return [...ids, ...(await idsIn(path))];
}

/** At once, or when the file that is being renamed has its new name. */
const holds = (rig: FileRig, ids: readonly string[]): Promise<void> =>
  vi.waitFor(async () => expect(await idsInAll(rig)).toEqual(ids), { timeout: 20_000 });

describe.each(['jsonl', 'msgpack'] as const)('rotation in %s', (form) => {
  test('by size, under load: nothing is lost, every file is one that can be read, all are compressed', async () => {
    const rig = rigOf({ form, maxFileBytes: 20_000 });
    const BATCHES = 300;
    for (let n = 0; n < BATCHES; n++) rig.exporter.write(statsFrom(3 * n, 3 * n + 3));
    await sent(rig, BATCHES);
    await vi.waitFor(() => expect(closedIn(rig.folder).every((name) => name.endsWith('.gz'))).toBe(true), {
      timeout: 20_000,
    });
    const closed = closedIn(rig.folder);
    expect(closed.length).toBeGreaterThan(3);
    await holds(rig, idsFrom(0, 3 * BATCHES));
    const biggest = 3 * 1_000;
    for (const name of closed) {
      const { length } = gunzipSync(readFileSync(join(rig.folder, name)));
      expect(length).toBeGreaterThanOrEqual(20_000);
      expect(length).toBeLessThan(20_000 + biggest);
      expect(statSync(join(rig.folder, name)).mode & 0o777).toBe(0o640 & ~process.umask());
    }
    expect(rig.errors).toBe(0);
    await rig.exporter.close(5_000);
    expect(namesIn(rig.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('by age, also while nothing is written; a file with nothing in it stays', async () => {
    const rig = rigOf({ form, maxFileAgeMs: 30, gzip: false });
    rig.exporter.write(statsFrom(0, 1));
    await vi.waitFor(() => expect(closedIn(rig.folder)).toHaveLength(1), { timeout: 20_000 });
    await holds(rig, idsFrom(0, 1));
    rig.exporter.write(statsFrom(1, 2));
    await vi.waitFor(() => expect(closedIn(rig.folder)).toHaveLength(2), { timeout: 20_000 });
    await holds(rig, idsFrom(0, 2));
    expect(await idsIn(rig.path)).toEqual([]);
  });
});

describe('closed files', () => {
  test('are kept as many as asked for, the newest', async () => {
    const rig = rigOf({ maxFileBytes: 1, gzip: false, keepFiles: 3 });
    for (let n = 0; n < 10; n++) rig.exporter.write(statsFrom(n, n + 1));
    await sent(rig, 10);
    await holds(rig, idsFrom(7, 10));
    expect(closedIn(rig.folder).length).toBeLessThanOrEqual(3);
  });

  test('are kept as many bytes of as asked for, the newest', async () => {
    const sample = rigOf({ maxFileBytes: 1, gzip: false });
    sample.exporter.write(statsFrom(0, 1));
    await vi.waitFor(() => expect(closedIn(sample.folder)).toHaveLength(1));
    const { size } = statSync(join(sample.folder, closedIn(sample.folder)[0]!));
    const rig = rigOf({ maxFileBytes: 1, gzip: false, keepBytes: 2 * size + 200 });
    for (let n = 0; n < 8; n++) rig.exporter.write(statsFrom(n, n + 1));
    await sent(rig, 8);
    await holds(rig, idsFrom(6, 8));
  });

  test('of other files, and of other paths, none is touched', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-file-'));
    const others = [
      'stats2-20200101T000000000Z-000000.jsonl',
      'stats-20200101T000000000Z-000000.msgpack',
      'stats-2020.jsonl',
      'xstats-20200101T000000000Z-000000.jsonl',
      'stats-20200101T000000000Z-000000.jsonl.gz.bak',
      'stats.jsonl.1',
    ];
    for (const name of others) writeFileSync(join(folder, name), name);
    const rig = rigOf({ maxFileBytes: 1, keepFiles: 0 }, folder);
    for (let n = 0; n < 3; n++) rig.exporter.write(statsFrom(n, n + 1));
    await sent(rig, 3);
    await rig.exporter.close(5_000);
    for (const name of others) expect(readFileSync(join(folder, name), 'utf8')).toBe(name);
  });

  test('that a crash left uncompressed, half compressed or twice are put in order at the start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-file-'));
    const name = (n: number): string => join(folder, `stats-20200101T00000000${n}Z-000000.jsonl`);
    const line = (n: number): string => `{"kind":"stat","stat":{"id":"AS_${n}"}}\n`;
    writeFileSync(name(0), line(0));
    writeFileSync(name(1), line(1));
    writeFileSync(`${name(1)}.gz.tmp`, gzipSync(line(1)).subarray(0, 12));
    writeFileSync(name(2), line(2));
    writeFileSync(`${name(2)}.gz`, gzipSync(line(2)));
    const rig = rigOf({}, folder);
    await vi.waitFor(
      () => expect(closedIn(folder)).toEqual([0, 1, 2].map((n) => `${name(n).slice(folder.length + 1)}.gz`)),
      { timeout: 20_000 },
    );
    await holds(rig, idsFrom(0, 3));
  });

  test('count once where they are there both ways, also when nothing is compressed any more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-file-'));
    const name = 'stats-20200101T000000000Z-000000.jsonl';
    writeFileSync(join(folder, name), '{"kind":"stat","stat":{"id":"AS_0"}}\n');
    writeFileSync(join(folder, `${name}.gz`), gzipSync('{"kind":"stat","stat":{"id":"AS_0"}}\n'));
    const rig = rigOf({ gzip: false }, folder);
    await vi.waitFor(() => expect(closedIn(folder)).toEqual([`${name}.gz`]), { timeout: 20_000 });
    await holds(rig, idsFrom(0, 1));
  });

  test('are in the order they were closed by their names, also when the clock is set back', () => {
    const names = new ClosedNames('/x/a.b+c.jsonl');
    let last = '';
    const ids = [1_000, 1_000, 1_000, 500, 2_000, 1_999].map(
      (nowMs) => (last = ClosedNames.nextId(nowMs, last)),
    );
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    expect(names.of(ids[1]!)).toBe('a.b+c-19700101T000001000Z-000001.jsonl');
    expect(names.parse(`${names.of(ids[1]!)}.gz`)).toEqual({
      name: 'a.b+c-19700101T000001000Z-000001.jsonl.gz',
      id: ids[1],
      isCompressed: true,
      isTemporary: false,
    });
    expect(names.parse('axb+c-19700101T000001000Z-000001.jsonl')).toBeUndefined();
  });
});
