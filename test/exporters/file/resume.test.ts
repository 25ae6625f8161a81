import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BatchCounts, ExportDrop, ExporterWords } from '../../../dist/src/memory/exporter-books.js';
import { eventsBatch, idsFrom, JOINED, roomsBatch, statOf, statsBatch, statsFrom } from './messages.js';
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
const running = (rig: FileRig): Promise<void> =>
  vi.waitFor(() => expect(rig.report.state).toBe('running'), { timeout: 20_000 });
const sent = (rig: FileRig, batches: number): Promise<void> =>
  vi.waitFor(() => expect(rig.sentBatches).toBe(batches), { timeout: 20_000 });
/** Names of the closed files beside a rig's file. */
const closedOf = ({ folder }: FileRig): string[] =>
  readdirSync(folder).filter((name) => /-\d{8}T/.test(name));

describe.each(['jsonl', 'msgpack'] as const)('a file in %s', (form) => {
  test('holds stats, events and reports as they were, to the last field', async () => {
    const rig = rigOf({ form });
    const stats = [statOf(0), statOf(1, { roomName: '"\u0000\u001b[2J{\n', score: Number.NaN })];
    rig.exporter.write(statsBatch(stats));
    rig.exporter.write(eventsBatch([JOINED]));
    rig.exporter.write(roomsBatch());
    await rig.exporter.close(5_000);
    const { records, damages } = await readBack(rig.path);
    expect(damages).toEqual([]);
    expect(records.map(({ kind }) => kind)).toEqual(['stat', 'stat', 'event', 'nodeRooms']);
    const messages = records.map((record) => record.toMessage());
    expect(messages.slice(0, 2)).toEqual(stats);
    expect(JSON.parse(messages[2]!.toJsonString())).toMatchObject({
      type: 'PARTICIPANT_JOINED',
      roomId: 'RM_1',
    });
    expect(records[3]!.json).toEqual(JSON.parse(messages[3]!.toJsonString()));
    const { [records[0]!.kind]: json } = JSON.parse(records[0]!.line);
    expect(json).toEqual(JSON.parse(stats[0]!.toJsonString()));
  });

  test('keeps what has no JSON', async () => {
    const rig = rigOf({ form });
    const late = statOf(1, { timeStamp: { seconds: 300_000_000_000n } as never });
    rig.exporter.write(statsBatch([statOf(0), late, statOf(2)]));
    await rig.exporter.close(5_000);
    const { records, damages } = await readBack(rig.path);
    expect(damages).toEqual([]);
    expect(records.map(({ json }) => json?.id)).toEqual(['AS_0', undefined, 'AS_2']);
    expect(records[1]!.toMessage()).toEqual(late);
  });

  test('is cut at the last whole record, wherever a crash tore it, counted and told', async () => {
    const first = rigOf({ form });
    first.exporter.write(statsFrom(0, 2));
    await first.exporter.close(5_000);
    const wholeBytes = statSync(first.path).size;
    const second = rigOf({ form }, first.folder);
    second.exporter.write(statsFrom(2, 3));
    await second.exporter.close(5_000);
    const whole = readFileSync(first.path);
    expect(whole.length).toBeGreaterThan(wholeBytes);
    for (let end = wholeBytes; end < whole.length; end++) {
      writeFileSync(first.path, whole.subarray(0, end));
      const { records, damages } = await readBack(first.path);
      expect(records.map(({ json }) => json?.id)).toEqual(idsFrom(0, 2));
      const torn = end - wholeBytes;
      expect(damages).toMatchObject(torn === 0 ? [] : [{ kind: 'torn', offset: wholeBytes, bytes: torn }]);

      const rig = new FileRig({ form }, first.folder);
      rig.exporter.write(statsFrom(7, 8));
      expect(await rig.exporter.close(5_000)).toBe(0);
      expect(await idsIn(rig.path)).toEqual([...idsFrom(0, 2), 'AS_7']);
      expect(rig.errors).toBe(torn === 0 ? 0 : 1);
      expect(rig.logged.map(({ fields }) => fields.code)).toEqual(torn === 0 ? [] : ['SFU_STATS_FILE_TORN']);
    }
  }, 120_000);

  test('is begun again where a crash tore its beginning', async () => {
    const rig = rigOf({ form });
    rig.exporter.write(statsFrom(0, 1));
    await rig.exporter.close(5_000);
    const header = readFileSync(rig.path).subarray(0, form === 'jsonl' ? 49 : 8);
    for (let end = 0; end <= header.length; end++) {
      writeFileSync(rig.path, header.subarray(0, end));
      expect((await readBack(rig.path)).records).toEqual([]);
      const next = new FileRig({ form }, rig.folder);
      next.exporter.write(statsFrom(3, 4));
      await next.exporter.close(5_000);
      expect(await idsIn(rig.path)).toEqual(['AS_3']);
    }
  });

  test('loses zeros that a crashed file system left at its end, and nothing else', async () => {
    for (const zeros of [1, 11, 12, 100, 200_000]) {
      const rig = rigOf({ form });
      rig.exporter.write(statsFrom(0, 2));
      await rig.exporter.close(5_000);
      const { size } = statSync(rig.path);
      truncateSync(rig.path, size + zeros);
      expect((await readBack(rig.path)).damages).toMatchObject([{ kind: 'torn', bytes: zeros }]);
      const next = rigOf({ form }, rig.folder);
      await running(next);
      expect(statSync(rig.path).size).toBe(size);
      await next.exporter.close(5_000);
    }
  });

  test('that is not one of ours is left alone, to the last byte, until it is gone', async () => {
    const folder = rigOf({ form });
    await folder.exporter.close(5_000);
    const text = 'root:x:0:0:root:/root:/bin/sh\nno newline at the end';
    writeFileSync(folder.path, text);
    const rig = rigOf({ form }, folder.folder);
    rig.exporter.write(statsFrom(0, 1));
    await vi.waitFor(() => expect(rig.report.state).toBe('failing'));
    expect(rig.report.error).toMatch(/^SFU_STATS_FILE_FOREIGN: .* is not a file of this exporter$/);
    expect(readFileSync(rig.path, 'utf8')).toBe(text);
    copyFileSync(rig.path, join(rig.folder, 'moved'));
    const { unlinkSync } = await import('node:fs');
    unlinkSync(rig.path);
    await sent(rig, 1);
    expect(await idsIn(rig.path)).toEqual(idsFrom(0, 1));
    expect(rig.report).toMatchObject({ state: 'running', error: '' });
  });

  test('that is a directory is refused, by name', async () => {
    const made = rigOf({ form });
    await made.exporter.close(5_000);
    const path = join(made.folder, 'folder.jsonl');
    mkdirSync(path);
    const rig = rigOf({ form, path }, made.folder);
    await vi.waitFor(() => expect(rig.report.error).toMatch(/^SFU_STATS_FILE_FOREIGN: .* is not a file$/));
  });

  test('written in another form is put aside whole, and not gone on with', async () => {
    const other = form === 'jsonl' ? 'msgpack' : 'jsonl';
    const rig = rigOf({ form: other, gzip: false });
    rig.exporter.write(statsFrom(0, 2));
    await rig.exporter.close(5_000);
    const next = rigOf({ form, path: rig.path, gzip: false }, rig.folder);
    next.exporter.write(statsFrom(2, 3));
    await sent(next, 1);
    const [closed] = closedOf(rig);
    expect(await idsIn(join(rig.folder, closed!))).toEqual(idsFrom(0, 2));
    expect(await idsIn(rig.path)).toEqual(idsFrom(2, 3));
    expect(next.errors).toBe(1);
  });

  test('that somebody moved away is begun again under its name', async () => {
    const rig = rigOf({ form });
    rig.exporter.write(statsFrom(0, 1));
    await sent(rig, 1);
    const { renameSync } = await import('node:fs');
    renameSync(rig.path, `${rig.path}.1`);
    let n = 1;
    // It is looked at once a second, when something is written.
    await vi.waitFor(
      () => {
        rig.exporter.write(statsFrom(n, ++n));
        expect(existsSync(rig.path)).toBe(true);
      },
      { timeout: 20_000, interval: 50 },
    );
    await rig.exporter.close(5_000);
    expect([...(await idsIn(`${rig.path}.1`)), ...(await idsIn(rig.path))]).toEqual(idsFrom(0, n));
  });
});

