export { InvalidReason } from '../memory/invalid-reason.js';

/** What became of a record call; a full ring is a result, not an exception. */
export const RecordResult = {
  RECORDED: 0,
  /** The ring was full: totals, rtt and jitter go with the next record, the score is lost and counted. */
  FOLDED: 1,
  /** The sample was skipped whole, and counted by reason (InvalidReason). */
  INVALID: 2,
  /** The participant is not known: counted, and the new base of what comes later. */
  UNATTRIBUTED: 3,
  /** The recorder was closed, or the handle is stale: counted. */
  CLOSED: 4,
} as const;
export type RecordResult = (typeof RecordResult)[keyof typeof RecordResult];
