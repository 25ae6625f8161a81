import type { Batch } from '../../batch.js';
import { itemPlaces } from './batch-items.js';
import { JsonItems } from './json-items.js';
import { RECORD_OF_BATCH } from './record-names.js';
import { PIECE_BYTES } from './shared-pieces.js';

/** The first line of a file. */
export const JSON_LINES_HEADER: Uint8Array = new TextEncoder().encode(
  '{"kind":"file","format":"sfu-stats","version":1}\n',
);

/** One for the thread: a piece is made without a break, and is a copy. */
const items = new JsonItems();

/** A batch as JSON Lines. */
export function* jsonLines(batch: Batch): Generator<Uint8Array, void> {
  const kind = RECORD_OF_BATCH[batch.kind];
  try {
    for (const { from, end } of itemPlaces(batch)) {
      items.append(kind, batch.bytes, from, end);
      if (items.weight >= PIECE_BYTES) yield items.take();
    }
    if (items.weight > 0) yield items.take();
  } finally {
    // Of a batch that turned out to be a bad one nothing is left for the next.
    items.take();
  }
}
