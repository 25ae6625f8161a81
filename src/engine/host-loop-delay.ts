import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Board } from '../memory/board.js';

const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/**
 * How late the host's event loop comes to a timer, kept by Node itself; written to the board at each publish tick,
 * begun anew with each flush. Host thread.
 */
export class HostLoopDelay {
  readonly #board: Float64Array;
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #flush = 0;

  constructor(board: Float64Array) {
    this.#board = board;
    this.#histogram.enable();
  }

  write(): void {
    const board = this.#board;
    const histogram = this.#histogram;
    board[Board.HOST_LOOP_P50] = delayMs(histogram.percentile(50));
    board[Board.HOST_LOOP_P99] = delayMs(histogram.percentile(99));
    board[Board.HOST_LOOP_MAX] = delayMs(histogram.max);
    if (board[Board.FLUSH] === this.#flush) return;
    this.#flush = board[Board.FLUSH]!;
    histogram.reset();
  }

  stop(): void {
    this.#histogram.disable();
  }
}

/** Node measures from one timer to the next: what is above the timer's period is delay. */
function delayMs(intervalNs: number): number {
  return Math.max(0, intervalNs / NS_PER_MS - RESOLUTION_MS);
}
