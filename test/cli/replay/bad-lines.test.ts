import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { BadLines } from '../../../dist/src/cli/replay/bad-lines.js';
import { TraceError } from '../../../dist/src/cli/trace/trace-error.js';

function badLines(): { readonly bad: BadLines; readonly said: string[] } {
  const said: string[] = [];
  const stderr = new Writable({
    write(piece: Buffer, _, done) {
      said.push(piece.toString());
      done();
    },
  });
  return { bad: new BadLines('x.jsonl', stderr), said };
}

describe('bad lines', () => {
  test('are named by file, line and field, and other errors by the file', () => {
    const { bad, said } = badLines();
    bad.tell(new TraceError('room', 'a string', '7', 12));
    bad.tell(new Error('cannot be read: EIO'));
    expect(said).toEqual(['x.jsonl:12: room: a string, got 7\n', 'x.jsonl: cannot be read: EIO\n']);
  });

  test('that are skipped are all counted, but only the first are named', () => {
    const { bad, said } = badLines();
    for (let line = 1; line <= 25; line++) bad.skip(new TraceError('op', 'known', '"x"', line));
    bad.conclude();
    expect(bad.skipped).toBe(25);
    expect(said).toHaveLength(12);
    expect(said[9]).toBe('x.jsonl:10: op: known, got "x"\n');
    expect(said[10]).toBe('x.jsonl: more lines are skipped, and only counted\n');
    expect(said[11]).toBe('x.jsonl: 25 lines were skipped\n');
  });

  test('are not mentioned at the end when there were none', () => {
    const { bad, said } = badLines();
    bad.conclude();
    expect(said).toEqual([]);
  });

  test('have each unknown field named once, and no more of them than anybody reads', () => {
    const { bad, said } = badLines();
    bad.unknownField('a', 1);
    bad.unknownField('a', 2);
    bad.unknownField('b\n', 3);
    expect(said).toEqual([
      'x.jsonl:1: unknown field "a" is ignored\n',
      'x.jsonl:3: unknown field "b\\n" is ignored\n',
    ]);
    bad.unknownField(`\u009b${'x'.repeat(1e6)}`, 4);
    expect(said.pop()).toBe(`x.jsonl:4: unknown field "\\u009b${'x'.repeat(79)}…" is ignored\n`);
    for (let i = 0; i < 5_000; i++) bad.unknownField(`field ${i}`, 4);
    expect(said).toHaveLength(1_000);
    expect(said.at(-1)).toBe('x.jsonl:4: more unknown fields are ignored, and no longer named\n');
  });
});
