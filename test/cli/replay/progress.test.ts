import { expect, test } from 'vitest';
import { progressText } from '../../../dist/src/cli/replay/progress.js';

test('progress tells the share read where the size is known, else the bytes alone', () => {
  expect(progressText({ name: 'a.jsonl', size: 200_000_000, bytesRead: 84_000_000 }, 7_900)).toBe(
    'a.jsonl: 42 % (84.0 of 200.0 MB), 7 s',
  );
  expect(progressText({ name: '<stdin>', size: undefined, bytesRead: 1_250_000 }, 2_000)).toBe(
    '<stdin>: 1.3 MB, 2 s',
  );
  expect(progressText({ name: 'empty', size: 0, bytesRead: 0 }, 2_000)).toBe('empty: 0.0 MB, 2 s');
});