describe('msgpack', () => {
  test('damaged in its middle is put aside, not cut: all that is whole is still there', async () => {
    const rig = rigOf({ form: 'msgpack', gzip: false });
    for (let n = 0; n < 5; n++) rig.exporter.write(statsFrom(n, n + 1));
    await rig.exporter.close(5_000);
    const bytes = readFileSync(rig.path);
    const frame = (bytes.length - 8) / 5;
    // The length of the third frame: behind it no other can be found by counting.
    bytes[8 + 2 * frame]! ^= 0x10;
    writeFileSync(rig.path, bytes);
    const sum = createHash('sha256').update(bytes).digest('hex');
    const next = rigOf({ form: 'msgpack', gzip: false }, rig.folder);
    next.exporter.write(statsFrom(9, 10));
    await sent(next, 1);
    const [closed] = closedOf(rig);
    const aside = readFileSync(join(rig.folder, closed!));
    expect(createHash('sha256').update(aside).digest('hex')).toBe(sum);
    const { records, damages } = await readBack(join(rig.folder, closed!));
    expect(records.map(({ json }) => json?.id)).toEqual(['AS_0', 'AS_1', 'AS_3', 'AS_4']);
    expect(damages).toMatchObject([{ kind: 'corrupt', offset: 8 + 2 * frame, bytes: frame }]);
    expect(await idsIn(rig.path)).toEqual(['AS_9']);
  });
});

describe('a batch that is no protobuf of its kind', () => {
  test.each(['jsonl', 'msgpack'] as const)(
    'is dropped whole, and those around it arrive: %s',
    async (form) => {
      for (const fsync of ['never', 'batch'] as const) {
        const rig = rigOf({ form, fsync });
        const good = statsFrom(0, 2);
        const bad = statsFrom(2, 4);
        const torn = { ...bad, bytes: bad.bytes.subarray(0, -1) };
        rig.exporter.write(good);
        const { Batch } = await import('../../../dist/src/exporters/batch.js');
        rig.exporter.write(new Batch({ ...torn, kind: bad.kind }));
        rig.exporter.write(statsFrom(4, 6));
        await rig.exporter.close(5_000);
        expect(await idsIn(rig.path)).toEqual([...idsFrom(0, 2), ...idsFrom(4, 6)]);
        const refused = ExporterWords.DROPPED + ExportDrop.REFUSED * BatchCounts.WORDS;
        expect(rig.words[refused]).toBe(1);
        expect(rig.sentBatches).toBe(2);
        expect(rig.logged.map(({ fields }) => fields.code)).toEqual(['SFU_STATS_FILE_BAD_BATCH']);
      }
    },
  );
});
