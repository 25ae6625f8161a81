import { refusal } from './trace-error.js';

/** Told the name of each field that no table knows. */
export type OnUnknownField = (name: string) => void;

/**
 * Reads one JSON value of a field.
 * @throws TraceError that names the field; its line is still 0.
 */
export type Read<T> = (value: unknown, field: string, onUnknownField: OnUnknownField) => T;

const MAX_U32 = 2 ** 32 - 1;
/** From here on not every whole number is a double. */
const FIRST_INEXACT = 2 ** 53;
/** More digits than any 64-bit number has. */
const MAX_EXACT_DIGITS = 20;
const SIGNIFICANT_BITS = 53;

export const text: Read<string> = (value, field) => {
  if (typeof value !== 'string') throw refusal(field, 'a string', value);
  return value;
};

export const flag: Read<boolean> = (value, field) => {
  if (typeof value !== 'boolean') throw refusal(field, 'true or false', value);
  return value;
};

/** Milliseconds since the trace began. */
export const time: Read<number> = (value, field) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw refusal(field, 'whole milliseconds since the trace began', value);
  }
  return value as number;
};

/** A whole number that cannot be negative, of any size: what is too large is for the engine to refuse. */
export const counter: Read<number> = (value, field) => {
  if (typeof value !== 'number' || !(value >= 0) || Math.floor(value) !== value) {
    throw refusal(field, 'a whole number, not negative', value);
  }
  return finite(value);
};

/** As a counter, but loss may be negative. */
export const signedCounter: Read<number> = (value, field) => {
  if (typeof value !== 'number' || Math.floor(value) !== value) {
    throw refusal(field, 'a whole number', value);
  }
  return finite(value);
};

/** A counter of 64 bits: a number, or its decimal digits as a string. Never rounded up. */
export const bytes: Read<number> = (value, field) => {
  if (typeof value === 'string') {
    if (!/^\d+$/.test(value)) throw refusal(field, 'a whole number, not negative', value);
    return roundedDown(value);
  }
  return counter(value, field, ignoreName);
};

export const ssrc: Read<number> = (value, field) => {
  if (typeof value !== 'number' || value >>> 0 !== value) {
    throw refusal(field, `a whole number from 0 to ${MAX_U32}`, value);
  }
  return value;
};

export const signed32: Read<number> = (value, field) => {
  if (typeof value !== 'number' || (value | 0) !== value) {
    throw refusal(field, 'a whole number of 32 bits', value);
  }
  return value;
};

/** VideoQuality: 0 low, 1 medium, 2 high, 3 for one more. */
export const layerId: Read<number> = (value, field) => {
  if (value !== 0 && value !== 1 && value !== 2 && value !== 3) {
    throw refusal(field, 'a layer from 0 to 3', value);
  }
  return value;
};

/** Any number that is still one as a float32; one that is not above 0 means no score. */
export const score: Read<number> = (value, field) => {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
    throw refusal(field, 'a number that float32 can hold', value);
  }
  return value;
};

/** One of a few names, and what it stands for. */
export function oneOf<const Names extends Readonly<Record<string, unknown>>>(
  names: Names,
): Read<Names[keyof Names]> {
  const known = new Map(Object.entries(names) as [string, Names[keyof Names]][]);
  const rule = Object.keys(names).join(' or ');
  return (value, field) => {
    const found = typeof value === 'string' ? known.get(value) : undefined;
    if (found === undefined) throw refusal(field, rule, value);
    return found;
  };
}

/** A list; `read` is given each element without a path, and errors are told the place. */
export function listOf<T>(read: Read<T>): Read<readonly T[]> {
  return (value, field, onUnknownField) => {
    if (!Array.isArray(value)) throw refusal(field, 'an array', value);
    const elements = new Array<T>(value.length);
    for (let i = 0; i < value.length; i++) elements[i] = read(value[i], `${field}[${i}]`, onUnknownField);
    return elements;
  };
}

function ignoreName(): void {}

/** JSON has whole numbers that no double holds: they are as large as one can be. */
function finite(whole: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, whole));
}

/** The largest double that is not above the number; so 2^63 - 1 stays below 2^63. */
function roundedDown(digits: string): number {
  const nearest = Number(digits);
  if (nearest < FIRST_INEXACT || digits.length > MAX_EXACT_DIGITS) return finite(nearest);
  const exact = BigInt(digits);
  const excess = BigInt(exact.toString(2).length - SIGNIFICANT_BITS);
  return Number((exact >> excess) << excess);
}
