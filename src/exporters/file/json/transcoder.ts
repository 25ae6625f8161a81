import type { JsonOutput } from './json-output.js';
import { FieldOp, type JsonField, type JsonMessage } from './schema.js';

// An imported constant costs twice a local one in the loop below.
const {
  UINT32,
  INT32,
  UINT64,
  INT64,
  BOOL,
  ENUM,
  FLOAT,
  DOUBLE,
  STRING,
  BYTES,
  MESSAGE,
  TIMESTAMP,
  MAP,
  ODD,
} = FieldOp;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const DOT = 0x2e;
const UPPER_Z = 0x5a;

const TRUE = new TextEncoder().encode('true');
const FALSE = new TextEncoder().encode('false');
const EMPTY = new Uint8Array(0);

/** Deeper messages than LiveKit's own are for the classes. */
const MAX_DEPTH = 32;
/** 31 December 9999, 23:59:59. */
const LAST_SECOND = 253_402_300_799;
const MAX_NANOS = 999_999_999;
const SECONDS_CACHED = 128;
/** A power of two. The text of a score takes as long as ten other fields, and scores repeat. */
const DECIMALS_CACHED = 4096;

/** A varint that is not there, or longer than ten bytes. */
const BROKEN = -1;
/** A varint of 2^49 and more: it is in `#long`. */
const LONG = -2;

/**
 * Writes protobuf as its JSON mapping, field by field as they stand on the wire, and builds nothing in between: 2 to
 * 3 µs a stat, where LiveKit's classes take 15 to 30 at best and 50 to 80 with the garbage they leave. What an encoder
 * would not write (a field that comes twice, a value of the wrong type, a broken message) it leaves to them. One thread.
 */
export class JsonTranscoder {
  readonly #out: JsonOutput;
  #source: Uint8Array = EMPTY;
  #view: DataView = new DataView(EMPTY.buffer);
  #at = 0;
  #long = 0n;
  readonly #seconds = new Float64Array(SECONDS_CACHED).fill(-1);
  readonly #secondTexts: string[] = new Array<string>(SECONDS_CACHED).fill('');
  readonly #decimals = new Float64Array(DECIMALS_CACHED).fill(Number.NaN);
  readonly #decimalTexts: string[] = new Array<string>(DECIMALS_CACHED).fill('');

  constructor(out: JsonOutput) {
    this.#out = out;
  }

