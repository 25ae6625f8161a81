import { Bench } from 'tinybench';
import type { BareCells } from './bare-cells.js';
import { type Measurement, measurement } from './measurement.js';

/** One thing that is timed, in batches of calls: a single call may take less than the clock's resolution. */
export interface Contestant {
  readonly case: string;
  readonly contestant: string;
  /** Calls in one batch. */
  readonly calls: number;
  /** Batches until all that is called for has been touched twice: before a round they are run, and not timed. @default 0 */
  readonly warmUpBatches?: number;
  batch(): void;
  /** Makes ready for the next batch, empties a ring for instance; not timed. */
  settle?(): void;
  /**
   * Compares what was counted with what was called, all rounds and warm-up together.
   * @throws SumsDifferError
   */
  verify(calls: number): void | Promise<void>;
}

/** A slow contestant does not warm up for longer. */
const LONGEST_WARM_UP_MS = 60;

export interface RoundsOptions {
  readonly rounds: number;
  /** How long each contestant runs in a round, ms. */
  readonly timeMs: number;
  readonly bare: BareCells;
}

/**
 * Times all contestants in every round, each round starting with another of them, so that what happens on the
 * machine happens to all. A round's result is the median batch, in nanoseconds a call.
 */
export async function interleaved(
  contestants: readonly Contestant[],
  { rounds, timeMs, bare }: RoundsOptions,
): Promise<Measurement[]> {
  const results = contestants.map((): number[] => []);
  const batches = contestants.map(() => 0);
  for (let round = -1; round < rounds; round++) {
    globalThis.gc?.();
    bare.sample();
    // Round -1 warms up: what is compiled in it is used in all others.
    for (let n = 0; n < contestants.length; n++) {
      const index = (n + Math.max(round, 0)) % contestants.length;
      const contestant = contestants[index]!;
      const bench = new Bench({ time: timeMs, iterations: 3, warmup: false, throws: true });
      const run = (): void => {
        contestant.batch();
        batches[index]!++;
      };
      // What the one before it left in the caches is not this one's cost.
      const coldUntil = performance.now() + LONGEST_WARM_UP_MS;
      for (let left = contestant.warmUpBatches ?? 0; left > 0 && performance.now() < coldUntil; left--) {
        run();
        contestant.settle?.();
      }
      bench.add(contestant.contestant, run, { async: false, afterEach: () => contestant.settle?.() });
      bench.runSync();
      const { result } = bench.tasks[0]!;
      if (result.state !== 'completed') throw new Error(`${contestant.contestant}: ${result.state}`);
      if (round >= 0) results[index]!.push((result.latency.p50 * 1e6) / contestant.calls);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const [index, contestant] of contestants.entries()) {
    await contestant.verify(batches[index]! * contestant.calls);
  }
  return contestants.map((contestant, index) => measurement(contestant, 'ns', results[index]!));
}
