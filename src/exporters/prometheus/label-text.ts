import { createHash } from 'node:crypto';

/** Identities come from clients: a longer value is cut, with a hash that keeps it apart from its like. */
const MAX_CHARACTERS = 256;
const HASH_CHARACTERS = 16;

/** A label's value as it is shown: well-formed and bounded, whatever it is; the same for the same value. */
export function labelText(value: string): string {
  if (value.length <= MAX_CHARACTERS) return value;
  const hash = createHash('sha256').update(value).digest('hex').slice(0, HASH_CHARACTERS);
  let end = MAX_CHARACTERS - HASH_CHARACTERS - 1;
  // Not through the middle of a surrogate pair.
  if ((value.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--;
  return `${value.slice(0, end)}…${hash}`;
}
