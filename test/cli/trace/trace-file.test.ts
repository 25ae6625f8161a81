import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { TraceFile, UnreadableTrace } from '../../../dist/src/cli/trace/trace-file.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder();

async function linesOf(trace: TraceFile): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const batch of trace.lines()) for (const line of batch) lines.push(line.text);
  return lines;
}

const LINES = Array.from({ length: 50_000 }, (_, i) => `line ${i} ${'ä'.repeat(i % 50)}`);
const PLAIN = Buffer.from(LINES.join('\n'));

describe('a trace file', () => {
  test('gives every line of a plain file, whose size and progress it knows', async () => {
    const trace = await TraceFile.open(folder.fileOf('plain.jsonl', PLAIN));
    expect(trace.isCompressed).toBe(false);
    expect(trace.size).toBe(PLAIN.length);
    expect(await linesOf(trace)).toEqual(LINES);
    expect(trace.bytesRead).toBe(PLAIN.length);
  });

  test('unpacks what begins like gzip, whatever its name, in one member or several', async () => {
    const half = Buffer.byteLength(LINES.slice(0, 25_000).join('\n'));
    const members = Buffer.concat([gzipSync(PLAIN.subarray(0, half)), gzipSync(PLAIN.subarray(half))]);
    for (const content of [gzipSync(PLAIN), members]) {
      const trace = await TraceFile.open(folder.fileOf('packed.jsonl', content));
      expect(trace.isCompressed).toBe(true);
      expect(await linesOf(trace)).toEqual(LINES);
      expect(trace.bytesRead).toBe(content.length);
    }
  });

  test('reads files of no byte and of one', async () => {
    expect(await linesOf(await TraceFile.open(folder.fileOf('empty', Buffer.alloc(0))))).toEqual([]);
    expect(await linesOf(await TraceFile.open(folder.fileOf('one', Buffer.from('x'))))).toEqual(['x']);
  });

  test('refuses a file that is missing and a folder', async () => {
    await expect(TraceFile.open(join(folder.path, 'missing'))).rejects.toThrow(UnreadableTrace);
    await expect(TraceFile.open(folder.path)).rejects.toThrow(/^cannot be read: EISDIR/);
  });

  test('refuses a gzipped file that was cut short, after the lines it could read', async () => {
    const packed = gzipSync(readFileSync(folder.fileOf('plain', PLAIN)));
    const trace = await TraceFile.open(folder.fileOf('cut.gz', packed.subarray(0, packed.length - 20)));
    const lines: unknown[] = [];
    const reading = (async () => {
      for await (const batch of trace.lines()) for (const line of batch) lines.push(line.text);
    })();
    await expect(reading).rejects.toThrow('cannot be read: unexpected end of file');
    expect(lines).toEqual(LINES.slice(0, lines.length));
  });
});
