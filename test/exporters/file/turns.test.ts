import { statSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { jsonLines } from '../../../dist/src/exporters/file/forms/json-lines.js';
import { PIECE_BYTES, SharedPieces } from '../../../dist/src/exporters/file/forms/shared-pieces.js';
import { statsFrom } from './messages.js';
import { FileRig } from './rig.js';

test.each(['jsonl', 'msgpack'] as const)(
  'a large batch leaves the loop free in between: %s',
  async (form) => {
    const rig = new FileRig({ form });
    const batch = statsFrom(0, 8_000);
    await vi.waitFor(() => expect(rig.report.state).toBe('running'));
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns++;
      isDone = rig.sentBatches === 1;
      if (!isDone) setImmediate(turn);
    };
    rig.exporter.write(batch);
    setImmediate(turn);
    await vi.waitFor(() => expect(isDone).toBe(true), { timeout: 20_000 });
    // Each piece is its own turn: the file is written in as many as it has pieces.
    expect(turns).toBeGreaterThan(statSync(rig.path).size / (PIECE_BYTES * 1.2));
    await rig.dispose();
  },
);

test('pieces are made when they are asked for, once for all who hold them, and let go with the last', () => {
  const batch = statsFrom(0, 2_000);
  let made = 0;
  const pieces = SharedPieces.of(batch, 'test', function* (given) {
    for (const piece of jsonLines(given)) {
      made++;
      yield piece;
    }
  });
  expect(SharedPieces.of(batch, 'test', jsonLines)).toBe(pieces);
  pieces.hold();
  pieces.hold();
  const first = pieces.at(0);
  expect(made).toBe(1);
  expect(pieces.at(0)).toBe(first);
  let count = 1;
  while (pieces.at(count) !== undefined) count++;
  expect(made).toBe(count);
  expect(count).toBeGreaterThan(3);
  pieces.release();
  expect(pieces.at(0)).toBe(first);
  pieces.release();
  expect(pieces.at(0)).not.toBe(first);
});
