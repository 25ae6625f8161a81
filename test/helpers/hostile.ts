import type { SeededRandom } from './seeded-random.js';

/** What a caller's code throws, when it throws. */
export const THROWN: readonly unknown[] = [
  new Error('of the caller'),
  'text',
  undefined,
  Object.create(null),
  Symbol('x'),
];
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
const { proxy: revokedArray, revoke: revokeArray } = Proxy.revocable([], {});
revoke();
revokeArray();

const NUMBERS = [
  ...[Number.NaN, -0, 0, 1, -1, 0.5, 3, 4, 255, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 63],
  ...[Number.MAX_VALUE, Number.MIN_VALUE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
/** One megabyte. */
const LONG = 'x'.repeat(2 ** 20);
export const HOSTILE_TEXTS: readonly string[] = [
  ...[
    '',
    'RM_1',
    'PA_1',
    'TR_1',
    '<script>alert(1)</script>',
    '"}\n{',
    '\ud800',
    'a\udfffb',
    '\0',
    '__proto__',
  ],
  ...[
    'constructor',
    'toString',
    '\u202egnp.exe',
    '\u001b[2J\u009b',
    '😀'.repeat(300),
    'x'.repeat(1_025),
    LONG,
  ],
];

class Strange extends String {
  get sid(): number {
    return 7;
  }
}

/** A value nobody asked for: of any type, with members that throw, or that are something else each time. */
export function hostileValue(random: SeededRandom, depth = 0): unknown {
  const how = random.weighted({
    number: 6,
    text: 6,
    primitive: 4,
    object: depth > 2 ? 0 : 6,
    array: depth > 2 ? 0 : 2,
    exotic: 4,
  });
  if (how === 'number') return random.pick(NUMBERS);
  if (how === 'text') return random.pick(HOSTILE_TEXTS);
  if (how === 'primitive')
    return random.pick([undefined, null, true, false, 5n, -(2n ** 70n), Symbol('s'), Symbol()]);
  if (how === 'array') return Array.from({ length: random.int(0, 3) }, () => hostileValue(random, depth + 1));
  if (how === 'object')
    return hostileObject(random, ['sid', 'name', 'identity', 'metadata', 'tracks', 'x'], depth + 1);
  return exotic(random);
}

/** An object with some of these members, each as hostile as the object itself may be. */
export function hostileObject(random: SeededRandom, names: readonly string[], depth = 0): object {
  const object: object = random.chance(0.2) ? Object.create(null) : {};
  for (const name of names) {
    if (random.chance(0.4)) continue;
    const value = hostileValue(random, depth);
    const how = random.weighted({ plain: 12, throws: 1, flips: 1 });
    if (how === 'plain') Object.defineProperty(object, name, { value, enumerable: true, writable: true });
    else if (how === 'throws')
      Object.defineProperty(object, name, { get: thrower(random), enumerable: true });
    else
      Object.defineProperty(object, name, { get: flipper(value, hostileValue(random, 3)), enumerable: true });
  }
  return object;
}

function exotic(random: SeededRandom): unknown {
  const thrown = thrower(random);
  const cyclic: Record<string, unknown> = { sid: 'RM_1' };
  cyclic.metadata = cyclic;
  const made: (() => unknown)[] = [
    () => thrown,
    () => revoked,
    () => revokedArray,
    () => new Proxy({}, { get: thrown, has: thrown, ownKeys: thrown, getPrototypeOf: thrown }),
    () => new Proxy([], { get: thrown }),
    () => ({ sid: { toString: thrown }, valueOf: thrown, toJSON: thrown, [Symbol.toPrimitive]: thrown }),
    () => ({ length: Number.POSITIVE_INFINITY, [Symbol.iterator]: thrown }),
    () => cyclic,
    () => new Map([['sid', 'RM_1']]),
    () => new Date(Number.NaN),
    () => new Strange('RM_1'),
    () => new Uint8Array(8),
    () => Object.create({ sid: 'RM_inherited' }),
  ];
  return random.pick(made)();
}

function thrower(random: SeededRandom): () => never {
  const thrown = random.pick(THROWN);
  return () => {
    throw thrown;
  };
}

/** A getter that gives one value the first time, and another from then on. */
export function flipper(first: unknown, then: unknown): () => unknown {
  let reads = 0;
  return () => (reads++ === 0 ? first : then);
}
