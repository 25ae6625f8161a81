/**
 * What the transcoder has to know of a message: compiled once from the field tables that LiveKit's classes carry, so
 * that a new version of the protocol is known as soon as its package is.
 */

/** How a field's value is read and written. */
export const FieldOp = {
  UINT32: 0,
  INT32: 1,
  UINT64: 2,
  INT64: 3,
  BOOL: 4,
  ENUM: 5,
  FLOAT: 6,
  DOUBLE: 7,
  STRING: 8,
  BYTES: 9,
  MESSAGE: 10,
  TIMESTAMP: 11,
  /** From string to string, all that LiveKit has. */
  MAP: 12,
  /** Left to the classes. */
  ODD: 13,
} as const;
export type FieldOp = (typeof FieldOp)[keyof typeof FieldOp];

export interface JsonField {
  readonly op: FieldOp;
  /** `"name":` */
  readonly key: Uint8Array;
  readonly repeated: boolean;
  /** A repeated field whose values come in one piece. */
  readonly packed: boolean;
  /** Zero is not written. */
  readonly implicit: boolean;
  /** Its place in the set of fields seen, the same for all fields of a oneof. */
  readonly place: number;
  /** Quoted names by number. */
  readonly names: readonly (Uint8Array | undefined)[];
  readonly message: (() => JsonMessage) | undefined;
}

export interface JsonMessage {
  /** By tag, as it stands on the wire. */
  readonly byTag: readonly (JsonField | undefined)[];
  /** A field that comes with a wire type that is not its own is for the classes to judge. */
  readonly knownNumbers: ReadonlySet<number>;
}

/** What is used of `@bufbuild/protobuf`'s types. */
interface EnumTable {
  readonly values: readonly { readonly no: number; readonly name: string }[];
}
interface FieldTable {
  readonly no: number;
  readonly jsonName: string;
  readonly kind: string;
  readonly T?: unknown;
  readonly K?: unknown;
  readonly V?: { readonly kind: string; readonly T: unknown };
  readonly repeated?: boolean;
  readonly opt?: boolean;
  readonly oneof?: { readonly name: string } | undefined;
}
export interface MessageTable {
  readonly typeName: string;
  readonly fields: { list(): readonly FieldTable[] };
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

interface ScalarRule {
  readonly op: FieldOp;
  readonly wire: number;
}
/** By protobuf's number of the scalar type; the others do not occur in LiveKit's messages. */
const SCALARS: Readonly<Record<number, ScalarRule>> = {
  1: { op: FieldOp.DOUBLE, wire: FIXED64 },
  2: { op: FieldOp.FLOAT, wire: FIXED32 },
  3: { op: FieldOp.INT64, wire: VARINT },
  4: { op: FieldOp.UINT64, wire: VARINT },
  5: { op: FieldOp.INT32, wire: VARINT },
  8: { op: FieldOp.BOOL, wire: VARINT },
  9: { op: FieldOp.STRING, wire: LENGTH },
  12: { op: FieldOp.BYTES, wire: LENGTH },
  13: { op: FieldOp.UINT32, wire: VARINT },
};
const STRING_SCALAR = 9;
/** Names of an enum are looked up in an array as long as its largest number, up to here. */
const MAX_ENUM_NUMBER = 4096;
/** The transcoder's set of seen fields has as many places. */
const MAX_PLACES = 64;

const ODD: ScalarRule = { op: FieldOp.ODD, wire: LENGTH };
const compiled = new Map<string, JsonMessage>();
const utf8 = new TextEncoder();

/** The tables of a message type, made when they are first asked for. */
export function jsonMessage(type: MessageTable): JsonMessage {
  let message = compiled.get(type.typeName);
  if (message === undefined) compiled.set(type.typeName, (message = compile(type)));
  return message;
}

function compile(type: MessageTable): JsonMessage {
  const byTag: (JsonField | undefined)[] = [];
  const knownNumbers = new Set<number>();
  const oneofs = new Map<string, number>();
  type.fields.list().forEach((field, index) => {
    knownNumbers.add(field.no);
    const place = field.oneof === undefined ? index : (oneofs.get(field.oneof.name) ?? index);
    if (field.oneof !== undefined) oneofs.set(field.oneof.name, place);
    const { op, wire } = place < MAX_PLACES ? ruleOf(field) : ODD;
    const isScalar = op < FieldOp.STRING;
    const compiledField: JsonField = {
      op,
      key: utf8.encode(`${JSON.stringify(field.jsonName)}:`),
      repeated: field.repeated === true,
      packed: false,
      implicit: field.repeated !== true && field.opt !== true && field.oneof === undefined,
      place,
      names: op === FieldOp.ENUM ? enumNames(field.T as EnumTable) : [],
      message: op === FieldOp.MESSAGE ? () => jsonMessage(field.T as MessageTable) : undefined,
    };
    byTag[(field.no << 3) | wire] = compiledField;
    if (compiledField.repeated && isScalar) {
      byTag[(field.no << 3) | LENGTH] = { ...compiledField, packed: true };
    }
  });
  return { byTag, knownNumbers };
}

function ruleOf({ kind, T, K, V }: FieldTable): ScalarRule {
  if (kind === 'scalar') return SCALARS[T as number] ?? ODD;
  if (kind === 'enum') return { op: FieldOp.ENUM, wire: VARINT };
  if (kind === 'map') {
    const isText = K === STRING_SCALAR && V?.kind === 'scalar' && V.T === STRING_SCALAR;
    return isText ? { op: FieldOp.MAP, wire: LENGTH } : ODD;
  }
  const { typeName } = T as MessageTable;
  if (typeName === 'google.protobuf.Timestamp') return { op: FieldOp.TIMESTAMP, wire: LENGTH };
  // Any, Duration and the like are written in ways of their own.
  return typeName.startsWith('google.protobuf.') ? ODD : { op: FieldOp.MESSAGE, wire: LENGTH };
}

function enumNames({ values }: EnumTable): (Uint8Array | undefined)[] {
  const names: (Uint8Array | undefined)[] = [];
  for (const { no, name } of values) {
    if (no >= 0 && no <= MAX_ENUM_NUMBER) names[no] = utf8.encode(JSON.stringify(name));
  }
  return names;
}
