import type { Batch } from '../../batch.js';
import { itemPlaces } from './batch-items.js';
import { JsonItems } from './json-items.js';
import { RECORD_OF_BATCH } from './record-names.js';
import { PIECE_BYTES } from './shared-pieces.js';

/** The first line of a file. */
export const JSON_LINES_HEADER: Uint8Array = new TextEncoder().encode(
  '{"kind":"file","format":"sfu-stats","version":1}\n',
);

/** A piece is ended early where it takes longer: while the code is still being compiled, on a busy machine. */
const TURN_MS = 2;
const ITEMS_A_LOOK = 16;

/** One for the thread: a piece is made without a break, and is a copy. */
const items = new JsonItems();

/** A batch as JSON Lines. */
export function* jsonLines(batch: Batch): Generator<Uint8Array, void> {
  const kind = RECORD_OF_BATCH[batch.kind];
  let untilMs = performance.now() + TURN_MS;
  let count = 0;
  try {
    for (const { from, end } of itemPlaces(batch)) {
      items.append(kind, batch.bytes, from, end);
      const isLate = ++count % ITEMS_A_LOOK === 0 && performance.now() > untilMs;
      if (items.weight < PIECE_BYTES && !isLate) continue;
      yield items.take();
      untilMs = performance.now() + TURN_MS;
    }
    if (items.weight > 0) yield items.take();
  } finally {
    // Of a batch that turned out to be a bad one nothing is left for the next.
    items.take();
  }
}
