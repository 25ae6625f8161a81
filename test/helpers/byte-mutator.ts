import type { SeededRandom } from './seeded-random.js';

/** Bytes that end, begin, escape or sign something in one format or another. */
const BYTES = [
  ...[0x00, 0x01, 0x08, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x20, 0x22, 0x25, 0x2c, 0x2d, 0x30, 0x39, 0x3a, 0x3b],
  ...[
    0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0x81, 0x9b, 0xc0, 0xc1, 0xc2, 0xdd, 0xdf, 0xe2, 0xed, 0xf4,
    0xff,
  ],
];
/** Numbers as text has them: none at all, negative, a half, beyond 32, 53 and 64 bits, of no end. */
const NUMBERS = [
  ...['', '-0', '-1', '0.5', '1e308', '1e999', '00', '2147483648', '4294967296', '9007199254740993'],
  ...['9223372036854775807', '18446744073709551616', '9'.repeat(400), 'NaN', 'Infinity'],
];
/** Numbers as bytes have them: the ends of their ranges. */
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
/** What names are made of when somebody means harm. */
const TEXTS = [
  ...['<script>', '"}\\n{', '"}\n{', '\\u001b[2J', '\u009b31m', '\u202e', '\u0603', '\u{e0041}', '\\udb40'],
  ...['__proto__', '../'],
];
/** How many changes: what has many is refused at its first, and shows nothing of what is behind it. */
const CHANGES = [1, 1, 1, 2, 3, 6];
/** Runs of one byte, most of them short; the longest is too much for a header. */
const RUNS = [2, 8, 16, 16, 300, 300, 9_000];

const HOW = {
  flip: 4,
  byte: 6,
  word: 3,
  cut: 4,
  end: 2,
  again: 3,
  run: 1,
  text: 5,
  number: 4,
  splice: 3,
  noise: 2,
};

/**
 * Something near to what is sound: one of the samples, with up to six changes. The same random numbers make the same bytes.
 * @param samples sound bytes, at least one
 * @param texts of the format: what its readers look for
 */
export function mutated(
  random: SeededRandom,
  samples: readonly Uint8Array[],
  texts: readonly string[] = [],
): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(samples));
  for (let changes = random.pick(CHANGES); changes > 0; changes--) {
    bytes = changed(bytes, random, samples, texts);
  }
  return bytes;
}

function changed(
  bytes: Buffer,
  random: SeededRandom,
  samples: readonly Uint8Array[],
  texts: readonly string[],
): Buffer {
  const at = random.int(0, bytes.length);
  const to = Math.min(bytes.length, at + random.pick([1, 1, 2, 4, 16, 256]));
  const put = (what: Uint8Array | string, until = at): Buffer =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(what as string), bytes.subarray(until)]);
  switch (random.weighted(HOW)) {
    case 'flip':
      return at < bytes.length ? put([bytes[at]! ^ (1 << random.int(0, 7))] as never, at + 1) : bytes;
    case 'byte':
      return put([random.pick(BYTES)] as never, random.chance(0.5) ? at : at + 1);
    case 'word':
      return put(wordOf(random), Math.min(bytes.length, at + 4));
    case 'cut':
      return put('', to);
    case 'end':
      return bytes.subarray(0, at);
    case 'again':
      return put(bytes.subarray(at, to));
    case 'run':
      return put(Buffer.alloc(random.pick(RUNS), random.pick(BYTES)));
    case 'text':
      return put(random.pick([...texts, ...TEXTS]), random.chance(0.5) ? at : to);
    case 'number':
      return withNumber(bytes, at, random.pick(NUMBERS));
    case 'splice': {
      const other = random.pick(samples);
      return put(other.subarray(random.int(0, other.length)), bytes.length);
    }
    case 'noise':
      return put(Buffer.from(Array.from({ length: random.int(1, 32) }, () => random.int(0, 255))), to);
  }
}

function wordOf(random: SeededRandom): Buffer {
  const word = Buffer.alloc(4);
  const value = random.pick(WORDS);
  if (random.chance(0.5)) word.writeUInt32LE(value);
  else word.writeUInt32BE(value);
  return word;
}

/** Another number in place of the first that stands behind a place. */
function withNumber(bytes: Buffer, at: number, number: string): Buffer {
  const isDigit = (n: number): boolean => bytes[n]! >= 0x30 && bytes[n]! <= 0x39;
  let from = at;
  while (from < bytes.length && !isDigit(from)) from++;
  let to = from;
  while (to < bytes.length && isDigit(to)) to++;
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(number), bytes.subarray(to)]);
}
