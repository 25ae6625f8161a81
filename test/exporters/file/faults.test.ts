import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ExporterWords } from '../../../dist/src/memory/exporter-books.js';
import { idsFrom, statsFrom } from './messages.js';
import { FileRig, idsIn, readBack } from './rig.js';

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
const failing = (rig: FileRig, code: string): Promise<void> =>
  vi.waitFor(() => expect(rig.report.error).toMatch(new RegExp(`^${code}: .`)), { timeout: 20_000 });
const attempts = (rig: FileRig, more: number): Promise<void> => {
  const before = rig.words[ExporterWords.RETRIES]!;
  return vi.waitFor(() => expect(rig.words[ExporterWords.RETRIES]).toBeGreaterThan(before + more), {
    timeout: 20_000,
  });
};

describe.each(['jsonl', 'msgpack'] as const)('a disk without room, in %s', (form) => {
  test('stops writing, says so, keeps what waits, and goes on once there is room (the kernel says ENOSPC)', async () => {
    const rig = rigOf({ form });
    rig.exporter.write(statsFrom(0, 3));
    await sent(rig, 1);
    const { size } = statSync(rig.path);
    rig.fileSystem.isFull = true;
    for (let n = 3; n < 9; n++) expect(rig.exporter.write(statsFrom(n, n + 1))).toBe(true);
    await failing(rig, 'SFU_STATS_FILE_DISK_FULL');
    expect(rig.report.error).toMatch(/no space left on device/);
    expect(rig.report.state).toBe('failing');
    await attempts(rig, 3);
    expect(statSync(rig.path).size).toBe(size);
    expect(rig.errors).toBeGreaterThan(3);
    // It is told once, not at every attempt.
    expect(rig.logged).toHaveLength(1);
    rig.fileSystem.recover();
    await sent(rig, 7);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 9));
    await vi.waitFor(() => expect(rig.report).toMatchObject({ state: 'running', error: '' }));
  });

  test('never keeps part of a batch, however much of it fitted', async () => {
    const sample = rigOf({ form });
    sample.exporter.write(statsFrom(0, 1));
    await sent(sample, 1);
    const one = statSync(sample.path).size;
    for (let room = 0; room < one + 40; room += form === 'jsonl' ? 37 : 13) {
      const rig = new FileRig({ form });
      rig.exporter.write(statsFrom(0, 1));
      await sent(rig, 1);
      const { size } = statSync(rig.path);
      rig.fileSystem.room = room;
      rig.exporter.write(statsFrom(1, 3));
      await failing(rig, 'SFU_STATS_FILE_DISK_FULL');
      await attempts(rig, 0);
      expect(statSync(rig.path).size).toBe(size);
      expect(await readBack(rig.path)).toMatchObject({ damages: [] });
      rig.fileSystem.recover();
      await sent(rig, 2);
      expect(await idsIn(rig.path)).toEqual(idsFrom(0, 3));
      await rig.dispose();
    }
  });

  test('from the start: the file begins when there is room', async () => {
    const rig = new FileRig({ form });
    rig.fileSystem.room = 5;
    open.push(rig);
    rig.exporter.write(statsFrom(0, 1));
    await failing(rig, 'SFU_STATS_FILE_DISK_FULL');
    rig.fileSystem.recover();
    await sent(rig, 1);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 1));
  });
});

