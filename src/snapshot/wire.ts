/**
 * The parts of protobuf's wire format that are needed a few times a stat or less. What is needed for each field
 * stands in the encoder itself, where it is fast. Pure functions, any thread.
 */

/** Wire types: a tag's low three bits. */
export const WireType = { VARINT: 0, LENGTH: 2, FIXED32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

const utf8 = new TextEncoder();

/** A string's bytes; a lone surrogate becomes U+FFFD, as protobuf strings must be valid UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // The platform's encoder costs five times this loop for the short ASCII strings that sids are.
    if (unit > 0x7f) return utf8.encode(text);
    bytes[i] = unit;
  }
  return bytes;
}

/** A field's tag as a number; it is one byte up to field 15, two from field 16. */
export function tagOf(field: number, type: WireType): number {
  return (field << 3) | type;
}

/** How many bytes a varint of 0 to 2^31 − 1 takes. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Writes a varint of 0 to 2^31 − 1 at `at`; returns the place behind it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}
