const DEFAULT_DEADLINE_MS = 5_000;
/** What the threads get on top of what they were asked. */
export const CLOSE_GRACE_MS = 5_000;
/** A timer takes no more than 2^31 - 1 ms. */
const MAX_DEADLINE_MS = 2 ** 31 - 1 - CLOSE_GRACE_MS;

export interface CloseOptions {
  /** How long the last flush and the webhooks may take, milliseconds. @default 5000 */
  readonly deadlineMs?: number;
}

/** What is no number of milliseconds is as good as not said: closing never throws. */
export function closeDeadlineOf(options: CloseOptions | undefined): number {
  let asked = DEFAULT_DEADLINE_MS;
  try {
    const said = Number(options?.deadlineMs ?? DEFAULT_DEADLINE_MS);
    if (!Number.isNaN(said)) asked = said;
  } catch {
    // A getter that throws, a symbol.
  }
  return Math.min(Math.max(0, asked), MAX_DEADLINE_MS);
}
