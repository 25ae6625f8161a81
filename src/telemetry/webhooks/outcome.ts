export const Result = { SENT: 'sent', FAILED: 'failed', DROPPED: 'dropped' } as const;
export type Result = (typeof Result)[keyof typeof Result];

/** Why an event was dropped before its receiver refused it. */
export const DropReason = {
  /** As many of its key were waiting as may. */
  FULL: 'full',
  /** It had waited too long for its first attempt. */
  AGE: 'age',
  /** Delivery was closed. */
  CLOSED: 'closed',
} as const;
export type DropReason = (typeof DropReason)[keyof typeof DropReason];

/** Why the last attempt failed, and there was none after it. */
export const FailReason = {
  STATUS: 'status',
  TIMEOUT: 'timeout',
  CONNECTION: 'connection',
  /** Its total deadline left no time for another attempt. */
  DEADLINE: 'deadline',
  /** It cannot be written as JSON. */
  CONTENT: 'content',
} as const;
export type FailReason = (typeof FailReason)[keyof typeof FailReason];

/** What became of one event at one URL. */
export interface Outcome {
  readonly key: string;
  readonly result: Result;
  /** "" for what was sent. */
  readonly reason: '' | DropReason | FailReason;
  /** Requests that were begun. */
  readonly attempts: number;
  /** HTTP status of the last attempt; 0 if there was no answer. */
  readonly status: number;
  /** What was wrong with the last attempt, "" if nothing; without secrets. */
  readonly error: string;
  /** Events of this key and URL that the last attempt said were lost. */
  readonly numDropped: number;
  /** Milliseconds since 1970; undefined for what found no place in the queue. */
  readonly queuedEpochMs: number | undefined;
  /** From the queue's end to the first attempt, or to the drop. */
  readonly queueMs: number;
  /** When the first attempt began, milliseconds since 1970; undefined if none did. */
  readonly sentEpochMs: number | undefined;
  /** From the first attempt to this outcome. */
  readonly sendMs: number;
}
