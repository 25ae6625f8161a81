import { performance } from 'node:perf_hooks';
import type { DeliveryClock } from './delivery.js';

export const systemClock: DeliveryClock = Object.freeze({
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs: number, run: () => void) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
});