  /**
   * Appends the JSON of the message in `source` from `from` up to `end`.
   * @returns false where the classes must do it; nothing is appended then
   */
  append(type: JsonMessage, source: Uint8Array, from: number, end: number): boolean {
    const start = this.#out.length;
    if (source !== this.#source) {
      this.#source = source;
      this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    }
    this.#at = from;
    if (this.#message(type, end, 0)) return true;
    this.#out.cutTo(start);
    return false;
  }

  /** Lets go of the bytes it read last. */
  forget(): void {
    this.#source = EMPTY;
    this.#view = new DataView(EMPTY.buffer);
  }

  #message(type: JsonMessage, end: number, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    const out = this.#out;
    const { byTag } = type;
    let isFirst = true;
    let seenLow = 0;
    let seenHigh = 0;
    out.byte(OPEN_BRACE);
    while (this.#at < end) {
      const tag = this.#varint();
      const field = tag >= 0 ? byTag[tag] : undefined;
      if (field === undefined) {
        if (!this.#skip(type, tag, end)) return false;
        continue;
      }
      const bit = 1 << (field.place & 31);
      if (((field.place < 32 ? seenLow : seenHigh) & bit) !== 0) return false;
      if (field.place < 32) seenLow |= bit;
      else seenHigh |= bit;
      const start = out.length;
      if (!isFirst) out.byte(COMMA);
      out.raw(field.key);
      const keyEnd = out.length;
      const isWritten = field.repeated
        ? this.#list(field, tag, end, depth)
        : field.op === MAP
          ? this.#map(tag, end)
          : this.#value(field, end, depth);
      if (!isWritten) return false;
      if (out.length === keyEnd) out.cutTo(start);
      else isFirst = false;
    }
    out.byte(CLOSE_BRACE);
    return this.#at === end;
  }

  /** Writes one value, or none where it is a zero that is not written. */
  #value({ op, implicit, names, message }: JsonField, end: number, depth: number): boolean {
    const out = this.#out;
    if (op === ODD) return false;
    if (op === FLOAT || op === DOUBLE) return this.#decimal(op, implicit, end);
    if (op === STRING || op === BYTES || op === MESSAGE || op === TIMESTAMP) {
      const length = this.#varint();
      const from = this.#at;
      const to = from + length;
      if (length < 0 || to > end) return false;
      if (op === MESSAGE) return this.#message(message!(), to, depth + 1);
      if (op === TIMESTAMP) return this.#timestamp(to);
      this.#at = to;
      if (length === 0 && implicit) return true;
      if (op === STRING) out.string(this.#source, from, to);
      else out.ascii(`"${Buffer.from(this.#source.subarray(from, to)).toString('base64')}"`);
      return true;
    }
    const value = this.#varint();
    if (value === BROKEN) return false;
    if (value === 0 && implicit) return true;
    return op === UINT64 || op === INT64 ? this.#wide(op, value) : this.#narrow(op, value, names);
  }

  #wide(op: FieldOp, value: number): boolean {
    const out = this.#out;
    out.byte(QUOTE);
    if (value !== LONG) out.whole(value);
    else out.ascii(String(op === UINT64 ? this.#long : BigInt.asIntN(64, this.#long)));
    out.byte(QUOTE);
    return true;
  }

  #narrow(op: FieldOp, value: number, names: JsonField['names']): boolean {
    const out = this.#out;
    const number = value === LONG ? Number(BigInt.asIntN(32, this.#long)) : value | 0;
    // More than 32 bits are cut, and what is left may be a zero that is not written.
    if (number === 0 && value !== 0) return false;
    if (op === UINT32) out.whole(number >>> 0);
    else if (op === INT32) out.signed(number);
    else if (op === BOOL) out.raw(value === 0 ? FALSE : TRUE);
    else if (op === ENUM) {
      const name = names[number];
      if (name !== undefined) out.raw(name);
      else out.signed(number);
    }
    return true;
  }

  /** All values of a repeated field, which an encoder writes one behind the other. */
  #list(field: JsonField, tag: number, end: number, depth: number): boolean {
    const out = this.#out;
    const start = out.length;
    out.byte(OPEN_BRACKET);
    if (field.packed) {
      const length = this.#varint();
      const to = this.#at + length;
      if (length < 0 || to > end) return false;
      while (this.#at < to) {
        if (!this.#value(field, to, depth)) return false;
        out.byte(COMMA);
      }
      if (this.#at !== to) return false;
    } else {
      do {
        if (!this.#value(field, end, depth)) return false;
        out.byte(COMMA);
      } while (this.#follows(tag, end));
    }
    if (out.length === start + 1) out.cutTo(start);
    else {
      out.cutTo(out.length - 1);
      out.byte(CLOSE_BRACKET);
    }
    return true;
  }

  /** All entries of a map; where a key comes twice, whoever reads the JSON keeps the last, as protobuf asks. */
  #map(tag: number, end: number): boolean {
    const out = this.#out;
    out.byte(OPEN_BRACE);
    do {
      const length = this.#varint();
      const to = this.#at + length;
      if (length < 0 || to > end) return false;
      for (let number = 1; number <= 2; number++) {
        let from = 0;
        let textEnd = 0;
        if (this.#at < to && this.#source[this.#at] === ((number << 3) | 2)) {
          this.#at++;
          const textLength = this.#varint();
          from = this.#at;
          textEnd = from + textLength;
          if (textLength < 0 || textEnd > to) return false;
          this.#at = textEnd;
        }
        out.string(this.#source, from, textEnd);
        out.byte(number === 1 ? COLON : COMMA);
      }
      if (this.#at !== to) return false;
    } while (this.#follows(tag, end));
    out.cutTo(out.length - 1);
    out.byte(CLOSE_BRACE);
    return true;
  }

  #decimal(op: FieldOp, implicit: boolean, end: number): boolean {
    const at = this.#at;
    this.#at += op === FLOAT ? 4 : 8;
    if (this.#at > end) return false;
    const value = op === FLOAT ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true);
    if (value === 0 && implicit) return true;
    const place = (this.#view.getInt32(this.#at - 4, true) >>> 6) & (DECIMALS_CACHED - 1);
    if (this.#decimals[place] !== value) {
      this.#decimals[place] = value;
      this.#decimalTexts[place] = Number.isFinite(value) ? String(value) : `"${value}"`;
    }
    this.#out.ascii(this.#decimalTexts[place]!);
    return true;
  }

  /** RFC 3339, with no, 3, 6 or 9 digits of a second. */
  #timestamp(end: number): boolean {
    const source = this.#source;
    let seconds = 0;
    let nanos = 0;
    if (this.#at < end && source[this.#at] === 0x08) {
      this.#at++;
      seconds = this.#varint();
    }
    if (this.#at < end && source[this.#at] === 0x10) {
      this.#at++;
      nanos = this.#varint();
    }
    if (this.#at !== end || seconds < 0 || seconds > LAST_SECOND || nanos < 0 || nanos > MAX_NANOS) {
      return false;
    }
    const out = this.#out;
    out.byte(QUOTE);
    out.ascii(this.#secondText(seconds));
    if (nanos > 0) {
      out.byte(DOT);
      if (nanos % 1e6 === 0) out.padded(nanos / 1e6, 3);
      else if (nanos % 1e3 === 0) out.padded(nanos / 1e3, 6);
      else out.padded(nanos, 9);
    }
    out.byte(UPPER_Z);
    out.byte(QUOTE);
    return true;
  }

  #secondText(seconds: number): string {
    const place = seconds % SECONDS_CACHED;
    if (this.#seconds[place] !== seconds) {
      this.#seconds[place] = seconds;
      this.#secondTexts[place] = new Date(seconds * 1000).toISOString().slice(0, -5);
    }
    return this.#secondTexts[place]!;
  }

  /** Whether the same tag comes again; it is read then. */
  #follows(tag: number, end: number): boolean {
    const at = this.#at;
    if (at >= end) return false;
    if (this.#varint() === tag) return true;
    this.#at = at;
    return false;
  }

  /** Goes over a field that this version of the protocol does not know. */
  #skip(type: JsonMessage, tag: number, end: number): boolean {
    if (tag < 8 || tag >= 2 ** 32 || type.knownNumbers.has(Math.floor(tag / 8))) return false;
    const wire = tag % 8;
    if (wire === 0) return this.#varint() !== BROKEN && this.#at <= end;
    if (wire === 2) {
      const length = this.#varint();
      if (length < 0) return false;
      this.#at += length;
    } else if (wire === 1) this.#at += 8;
    else if (wire === 5) this.#at += 4;
    else return false;
    return this.#at <= end;
  }

  /** A varint below 2^49, or LONG, or BROKEN. */
  #varint(): number {
    const source = this.#source;
    let byte = source[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let n = 1; n < 7; n++) {
      byte = source[this.#at++]!;
      if (byte < 0x80) return value + byte * scale;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
    return this.#longVarint(value);
  }

  #longVarint(low49: number): number {
    let value = BigInt(low49);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#source[this.#at++];
      if (byte === undefined) return BROKEN;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      this.#long = BigInt.asUintN(64, value);
      // An encoder writes no zeros in front.
      return this.#long < 2n ** 49n ? BROKEN : LONG;
    }
    return BROKEN;
  }
}
