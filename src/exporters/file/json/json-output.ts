const DIGIT_0 = 0x30;
const MINUS = 0x2d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BILLION = 1e9;
/** An escaped character takes at most 6 bytes, `\u0001`. */
const MAX_ESCAPED_BYTES = 6;
/** Longest text of a number. */
const NUMBER_BYTES = 32;

const INITIAL_BYTES = 64 * 1024;
/** A larger buffer is given back once its text was taken. */
const KEPT_BYTES = 2 ** 20;

const utf8 = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** JSON text in the making, as UTF-8. One thread. */
export class JsonOutput {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes back what was written after a place. */
  cutTo(length: number): void {
    this.#length = length;
  }

  /** A copy of what was written, and an empty output. */
  take(): Uint8Array {
    const text = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(INITIAL_BYTES);
    return text;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  raw(text: Uint8Array): void {
    const { length } = text;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    const out = this.#bytes;
    let to = this.#length;
    for (let i = 0; i < length; i++) out[to++] = text[i]!;
    this.#length = to;
  }

  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    if (this.#length + NUMBER_BYTES > this.#bytes.length) this.#grow(NUMBER_BYTES);
    if (value < BILLION) this.#digits(value, digitsOf(value));
    else {
      const high = Math.floor(value / BILLION);
      this.#digits(high, digitsOf(high));
      this.#digits(value - high * BILLION, 9);
    }
  }

  /** A 32-bit signed number. */
  signed(value: number): void {
    if (value < 0) this.byte(MINUS);
    this.whole(Math.abs(value));
  }

  /** A number below 10^9 in as many digits as asked for. */
  padded(value: number, digits: number): void {
    if (this.#length + digits > this.#bytes.length) this.#grow(digits);
    this.#digits(value, digits);
  }

  /** Text without anything that has to be escaped. */
  ascii(text: string): void {
    const { length } = text;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    const out = this.#bytes;
    let to = this.#length;
    for (let i = 0; i < length; i++) out[to++] = text.charCodeAt(i);
    this.#length = to;
  }

  /** A string of UTF-8 bytes, quoted and escaped; bytes that are not UTF-8 become U+FFFD, as the classes have it. */
  string(source: Uint8Array, from: number, end: number): void {
    const most = (end - from) * MAX_ESCAPED_BYTES + 2;
    if (this.#length + most > this.#bytes.length) this.#grow(most);
    const out = this.#bytes;
    let to = this.#length;
    out[to++] = QUOTE;
    for (let at = from; at < end; at++) {
      const byte = source[at]!;
      if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) {
        this.#escaped(decoder.decode(source.subarray(from, end)));
        return;
      }
      out[to++] = byte;
    }
    out[to++] = QUOTE;
    this.#length = to;
  }

  #escaped(text: string): void {
    const json = JSON.stringify(text);
    const most = json.length * 3;
    if (this.#length + most > this.#bytes.length) this.#grow(most);
    this.#length += utf8.encodeInto(json, this.#bytes.subarray(this.#length)).written;
  }

  #digits(value: number, digits: number): void {
    const out = this.#bytes;
    let rest = value;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0;
      out[at] = DIGIT_0 + rest - tenth * 10;
      rest = tenth;
    }
    this.#length += digits;
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Of a number below 10^9. */
function digitsOf(value: number): number {
  if (value < 1e5) return value < 10 ? 1 : value < 100 ? 2 : value < 1e3 ? 3 : value < 1e4 ? 4 : 5;
  return value < 1e6 ? 6 : value < 1e7 ? 7 : value < 1e8 ? 8 : 9;
}
