/** What a status means for the event that was posted. */
export const Verdict = {
  SENT: 'sent',
  /** May go better later. */
  RETRY: 'retry',
  /** Would be answered the same way again. */
  FAILED: 'failed',
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** A redirect is a failure: it is not followed, as a signed body goes to nobody but the receiver it was set up for. */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return Verdict.SENT;
  const isPassing = status === 429 || (status >= 500 && status !== 501);
  return isPassing ? Verdict.RETRY : Verdict.FAILED;
}

export interface RetryDelays {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/**
 * The wait before the next attempt, ms: as long as the receiver asks for, else doubled each time; never outside
 * the two delays.
 * @param attempts that were made so far, at least 1
 * @param retryAfter the answer's header of that name, if it had one
 * @param epochMs now, which a date in the header is held against
 */
export function retryDelayMs(
  { retryMinMs, retryMaxMs }: RetryDelays,
  attempts: number,
  retryAfter: string | undefined,
  epochMs: number,
): number {
  const asked = retryAfter === undefined ? undefined : parseRetryAfterMs(retryAfter, epochMs);
  return Math.max(retryMinMs, Math.min(retryMaxMs, asked ?? retryMinMs * 2 ** (attempts - 1)));
}

/** Whole seconds. */
const SECONDS = /^\d+$/;
/** The three forms of an HTTP date, which all begin with a day of the week and end in GMT or a year. */
const HTTP_DATE = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? .*(?: GMT| \d{4})$/;

/** What the header `Retry-After` asks for, ms from now (less than 0 for a date gone by); undefined if it is not valid. */
export function parseRetryAfterMs(value: string, epochMs: number): number | undefined {
  const text = value.trim();
  if (SECONDS.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  // asctime's form names no zone, and means GMT like the others.
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date - epochMs;
}
