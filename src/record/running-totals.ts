/**
 * How a source's counters become changes (TRACE.md's rules). Sources count in u32 (bytes in u64): they wrap,
 * they restart from zero, and they count loss as signed. What enters a ring never does.
 */
const U32 = 2 ** 32;
/** A u32 wrap goes from the last sixteenth of the range into the first. */
const WRAP_FROM = U32 - U32 / 16;
const WRAP_INTO = U32 / 16;

/** The least change that is invalid: a counter of LiveKit's with its sign bit set. */
export const INVALID_CHANGE = 2 ** 31;
export const INVALID_BYTES_CHANGE = 2 ** 63;

/** The change of a u32 counter: a step back is a wrap, or else a restart from zero. */
export function changeOfCounter(before: number, now: number): number {
  if (now >= before) return now - before;
  if (before >= WRAP_FROM && before < U32 && now < WRAP_INTO) return now + U32 - before;
  return now;
}

/** The change of a byte counter: it never wraps, a step back is a restart from zero. */
export function changeOfBytes(before: number, now: number): number {
  return now >= before ? now - before : now;
}

/** packetsLost as RTCP means it: signed, also where a source shows it as u32. */
export function signedLoss(value: number): number {
  return value >= U32 / 2 && value < U32 ? value - U32 : value;
}
