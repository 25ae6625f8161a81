import type { Room } from '@livekit/protocol';
import { isObject } from './schema.js';
import { refusal, told } from './trace-error.js';
import type { OnUnknownField } from './values.js';

type Json = Parameters<typeof Room.fromJson>[0];
type FieldInfo = NonNullable<ReturnType<(typeof Room)['fields']['findJsonName']>>;
type MapValue = Extract<FieldInfo, { kind: 'map' }>['V'];
type EnumType = Extract<FieldInfo, { kind: 'enum' }>['T'];

/** A generated message class, as far as it is needed here. */
export interface MessageClass<T = unknown> {
  readonly typeName: string;
  readonly fields: (typeof Room)['fields'];
  fromJson(json: Json, options: { readonly ignoreUnknownFields: boolean }): T;
}

const LENIENT = { ignoreUnknownFields: true };

/** What is asked of a scalar, by the numbers that descriptor.proto gives the types. */
const SCALAR_RULES: Readonly<Record<number, string>> = {
  1: 'a number',
  2: 'a number that float32 can hold',
  3: 'a whole number of 64 bits',
  4: 'a whole number of 64 bits, not negative',
  5: 'a whole number of 32 bits',
  8: 'true or false',
  9: 'a string',
  12: 'bytes in base64',
  13: 'a whole number from 0 to 4294967295',
};

/**
 * Reads a message from its JSON form, as strictly as a trace is read: the library says neither which fields it
 * passed over nor, by path, which one it did not take.
 * @throws TraceError
 */
export function readMessage<T>(
  type: MessageClass<T>,
  json: Readonly<Record<string, unknown>>,
  path: string,
  onUnknownField: OnUnknownField,
): T {
  check(type, json, path, onUnknownField);
  try {
    return type.fromJson(json as Json, LENIENT);
  } catch (error) {
    refuseField(type, json, path);
    throw refusal(path, told(error instanceof Error ? error.message : String(error)), json);
  }
}

/** The enum of a message's field. */
export function enumOfField(type: MessageClass, jsonName: string): EnumType {
  const field = type.fields.findJsonName(jsonName);
  if (field?.kind !== 'enum') throw new TypeError(`${type.typeName}.${jsonName} is no enum`);
  return field.T;
}

/**
 * The number of an enum's value, given by name or by number.
 * @throws TraceError
 */
export function readEnum(type: EnumType, value: unknown, path: string): number {
  if (typeof value === 'string') {
    const named = type.findName(value);
    if (named !== undefined) return named.no;
  } else if (typeof value === 'number' && value === (value | 0)) {
    // Enums are open: a later version of the protocol may have more values.
    return value;
  }
  throw refusal(path, enumRule(type), value);
}

/** Names unknown fields, and refuses unknown names of enums, which a lenient `fromJson` passes over. */
function check(type: MessageClass, json: unknown, path: string, onUnknownField: OnUnknownField): void {
  // Well-known types have a JSON form of their own.
  if (!isObject(json) || type.typeName.startsWith('google.protobuf.')) return;
  for (const [key, value] of Object.entries(json)) {
    const field = knownField(type, key);
    if (field === undefined) {
      onUnknownField(key);
      continue;
    }
    if (value === null) continue;
    for (const [at, element] of elementsOf(field, value, `${path}.${key}`)) {
      const leaf = field.kind === 'map' ? field.V : field;
      if (leaf.kind === 'message') check(leaf.T, element, at, onUnknownField);
      else if (leaf.kind === 'enum') readEnum(leaf.T, element, at);
    }
  }
}

/** Finds the field that `fromJson` did not take, by giving it one at a time. */
function refuseField(type: MessageClass, json: Readonly<Record<string, unknown>>, path: string): void {
  for (const [key, value] of Object.entries(json)) {
    const field = knownField(type, key);
    if (field === undefined || takes(type, key, value)) continue;
    for (const [at, element] of elementsOf(field, value, `${path}.${key}`)) {
      if (takes(type, key, alone(field, element))) continue;
      const leaf = field.kind === 'map' ? field.V : field;
      if (leaf.kind === 'message' && isObject(element)) refuseField(leaf.T, element, at);
      throw refusal(at, ruleOf(leaf), element);
    }
    throw refusal(`${path}.${key}`, containerRule(field), value);
  }
}

/** The values a field holds, with their paths: its elements, its map's values, or itself. */
function elementsOf(field: FieldInfo, value: unknown, path: string): [path: string, value: unknown][] {
  if (field.kind === 'map') {
    return isObject(value) ? Object.entries(value).map(([key, at]) => [`${path}.${key}`, at]) : [];
  }
  if (!field.repeated) return [[path, value]];
  return Array.isArray(value) ? value.map((element, i) => [`${path}[${i}]`, element]) : [];
}

function alone(field: FieldInfo, element: unknown): unknown {
  if (field.kind === 'map') return { 0: element };
  return field.repeated ? [element] : element;
}

function takes(type: MessageClass, key: string, value: unknown): boolean {
  try {
    type.fromJson({ [key]: value as Json }, LENIENT);
    return true;
  } catch {
    return false;
  }
}

function knownField(type: MessageClass, key: string): FieldInfo | undefined {
  const field = type.fields.findJsonName(key);
  // The library looks names up in a plain object: `constructor` is no field.
  return field !== undefined && (field.jsonName === key || field.name === key) ? field : undefined;
}

function enumRule(type: EnumType): string {
  return type.values.map((value) => value.name).join(' or ');
}

function ruleOf(leaf: FieldInfo | MapValue): string {
  if (leaf.kind === 'scalar') return SCALAR_RULES[leaf.T] ?? 'a valid value';
  if (leaf.kind === 'enum') return enumRule(leaf.T);
  return leaf.kind === 'message' ? `a valid ${leaf.T.typeName}` : 'an object';
}

function containerRule(field: FieldInfo): string {
  if (field.kind === 'map') return 'an object';
  return field.repeated ? 'an array' : ruleOf(field);
}
