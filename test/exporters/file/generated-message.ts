import fc from 'fast-check';

/** What is used of `@bufbuild/protobuf`'s types. */
interface Field {
  readonly no: number;
  readonly localName: string;
  readonly jsonName: string;
  readonly kind: 'scalar' | 'enum' | 'message' | 'map';
  readonly T: unknown;
  readonly repeated?: boolean;
  readonly oneof?: { readonly name: string; readonly localName: string };
}
export interface Message {
  toBinary(): Uint8Array;
  toJsonString(): string;
}
export interface MessageClass {
  readonly typeName: string;
  readonly fields: { list(): readonly Field[] };
  new (init?: object): Message;
  fromBinary(bytes: Uint8Array): Message;
}

const MAX_DEPTH = 3;

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n\u0000\u001b[31m',
    '\u007f\u009b',
    '\ufeff',
    '\ufeffx',
    'é',
    '😀',
    '\u2028',
    '</script>',
  ),
);
const u64 = fc.oneof(
  fc.bigInt(0n, 1000n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(2n ** 49n - 1n, 2n ** 49n),
);
const i64 = fc.oneof(fc.bigInt(-1000n, 1000n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));

const SCALARS: Readonly<Record<number, fc.Arbitrary<unknown>>> = {
  1: fc.double(),
  2: fc.float(),
  3: i64,
  4: u64,
  5: fc.oneof(fc.integer({ min: -5, max: 1000 }), fc.integer()),
  8: fc.boolean(),
  9: text,
  12: fc.uint8Array({ maxLength: 20 }),
  13: fc.oneof(fc.nat(1000), fc.nat(2 ** 32 - 1), fc.constant(2 ** 32 - 1)),
};
const time = fc.record({
  seconds: fc.oneof(
    { weight: 400, arbitrary: fc.bigInt(0n, 253_402_300_799n) },
    { weight: 1, arbitrary: fc.bigInt(-100_000_000_000n, 300_000_000_000n) },
  ),
  nanos: fc.oneof(
    fc.constant(0),
    fc.nat(999).map((ms) => ms * 1e6),
    fc.nat(999_999).map((us) => us * 1e3),
    fc.nat(999_999_999),
  ),
});
const KEYS = fc.string({ maxLength: 6 }).filter((key) => key !== '__proto__');

/** One of them in a message, and the whole is for the classes: they have a test of their own. */
const LEFT_TO_CLASSES = new Set(['google.protobuf.Any', 'google.protobuf.Duration']);

const made = new Map<string, fc.Arbitrary<object>>();

/** Fields for any message of a type, set or not. */
export function fieldsOf(type: MessageClass, depth = 0): fc.Arbitrary<object> {
  if (type.typeName === 'google.protobuf.Timestamp') return time;
  const name = `${type.typeName}@${depth}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  const oneofs = new Map<string, fc.Arbitrary<unknown>[]>();
  for (const field of type.fields.list()) {
    const value = fieldValue(field, depth);
    if (value === undefined) continue;
    if (field.oneof === undefined) members[field.localName] = value;
    else {
      const cases = oneofs.get(field.oneof.localName) ?? [];
      cases.push(value.map((given) => ({ case: field.localName, value: given })));
      oneofs.set(field.oneof.localName, cases);
    }
  }
  for (const [localName, cases] of oneofs) members[localName] = fc.oneof(...cases);
  const fields = fc.record(members, { requiredKeys: [] });
  made.set(name, fields);
  return fields;
}

function fieldValue(field: Field, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.kind === 'map') {
    const { K, V } = field as unknown as { K: number; V: { kind: string; T: number } };
    if (K !== 9 || V.kind !== 'scalar') return undefined;
    return fc.dictionary(KEYS, SCALARS[V.T]!, { maxKeys: 3 });
  }
  const one = singleOf(field, depth);
  return field.repeated && one !== undefined ? fc.array(one, { maxLength: 3 }) : one;
}

function singleOf({ kind, T }: Field, depth: number): fc.Arbitrary<unknown> | undefined {
  if (kind === 'scalar') return SCALARS[T as number]!;
  if (kind === 'enum') {
    const { values } = T as { values: readonly { no: number }[] };
    const known = fc.constantFrom(...values.map(({ no }) => no));
    return fc.oneof({ weight: 9, arbitrary: known }, fc.integer({ min: -3, max: 5000 }));
  }
  const type = T as MessageClass;
  if (LEFT_TO_CLASSES.has(type.typeName) || depth >= MAX_DEPTH) return undefined;
  return fieldsOf(type, depth + 1).map((fields) => new type(fields));
}
