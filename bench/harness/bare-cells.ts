import { checkSum } from './sums.js';

const CELLS = 10_000;
const PASSES = 20;

/**
 * How fast this machine is right now: two adds to cells of a plain typed array, ten thousand cells in turn. Absolute
 * figures are divided by it, because a shared machine's speed moves by 2× within the hour.
 */
export class BareCells {
  readonly #cells = new Float64Array(2 * CELLS);
  #passes = 0;
  #bestNs = Number.POSITIVE_INFINITY;

  /** Takes well under a millisecond; best called between the rounds of what is measured. */
  sample(): void {
    for (let tries = 0; tries < 5; tries++) {
      const from = performance.now();
      for (let pass = 0; pass < PASSES; pass++) this.#pass();
      const ns = ((performance.now() - from) * 1e6) / (PASSES * CELLS);
      this.#passes += PASSES;
      if (ns < this.#bestNs) this.#bestNs = ns;
    }
  }

  #pass(): void {
    const cells = this.#cells;
    for (let at = 0; at < 2 * CELLS; at += 2) {
      cells[at]! += 1_200;
      cells[at + 1]! += 1;
    }
  }

  /** The best so far, ns for the two adds. */
  get bestNs(): number {
    checkSum('bare cells', this.#passes, this.#cells[2 * CELLS - 1]!);
    return this.#bestNs;
  }
}
