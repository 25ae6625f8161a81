import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** How late this thread's event loop came to a timer. */
export interface LoopDelayFigures {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Measures how late the event loop comes to its timers, since the start or the last `take`. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** The figures so far; begins anew. */
  take(): LoopDelayFigures {
    const figures = {
      medianMs: delayMs(this.#histogram.percentile(50)),
      p99Ms: delayMs(this.#histogram.percentile(99)),
      maxMs: delayMs(this.#histogram.max),
    };
    this.#histogram.reset();
    return figures;
  }

  stop(): void {
    this.#histogram.disable();
  }
}

/** Node measures from one timer to the next: what is above the timer's period is delay. */
function delayMs(intervalNs: number): number {
  return Math.max(0, intervalNs / NS_PER_MS - RESOLUTION_MS);
}
