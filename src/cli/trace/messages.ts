import { enumOfField, type MessageClass, readEnum, readMessage } from './message-rules.js';
import { isObject } from './schema.js';
import { refusal } from './trace-error.js';
import type { Read } from './values.js';

/** Reads a protobuf message as its JSON form says; unknown fields are named wherever they stand. */
export function message<T>(type: MessageClass<T>): Read<T> {
  const rule = `a ${shortName(type)} object`;
  return (value, path, onUnknownField) => {
    if (!isObject(value)) throw refusal(path, rule, value);
    return readMessage(type, value, path, onUnknownField);
  };
}

/** A message or a sid, which may be empty or missing: a track that was only asked for has none yet. */
export function messageOrAnySid<T>(type: MessageClass<T>): Read<string | T> {
  const rule = `a sid or a ${shortName(type)} object`;
  return (value, path, onUnknownField) => {
    if (typeof value === 'string') return value;
    if (!isObject(value)) throw refusal(path, rule, value);
    return readMessage(type, value, path, onUnknownField);
  };
}

/** A message that has a sid, or the sid alone; it may not be empty. */
export function messageOrSid<T extends { readonly sid: string }>(type: MessageClass<T>): Read<string | T> {
  const read = messageOrAnySid(type);
  return (value, path, onUnknownField) => {
    const ref = read(value, path, onUnknownField);
    if (ref === '') throw refusal(path, 'a sid that is not empty', ref);
    if (typeof ref !== 'string' && ref.sid === '') {
      throw refusal(`${path}.sid`, 'a sid that is not empty', isObject(value) ? value.sid : undefined);
    }
    return ref;
  };
}

/** The sid of what `messageOrSid` and `messageOrAnySid` read. */
export function sidOf(ref: string | { readonly sid: string }): string {
  return typeof ref === 'string' ? ref : ref.sid;
}

/** The number of an enum's value, by name or number; the enum is that of a message's field. */
export function enumOf(type: MessageClass, jsonName: string): Read<number> {
  const enumType = enumOfField(type, jsonName);
  return (value, path) => readEnum(enumType, value, path);
}

function shortName(type: MessageClass): string {
  return type.typeName.slice(type.typeName.lastIndexOf('.') + 1);
}
