import { createHash } from 'node:crypto';

/** LiveKit's alphabet of ids: no character that looks like another. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const LENGTH = 12;

/**
 * The id of what a call leads to. The same seed and the same call give the same id, so that a replay repeats
 * it, and a receiver can tell an event that is told again.
 * @param number of the call, unique within a seed
 */
export function eventId(prefix: 'AE_' | 'EV_', seed: string, number: number): string {
  const hash = createHash('sha256').update(`${prefix}${number} ${seed}`).digest();
  let id: string = prefix;
  for (let i = 0; i < LENGTH; i++) id += ALPHABET[hash.readUInt16BE(2 * i) % ALPHABET.length];
  return id;
}
