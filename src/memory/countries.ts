/**
 * Countries as numbers: ISO 3166's two letters are 1 + 26 a + b, 0 is none. Pure functions, any thread.
 */
export const NO_COUNTRY = 0;
/** Countries for which a table had no room, together. */
export const OTHER_COUNTRIES = 1 + 26 * 26;

const LETTER_A = 65;

/** The number of a country, in capitals or not; -1 for anything that is not two letters of ASCII. */
export function countryCode(text: string): number {
  if (text.length !== 2) return -1;
  const first = (text.charCodeAt(0) & ~0x20) - LETTER_A;
  const second = (text.charCodeAt(1) & ~0x20) - LETTER_A;
  if (first < 0 || first > 25 || second < 0 || second > 25) return -1;
  return 1 + 26 * first + second;
}

/** The two letters in capitals, "" for none, "other" for those without a place of their own. */
export function countryName(code: number): string {
  if (code === NO_COUNTRY) return '';
  if (code === OTHER_COUNTRIES) return 'other';
  const letters = code - 1;
  return String.fromCharCode(LETTER_A + Math.floor(letters / 26), LETTER_A + (letters % 26));
}
