import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SfuStatsError } from '../../../dist/src/index.js';
import { eventsBatch, idsFrom, JOINED, statsFrom } from './messages.js';
import { chunksOf, FileRig, idsIn, readBack } from './rig.js';

const STATS = 12;

describe.each(['jsonl', 'msgpack'] as const)('the reader, of %s', (form) => {
  const rig = new FileRig({ form });
  let whole: Buffer;
  beforeAll(async () => {
    for (let n = 0; n < STATS; n++) rig.exporter.write(statsFrom(n, n + 1));
    await rig.exporter.close(5_000);
    whole = readFileSync(rig.path);
  });
  afterAll(() => rig.dispose());

  test('takes bytes in chunks of any size, compressed or not', async () => {
    for (const size of [1, 7, 100, 4096]) {
      expect(await idsIn(chunksOf(whole, size))).toEqual(idsFrom(0, STATS));
      expect(await idsIn(chunksOf(gzipSync(whole), size))).toEqual(idsFrom(0, STATS));
    }
    const twoMembers = Buffer.concat([gzipSync(whole.subarray(0, 500)), gzipSync(whole.subarray(500))]);
    expect(await idsIn(chunksOf(twoMembers, 64))).toEqual(idsFrom(0, STATS));
  });

  test('of a compressed file that ends too early gives what there is, and tells once that it is torn', async () => {
    const gz = gzipSync(whole);
    for (const end of [gz.length - 1, gz.length - 8, gz.length >> 1, 20]) {
      const { records, damages } = await readBack(chunksOf(gz.subarray(0, end), 50));
      expect(records.map(({ json }) => json?.id)).toEqual(idsFrom(0, records.length));
      expect(damages.map(({ kind }) => kind)).toEqual(['torn']);
    }
  });

  test('names a place that is corrupt, and gives every other record', async () => {
    const { records } = await readBack(chunksOf(whole));
    const victim = records[5]!.offset;
    const changed = Uint8Array.from(whole);
    changed[victim + 20]! ^= 0x80;
    const back = await readBack(chunksOf(changed, 333));
    expect(back.damages).toMatchObject([{ kind: 'corrupt', offset: victim }]);
    expect(back.records.map(({ json }) => json?.id)).toEqual(idsFrom(0, STATS).filter((id) => id !== 'AS_5'));
  });

  test('never fails otherwise than by name, loses at most what was hit, and invents nothing', async () => {
    const ids = new Set(idsFrom(0, STATS));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(400),
        async (changes, isCompressed, chunk) => {
          const bytes = Uint8Array.from(isCompressed ? gzipSync(whole) : whole);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          try {
            const { records, damages } = await readBack(chunksOf(bytes, chunk + 1));
            if (isCompressed) return;
            expect(records.length).toBeLessThanOrEqual(STATS);
            const lost = STATS - records.length;
            expect(lost).toBeLessThanOrEqual(2 * changes.length);
            if (form === 'msgpack') {
              for (const { json } of records) expect(ids).toContain(json?.id);
              if (lost > 0) expect(damages.length).toBeGreaterThan(0);
            }
          } catch (error) {
            if (!(error instanceof SfuStatsError)) throw error;
            expect(error.code).toBe('SFU_STATS_UNREADABLE_FILE');
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('refuses by name what is no such file', async () => {
    const none = ['hello\n', '\u007fELF........', '[1]\n', 'sfustat\u0002xxxxxxxx', ' {}\n'];
    const version = '{"kind":"file","format":"sfu-stats","version":2}\n';
    for (const text of [...none, version]) {
      const refused = readBack(chunksOf(Buffer.from(text)));
      await expect(refused, text).rejects.toMatchObject({ code: 'SFU_STATS_UNREADABLE_FILE' });
    }
    await expect(readBack('/nonexistent/file')).rejects.toThrow(/^cannot be read: ENOENT/);
    await expect(readBack('/')).rejects.toThrow(/^cannot be read: EISDIR/);
    expect(await readBack(chunksOf(new Uint8Array(0)))).toEqual({ records: [], damages: [] });
  });

  test('that is left in the middle closes the file', async () => {
    const { readExportFile } = await import('../../../dist/src/index.js');
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunksOf(gzipSync(whole), 40);
      } finally {
        isClosed = true;
      }
    }
    for await (const entry of readExportFile(source())) {
      expect(entry.kind).toBe('stat');
      break;
    }
    await expect.poll(() => isClosed).toBe(true);
  });
});

describe('the reader, of lines', () => {
  test('takes files one behind the other, and the end of one', async () => {
    const rig = new FileRig();
    rig.exporter.write(eventsBatch([JOINED]));
    await rig.exporter.close(5_000);
    const whole = readFileSync(rig.path);
    await rig.dispose();
    expect(await idsIn(chunksOf(Buffer.concat([whole, whole])))).toEqual(['AE_1', 'AE_1']);
    expect(await idsIn(chunksOf(whole.subarray(whole.indexOf(10) + 1)))).toEqual(['AE_1']);
  });

  test('says of each bad line what is wrong with it', async () => {
    const lines = [
      '{',
      '[]',
      '{"kind":"x"}',
      '{"kind":"stat"}',
      '{"kind":"stat","stat":[]}',
      '{"a":"\u00ff"}',
    ];
    const text = `{"kind":"stat","stat":{"id":"AS_0"}}\n${lines.join('\n')}\n`;
    const { records, damages } = await readBack(chunksOf(Buffer.from(text, 'latin1')));
    expect(records).toHaveLength(1);
    expect(damages.map(({ reason }) => reason)).toEqual([
      'a line must be JSON',
      'a line must be a JSON object',
      '"kind" must be one of file, stat, event, nodeRooms',
      'a line must have "stat" or "protobuf"',
      'a line must have "stat" or "protobuf"',
      'a line must be UTF-8',
    ]);
  });

  test('passes over a line that is too long, and holds little of it', async () => {
    const MiB = Buffer.alloc(2 ** 20, 0x61);
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"kind":"stat","stat":{"id":"AS_0"}}\n"');
      for (let n = 0; n < 300; n++) yield MiB;
      yield Buffer.from('"\n{"kind":"stat","stat":{"id":"AS_1"}}\n');
    }
    const before = process.memoryUsage.rss();
    const { records, damages } = await readBack(source());
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 2 ** 20);
    expect(records.map(({ json }) => json?.id)).toEqual(['AS_0', 'AS_1']);
    expect(damages).toMatchObject([{ kind: 'corrupt', bytes: 300 * 2 ** 20 + 3 }]);
  });
});
