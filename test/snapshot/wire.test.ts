import { describe, expect, test } from 'vitest';
import { encodeUtf8, tagOf, varintBytes, WireType, writeVarint } from '../../dist/src/snapshot/wire.js';

describe('the wire format', () => {
  test.each([
    [0, [0x00]],
    [1, [0x01]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [300, [0xac, 0x02]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2 ** 21 - 1, [0xff, 0xff, 0x7f]],
    [2 ** 21, [0x80, 0x80, 0x80, 0x01]],
    [2 ** 28 - 1, [0xff, 0xff, 0xff, 0x7f]],
    [2 ** 28, [0x80, 0x80, 0x80, 0x80, 0x01]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
  ])('writes %d in its shortest form and says how long that is', (value, bytes) => {
    const out = new Uint8Array(8);
    expect(writeVarint(out, 1, value)).toBe(1 + bytes.length);
    expect([...out.subarray(1, 1 + bytes.length)]).toEqual(bytes);
    expect(varintBytes(value)).toBe(bytes.length);
  });

  test('puts the field number above the wire type', () => {
    expect(tagOf(14, WireType.LENGTH)).toBe(0x72);
    expect(tagOf(9, WireType.FIXED32)).toBe(0x4d);
    expect(tagOf(2, WireType.VARINT)).toBe(0x10);
  });

  test.each(['', 'RM_abc', 'Zürich', 'ascii, then 🎥', '\u007f\u0080'])('says %j as UTF-8', (text) => {
    expect(encodeUtf8(text)).toEqual(new Uint8Array(Buffer.from(text)));
  });

  test('makes a lone surrogate U+FFFD', () => {
    expect([...encodeUtf8('a\ud800')]).toEqual([0x61, 0xef, 0xbf, 0xbd]);
  });
});
