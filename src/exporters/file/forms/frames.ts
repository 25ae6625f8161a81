import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr/pack';
import { type Batch, BatchKind } from '../../batch.js';
import { itemPlaces } from './batch-items.js';
import { PIECE_BYTES } from './shared-pieces.js';

/** The first bytes of a file: a name, and the version in the last. */
export const FRAMES_HEADER: Uint8Array = Uint8Array.of(0x73, 0x66, 0x75, 0x73, 0x74, 0x61, 0x74, 0x01);

/**
 * What stands before a frame's payload, little endian:
 *
 * ```
 *   0        4             8              12
 *   +--------+-------------+--------------+---------…
 *   | length | CRC-32 of   | CRC-32 of    | payload
 *   |        | the payload | the 8 before |
 *   +--------+-------------+--------------+---------…
 * ```
 *
 * The length has a check of its own: else a flipped bit in it would look as a file that ends too early.
 */
export const FrameHead = { LENGTH: 0, PAYLOAD_CHECK: 4, HEAD_CHECK: 8, BYTES: 12 } as const;

/** More than the largest item takes, and the names beside it. */
export const MAX_PAYLOAD_BYTES = 17 * 2 ** 20;

/** A frame's payload, as a msgpack map. */
export interface FramePayload {
  readonly kind: BatchKind;
  /** When the batch was made, milliseconds since 1970. */
  readonly timeMs: number;
  readonly items: number;
  /** A part of the batch's bytes with whole items, so of the same type. */
  readonly bytes: Uint8Array;
}

const packr = new Packr({ useRecords: false });

/** A batch as frames; a large one as several, so that a frame is made within a turn, and little is lost with one. */
export function* frames(batch: Batch): Generator<Uint8Array, void> {
  const { kind, timeMs, bytes } = batch;
  if (kind === BatchKind.NODE_ROOMS) {
    for (const _ of itemPlaces(batch)) yield frame({ kind, timeMs, items: 1, bytes });
    return;
  }
  let from = 0;
  let items = 0;
  let end = 0;
  for (const place of itemPlaces(batch)) {
    if (items > 0 && place.end - from > PIECE_BYTES) {
      yield frame({ kind, timeMs, items, bytes: bytes.subarray(from, end) });
      from = place.tagAt;
      items = 0;
    }
    items++;
    end = place.end;
  }
  if (items > 0) yield frame({ kind, timeMs, items, bytes: bytes.subarray(from, end) });
}

function frame(payload: FramePayload): Uint8Array {
  const packed = packr.pack(payload);
  const bytes = new Uint8Array(FrameHead.BYTES + packed.length);
  const view = new DataView(bytes.buffer);
  bytes.set(packed, FrameHead.BYTES);
  view.setUint32(FrameHead.LENGTH, packed.length, true);
  view.setUint32(FrameHead.PAYLOAD_CHECK, crc32(packed), true);
  view.setUint32(FrameHead.HEAD_CHECK, crc32(bytes.subarray(0, FrameHead.HEAD_CHECK)), true);
  return bytes;
}

/** The payload's length and its check, or undefined where the head is not one. */
export function readFrameHead(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly check: number } | undefined {
  // Without a view: this is asked at every byte of what is damaged.
  const length = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  if (length === 0 || length > MAX_PAYLOAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FrameHead.BYTES);
  const check = crc32(bytes.subarray(at, at + FrameHead.HEAD_CHECK));
  if (check !== view.getUint32(FrameHead.HEAD_CHECK, true)) return undefined;
  return { length, check: view.getUint32(FrameHead.PAYLOAD_CHECK, true) };
}
