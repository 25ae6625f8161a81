import { refusal, TraceError } from './trace-error.js';
import type { OnUnknownField, Read } from './values.js';

type Presence = 'required' | 'optional' | 'defaulted';

/** How one field of an object is read. */
export interface Field<T, P extends Presence, Name extends string | undefined = undefined> {
  readonly read: Read<T>;
  readonly presence: P;
  /** What the field is called in the result, where that differs from the trace. */
  readonly name: Name;
  readonly fallback: T | undefined;
}

type Schema = Readonly<Record<string, Field<unknown, Presence, string | undefined>>>;
type NameOf<F, Key> =
  F extends Field<unknown, Presence, infer Name> ? (Name extends string ? Name : Key) : never;
type ValueOf<F> = F extends Field<infer T, Presence, string | undefined> ? T : never;
type OptionalField = Field<unknown, 'optional', string | undefined>;

/** What an object that was read with a schema holds. */
export type Fields<S extends Schema> = {
  readonly [K in keyof S as S[K] extends OptionalField ? never : NameOf<S[K], K>]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends OptionalField ? NameOf<S[K], K> : never]?: ValueOf<S[K]>;
};

export function required<T>(read: Read<T>): Field<T, 'required'> {
  return { read, presence: 'required', name: undefined, fallback: undefined };
}

export function optional<T>(read: Read<T>): Field<T, 'optional'>;
export function optional<T, const Name extends string>(read: Read<T>, name: Name): Field<T, 'optional', Name>;
export function optional<T>(read: Read<T>, name?: string): Field<T, 'optional', string | undefined> {
  return { read, presence: 'optional', name, fallback: undefined };
}

export function defaulted<T>(read: Read<T>, fallback: T): Field<T, 'defaulted'> {
  return { read, presence: 'defaulted', name: undefined, fallback };
}

/** Whether a JSON value is an object with fields. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A reader for objects: each field by its table, unknown ones named and left out, and those that are missing
 * refused or given their default. Paths of errors begin inside the object.
 * @param ignored fields that the caller reads itself.
 */
export function fieldsOf<S extends Schema>(
  schema: S,
  ignored: readonly string[] = [],
): (object: Readonly<Record<string, unknown>>, onUnknownField: OnUnknownField) => Fields<S> {
  const known = new Map(Object.entries(schema));
  const expected = [...known].filter(([, field]) => field.presence !== 'optional');
  return (object, onUnknownField) => {
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      const field = known.get(key);
      if (field !== undefined) result[field.name ?? key] = field.read(object[key], key, onUnknownField);
      else if (!ignored.includes(key)) onUnknownField(key);
    }
    for (const [key, field] of expected) {
      const name = field.name ?? key;
      if (name in result) continue;
      result[name] =
        field.presence === 'defaulted' ? field.fallback : field.read(undefined, key, onUnknownField);
    }
    return result as Fields<S>;
  };
}

/** As `fieldsOf`, for an object that is itself a field: paths of errors begin outside it. */
export function objectOf<S extends Schema>(schema: S): Read<Fields<S>> {
  const read = fieldsOf(schema);
  return (value, path, onUnknownField) => {
    if (!isObject(value)) throw refusal(path, 'an object', value);
    try {
      return read(value, onUnknownField);
    } catch (error) {
      throw error instanceof TraceError ? error.inside(path) : error;
    }
  };
}
