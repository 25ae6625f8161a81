/**
 * Ids of stats: `AS_` and 12 characters of LiveKit's base57 alphabet. An id is made from the seed, the room,
 * the participant, the track, the direction and the flush number and from nothing else, so a repeated window
 * carries the ids it had the first time. (What a late shard adds to a flush counts as another flush.) Pure
 * functions, any thread.
 */

const ALPHABET = new TextEncoder().encode('23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz');
const BASE = ALPHABET.length;

/** Length of a stat's id in bytes; they are all ASCII. */
export const STAT_ID_BYTES = 15;

const UPPER_A = 0x41;
const UPPER_S = 0x53;
const UNDERSCORE = 0x5f;

/** Ends a part, so that ('a', 'bc') and ('ab', 'c') differ; no UTF-16 unit has this value. */
const PART_END = 0x10000;

/** What of an id stays the same from flush to flush: three hash words, int32. */
export interface StatIdHash {
  readonly hash0: number;
  readonly hash1: number;
  readonly hash2: number;
}

/** What names a stat's track for its id. */
export interface StatIdSource {
  readonly seed: string;
  readonly roomSid: string;
  readonly participantSid: string;
  readonly trackSid: string;
  readonly direction: 0 | 1;
}

/** Hashes what an id is made from, but the flush number. About 0.2 us. */
export function hashStatId(source: StatIdSource): StatIdHash {
  const parts = [
    source.seed,
    source.roomSid,
    source.participantSid,
    source.trackSid,
    source.direction === 0 ? 'u' : 'd',
  ];
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  let c = 0x13198a2e;
  for (const part of parts) {
    for (let i = 0; i <= part.length; i++) {
      const unit = i < part.length ? part.charCodeAt(i) : PART_END;
      // The lanes take from one another, so that no two of them ever collide for one reason.
      a = Math.imul(rotate(a ^ unit, 13), 0x9e3779b1);
      b = Math.imul(rotate(b ^ (unit + a), 17), 0x85ebca77);
      c = Math.imul(rotate(c ^ (unit + b), 11), 0xc2b2ae3d);
    }
  }
  return { hash0: mix(a + c), hash1: mix(b + a), hash2: mix(c + b) };
}

/**
 * Writes the id of one flush at `at`: {@link STAT_ID_BYTES} bytes, which must fit. Allocates nothing.
 *
 * @param flush the flush number, 0 to 2^32 − 1
 */
export function writeStatId(out: Uint8Array, at: number, hash: StatIdHash, flush: number): void {
  out[at] = UPPER_A;
  out[at + 1] = UPPER_S;
  out[at + 2] = UNDERSCORE;
  writeFour(out, at + 3, mix(hash.hash0 ^ Math.imul(flush, 0x9e3779b1)));
  writeFour(out, at + 7, mix(hash.hash1 ^ Math.imul(flush, 0x85ebca77)));
  writeFour(out, at + 11, mix(hash.hash2 ^ Math.imul(flush, 0xc2b2ae3d)));
}

/** Four characters of one word: 23 of its 32 bits. */
function writeFour(out: Uint8Array, at: number, word: number): void {
  let rest = word >>> 0;
  out[at] = ALPHABET[rest % BASE]!;
  rest = (rest / BASE) >>> 0;
  out[at + 1] = ALPHABET[rest % BASE]!;
  rest = (rest / BASE) >>> 0;
  out[at + 2] = ALPHABET[rest % BASE]!;
  rest = (rest / BASE) >>> 0;
  out[at + 3] = ALPHABET[rest % BASE]!;
}

/** MurmurHash3's finalizer: a bijection in which every bit of the input moves half of the output. */
function mix(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
