/** Ends a wait; its callback is not called. */
export type Cancel = () => void;

export interface Timers {
  /** Calls once, after a time; keeps nothing alive meanwhile. */
  after(delayMs: number, run: () => void): Cancel;
  /** The same, for what somebody waits for: the thread stays alive until then. */
  afterAndHold(delayMs: number, run: () => void): Cancel;
}

/** The longest wait of Node's timers: with a longer one they call at once. */
const MOST_MS = 2 ** 31 - 1;

function start(delayMs: number, run: () => void): NodeJS.Timeout {
  // Also for what is no number.
  return setTimeout(run, delayMs > 0 ? Math.min(delayMs, MOST_MS) : 0);
}

export const systemTimers: Timers = Object.freeze({
  after(delayMs: number, run: () => void): Cancel {
    const timer = start(delayMs, run).unref();
    return () => clearTimeout(timer);
  },
  afterAndHold(delayMs: number, run: () => void): Cancel {
    const timer = start(delayMs, run);
    return () => clearTimeout(timer);
  },
});
