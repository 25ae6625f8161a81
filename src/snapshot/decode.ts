import { BinaryReader, type BinaryReadOptions } from '@bufbuild/protobuf';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const OPTIONS: Partial<BinaryReadOptions> = { readerFactory: (bytes) => new BinaryReader(bytes, utf8) };

interface MessageClass {
  fromBinary(bytes: Uint8Array, options: Partial<BinaryReadOptions>): unknown;
}

/**
 * A message of LiveKit's, each text as it was encoded: `fromBinary` alone drops a byte order mark that a text begins
 * with, and one identity becomes another.
 *
 * @throws what the class does, for bytes that are no such message
 */
export function decode<T extends MessageClass>(type: T, bytes: Uint8Array): ReturnType<T['fromBinary']> {
  return type.fromBinary(bytes, OPTIONS) as ReturnType<T['fromBinary']>;
}