describe('a file', () => {
  test('is written whole by writes that take a few bytes at a time', async () => {
    const rig = rigOf();
    rig.fileSystem.shortWrites = 7;
    rig.exporter.write(statsFrom(0, 4));
    await sent(rig, 1);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 4));
  });

  test('whose fsync fails is written again from the last batch that is on the disk', async () => {
    const rig = rigOf({ fsync: 'batch' });
    rig.exporter.write(statsFrom(0, 1));
    await sent(rig, 1);
    const { size } = statSync(rig.path);
    rig.fileSystem.failSyncs = 'EIO';
    rig.exporter.write(statsFrom(1, 2));
    rig.exporter.write(statsFrom(2, 3));
    await failing(rig, 'SFU_STATS_FILE_IO');
    await attempts(rig, 2);
    expect(rig.sentBatches).toBe(1);
    rig.fileSystem.failSyncs = undefined;
    await sent(rig, 3);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 3));
    expect(statSync(rig.path).size).toBeGreaterThan(size);
  });

  test('is forced to the disk before a batch counts, for many at once; or in intervals; or never', async () => {
    const batch = rigOf({ fsync: 'batch' });
    batch.fileSystem.stall();
    for (let n = 0; n < 100; n++) batch.exporter.write(statsFrom(n, n + 1));
    batch.fileSystem.recover();
    await sent(batch, 100);
    expect(batch.fileSystem.syncs).toBeGreaterThan(0);
    expect(batch.fileSystem.syncs).toBeLessThan(20);

    const interval = rigOf({ fsync: 'interval', fsyncIntervalMs: 20 });
    interval.exporter.write(statsFrom(0, 1));
    await sent(interval, 1);
    const before = interval.fileSystem.syncs;
    interval.exporter.write(statsFrom(1, 2));
    await vi.waitFor(() => expect(interval.fileSystem.syncs).toBeGreaterThan(before));
    const rested = interval.fileSystem.syncs;
    interval.exporter.write(statsFrom(2, 3));
    await vi.waitFor(() => expect(interval.fileSystem.syncs).toBeGreaterThan(rested));

    const never = rigOf({ fsync: 'never' });
    never.exporter.write(statsFrom(0, 1));
    await never.exporter.close(5_000);
    expect(never.fileSystem.syncs).toBe(0);
  });

  test('in a directory that is missing is made when the directory is', async () => {
    const rig = rigOf();
    await vi.waitFor(() => expect(rig.report.state).toBe('running'));
    await rig.exporter.close(5_000);
    const folder = join(rig.folder, 'later');
    const late = rigOf({ path: join(folder, 'stats.jsonl') }, rig.folder);
    late.exporter.write(statsFrom(0, 1));
    await failing(late, 'SFU_STATS_FILE_NO_DIRECTORY');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder);
    await sent(late, 1);
    expect(await idsIn(late.path)).toEqual(idsFrom(0, 1));
  });

  test('whose directory went away is begun again when it is back', async () => {
    const outer = rigOf();
    await outer.exporter.close(5_000);
    const folder = join(outer.folder, 'inner');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder);
    const rig = rigOf({ path: join(folder, 'stats.jsonl') }, outer.folder);
    rig.exporter.write(statsFrom(0, 1));
    await sent(rig, 1);
    renameSync(folder, `${folder}.gone`);
    // It is looked at once a second, when something is written: until then it goes to where the file went.
    let n = 1;
    await vi.waitFor(
      () => {
        rig.exporter.write(statsFrom(n, ++n));
        expect(rig.report.state).toBe('failing');
      },
      { timeout: 20_000, interval: 50 },
    );
    mkdirSync(folder);
    await sent(rig, n);
    const ids = [...(await idsIn(join(`${folder}.gone`, 'stats.jsonl'))), ...(await idsIn(rig.path))];
    expect(ids).toEqual(idsFrom(0, n));
  });

  test('that cannot be renamed when it is full is written to further, and the error told', async () => {
    const rig = rigOf({ maxFileBytes: 1_000, gzip: false });
    rig.fileSystem.failRenames = 'EACCES';
    for (let n = 0; n < 10; n++) rig.exporter.write(statsFrom(n, n + 1));
    await sent(rig, 10);
    expect(rig.report.error).toMatch(/^SFU_STATS_FILE_NOT_ALLOWED: /);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 10));
    expect(readdirSync(rig.folder).sort()).toEqual(['stats.jsonl', 'stats.jsonl.lock']);
  });
});

describe('closing', () => {
  test('leaves no lock and no open file, and the process can end', async () => {
    const rig = rigOf();
    rig.exporter.write(statsFrom(0, 1));
    await rig.exporter.close(5_000);
    expect(readdirSync(rig.folder)).toEqual(['stats.jsonl']);
    const { readlinkSync } = await import('node:fs');
    const held = readdirSync('/proc/self/fd').filter((fd) => {
      const path = `/proc/self/fd/${fd}`;
      return existsSync(path) && readlinkSync(path).startsWith(rig.folder);
    });
    expect(held).toEqual([]);
  });

  test('at its deadline leaves nothing of a batch that was half written', async () => {
    const rig = rigOf();
    rig.exporter.write(statsFrom(0, 1));
    await sent(rig, 1);
    rig.fileSystem.shortWrites = 100;
    rig.fileSystem.room = 350;
    rig.exporter.write(statsFrom(1, 2));
    await failing(rig, 'SFU_STATS_FILE_DISK_FULL');
    expect(await rig.exporter.close(30)).toBe(1);
    expect(await readBack(rig.path)).toMatchObject({ records: [{ json: { id: 'AS_0' } }], damages: [] });
  });

  test('while the disk hangs takes its deadline and a little, and nothing comes after it', async () => {
    const rig = rigOf();
    rig.exporter.write(statsFrom(0, 1));
    await sent(rig, 1);
    rig.fileSystem.stall();
    rig.exporter.write(statsFrom(1, 2));
    rig.exporter.write(statsFrom(2, 3));
    expect(await rig.exporter.close(30)).toBe(2);
    const said = rig.reports.length;
    const books = Array.from(rig.words);
    rig.fileSystem.recover();
    await vi.waitFor(() => expect(existsSync(`${rig.path}.lock`)).toBe(false));
    expect(await idsIn(rig.path)).toEqual(['AS_0']);
    expect(rig.reports).toHaveLength(said);
    expect(Array.from(rig.words)).toEqual(books);
    rmSync(rig.folder, { recursive: true });
  });
});
