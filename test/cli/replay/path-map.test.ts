import { expect, test } from 'vitest';
import { PathMap } from '../../../dist/src/cli/replay/path-map.js';

test('a path map makes one value for each path, whatever the names hold', () => {
  const map = new PathMap<object>();
  const paths = [
    ['a', 'b'],
    ['a b'],
    ['a', 'b', 0],
    ['a', 'b', 1],
    ['a', 'b', undefined],
    ['', 'ab'],
    ['ab', ''],
  ];
  const values = paths.map((path) => map.get(path, () => ({})));
  expect(new Set(values).size).toBe(paths.length);
  paths.forEach((path, i) => {
    expect(map.get(path, () => ({}))).toBe(values[i]);
  });
});
