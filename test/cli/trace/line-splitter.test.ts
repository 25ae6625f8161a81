import { describe, expect, test } from 'vitest';
import { LineSplitter, MAX_LINE_BYTES, type RawLine } from '../../../dist/src/cli/trace/line-splitter.js';
import { TraceError } from '../../../dist/src/cli/trace/trace-error.js';

function split(chunks: readonly Buffer[]): RawLine[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()];
}

function inPieces(bytes: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    pieces.push(bytes.subarray(from, from + pieceBytes));
  }
  return pieces;
}

/** The message of a line that was refused. */
function refusalOf(line: RawLine | undefined): string {
  if (line?.text instanceof TraceError) return line.text.message;
  throw new Error(`was read: ${line?.text}`);
}

const texts = (lines: readonly RawLine[]): unknown[] => lines.map((line) => line.text);

describe('the line splitter', () => {
  test('gives the same lines wherever the chunks are cut', () => {
    const lines = ['{"a":1}', '', 'ä€😀', 'last'];
    const bytes = Buffer.from(lines.join('\n'));
    for (let size = 1; size <= bytes.length; size++) {
      expect(texts(split(inPieces(bytes, size)))).toEqual(lines);
    }
  });

  test('numbers lines from 1 and tells where each ends', () => {
    const lines = split([Buffer.from('a\nbcd\n\nlast')]);
    expect(lines.map((line) => [line.number, line.end])).toEqual([
      [1, 2],
      [2, 6],
      [3, 7],
      [4, 11],
    ]);
  });

  test('gives no line after the last newline, and none for an empty file', () => {
    expect(texts(split([Buffer.from('a\n')]))).toEqual(['a']);
    expect(split([])).toEqual([]);
    expect(split([Buffer.alloc(0)])).toEqual([]);
  });

  test('drops a byte order mark before the first line only', () => {
    expect(texts(split([Buffer.from('\uFEFFa\n\uFEFFb\n')]))).toEqual(['a', '\uFEFFb']);
  });

  test('refuses a line that is not UTF-8, and takes the replacement character where it was written', () => {
    const [bad, good] = split([Buffer.of(0x61, 0xff, 0x0a), Buffer.from('\uFFFD\n')]);
    expect(refusalOf(bad)).toBe('1: line: UTF-8, got bytes that are not');
    expect(good?.text).toBe('\uFFFD');
  });

  test('takes a line of exactly the limit, refuses one byte more, and goes on behind it', () => {
    const longest = Buffer.alloc(MAX_LINE_BYTES, 'a');
    const lines = split([longest, Buffer.from('\nb'), longest, Buffer.from('\nc\n')]);
    expect(String(lines[0]?.text).length).toBe(MAX_LINE_BYTES);
    expect(refusalOf(lines[1])).toBe('2: line: at most 16 MiB (16777216 bytes) long, got 16777217 bytes');
    expect(lines[1]?.end).toBe(2 * MAX_LINE_BYTES + 3);
    expect(lines[2]).toEqual({ number: 3, end: 2 * MAX_LINE_BYTES + 5, text: 'c' });
  });

  test('keeps nothing of a line that is too long', () => {
    const splitter = new LineSplitter();
    const before = process.memoryUsage().arrayBuffers;
    for (let mebibytes = 0; mebibytes < 512; mebibytes++) {
      expect([...splitter.push(Buffer.alloc(2 ** 20, 'a'))]).toEqual([]);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 2 ** 20);
  });
});
