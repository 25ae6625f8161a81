import { type Batch, BatchKind } from '../../batch.js';

/** The largest stat, event or report that is written; a batch with a larger one is refused. */
export const MAX_ITEM_BYTES = 16 * 2 ** 20;

/** `stats` of `AnalyticsStats`, `events` of `AnalyticsEvents`: field 1, length-delimited. */
const ITEM_TAG = 0x0a;

/** A batch that is no protobuf of its kind, or has an item that is too large. */
export class BadBatch extends Error {
  override readonly name = 'BadBatch';
}

/** Where one stat, event or report lies in a batch's bytes. */
export interface ItemPlace {
  /** Where its tag is, so that items that are neighbours can be cut out together. */
  tagAt: number;
  from: number;
  end: number;
}

/**
 * Goes from item to item. The same object is given each time, as there may be hundreds of thousands.
 * @throws BadBatch
 */
export function* itemPlaces({ kind, bytes }: Pick<Batch, 'kind' | 'bytes'>): Generator<ItemPlace, void> {
  const place: ItemPlace = { tagAt: 0, from: 0, end: bytes.length };
  if (kind === BatchKind.NODE_ROOMS) {
    checkSize(bytes.length);
    yield place;
    return;
  }
  for (let at = 0; at < bytes.length; at = place.end) {
    place.tagAt = at;
    if (bytes[at++] !== ITEM_TAG) throw new BadBatch(`no ${kind} at byte ${place.tagAt} of the batch`);
    let length = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 28) throw new BadBatch(`no length at byte ${at} of the batch`);
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    checkSize(length);
    place.from = at;
    place.end = at + length;
    if (place.end > bytes.length) throw new BadBatch(`the batch ends within an item, at byte ${at}`);
    yield place;
  }
}

function checkSize(length: number): void {
  if (length > MAX_ITEM_BYTES) {
    throw new BadBatch(`an item must be at most ${MAX_ITEM_BYTES} bytes of protobuf, got ${length}`);
  }
}
