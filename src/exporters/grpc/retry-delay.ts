export interface RetryDelays {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/**
 * The wait before the next attempt, milliseconds: anything from the shortest to a limit that doubles with each failure
 * (full jitter), so that many exporters do not come back to a receiver at once.
 * @param failures so far in a row, at least 1
 * @param random from 0 to 1
 */
export function retryDelayMs(
  { retryMinMs, retryMaxMs }: RetryDelays,
  failures: number,
  random: number,
): number {
  const limit = Math.min(retryMaxMs, retryMinMs * 2 ** failures);
  return retryMinMs + random * (limit - retryMinMs);
}

/** The same where only people can help: from half of the longest wait to all of it. */
export function slowRetryDelayMs({ retryMinMs, retryMaxMs }: RetryDelays, random: number): number {
  return Math.max(retryMinMs, (retryMaxMs * (1 + random)) / 2);
}
