import { expect, test } from 'vitest';
import { countryCode, countryName, NO_COUNTRY, OTHER_COUNTRIES } from '../../dist/src/memory/countries.js';

test('every country of two letters has a number of its own, whatever the case, and that leads back to it', () => {
  const codes = new Set<number>();
  for (let a = 0; a < 26; a++) {
    for (let b = 0; b < 26; b++) {
      const name = String.fromCharCode(65 + a, 65 + b);
      const code = countryCode(name);
      expect(countryCode(name.toLowerCase())).toBe(code);
      expect(countryName(code)).toBe(name);
      codes.add(code);
    }
  }
  expect(codes.size).toBe(676);
  expect(codes.has(NO_COUNTRY) || codes.has(OTHER_COUNTRIES)).toBe(false);
});

test.each(['', 'D', 'DEU', 'D1', '1D', 'd-', '[[', '@A', 'ÄÖ', 'ı̇', '\u0024\u0025', ' D'])(
  '%j is no country',
  (text) => {
    expect(countryCode(text)).toBe(-1);
  },
);

test('none and the others have names no country has', () => {
  expect([countryName(NO_COUNTRY), countryName(OTHER_COUNTRIES)]).toEqual(['', 'other']);
});
