import { expect, test } from 'vitest';
import {
  createHttpCounts,
  dropWord,
  HTTP_CODES,
  HTTP_DROPS,
  HTTP_PATHS,
  requestWord,
} from '../../dist/src/memory/http-counts.js';

test('every path and code, and every reason, has a word of its own inside', () => {
  const words = [
    ...HTTP_PATHS.flatMap((path) => HTTP_CODES.map((code) => requestWord(path, code))),
    ...HTTP_DROPS.map((reason) => dropWord(reason)),
  ];
  expect(new Set(words).size).toBe(words.length);
  expect(Math.min(...words)).toBe(0);
  expect(Math.max(...words)).toBeLessThan(createHttpCounts().length);
});
