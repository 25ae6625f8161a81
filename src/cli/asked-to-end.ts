const INTERRUPTED = 130;
/**
 * One Ctrl-C may come twice: from the terminal, and passed on by npm. Whoever asks again later does not want to
 * wait for what is still to be said.
 */
const ONE_ASKING_MS = 500;

/** Resolves at the first SIGINT or SIGTERM; a later one ends the process at once. */
export function askedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | undefined;
    const asked = (): void => {
      const nowMs = performance.now();
      if (askedAtMs !== undefined && nowMs - askedAtMs > ONE_ASKING_MS) process.exit(INTERRUPTED);
      askedAtMs ??= nowMs;
      resolve();
    };
    process.on('SIGINT', asked).on('SIGTERM', asked);
  });
}
