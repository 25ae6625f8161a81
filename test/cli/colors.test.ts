import { afterEach, expect, test, vi } from 'vitest';
import { colorsFor } from '../../dist/src/cli/colors.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const isColoured = (stream: { readonly isTTY?: boolean }): boolean => colorsFor(stream).red('x') !== 'x';

test('colours are for terminals, whatever else the environment asks for', () => {
  vi.stubEnv('NO_COLOR', '');
  vi.stubEnv('TERM', 'xterm-256color');
  vi.stubEnv('FORCE_COLOR', '1');
  vi.stubEnv('CI', '1');
  expect(isColoured({ isTTY: true })).toBe(true);
  expect(isColoured({ isTTY: false })).toBe(false);
  expect(isColoured({})).toBe(false);
});

test('no colours where the user or the terminal wants none', () => {
  vi.stubEnv('TERM', 'xterm-256color');
  vi.stubEnv('NO_COLOR', '1');
  expect(isColoured({ isTTY: true })).toBe(false);
  vi.stubEnv('NO_COLOR', '');
  vi.stubEnv('TERM', 'dumb');
  expect(isColoured({ isTTY: true })).toBe(false);
});
