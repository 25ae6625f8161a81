/** The tag of field 1 with a length: a stat of AnalyticsStats, an event of AnalyticsEvents. */
const ITEM_TAG = 0x0a;

/**
 * Cuts a message that repeats its field 1, and has no other, into messages of at most `maxBytes`, each of whole items
 * in the same order: what they decode to together is what the one decodes to. An item that is longer by itself is a
 * message of its own. What is not of this form stays in one piece. Nothing is copied.
 */
export function splitMessage(bytes: Uint8Array, maxBytes: number): Uint8Array[] {
  if (bytes.length <= maxBytes) return [bytes];
  const parts: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = endOfItem(bytes, at);
    if (end === undefined) return [bytes];
    if (end - start > maxBytes && at > start) {
      parts.push(bytes.subarray(start, at));
      start = at;
    }
    at = end;
  }
  parts.push(bytes.subarray(start));
  return parts;
}

/** Where the item that starts at `at` ends; undefined if there is none, or not the whole of it. */
function endOfItem(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] !== ITEM_TAG) return undefined;
  let length = 0;
  let to = at + 1;
  for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
    const byte = bytes[to++];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return to + length <= bytes.length ? to + length : undefined;
  }
  return undefined;
}
