const STEPS_A_POINT = 100;
const MAX_SCORE = 5;

/** Scores of one window, as a stat gives them. */
export interface WindowScores {
  readonly score: number;
  readonly minScore: number;
  readonly medianScore: number;
}

/** Mean, least and median over any number of windows, in the same memory; the median to the hundredth. */
export class ScoreFigures {
  readonly #medians = new Uint32Array(MAX_SCORE * STEPS_A_POINT + 1);
  #windows = 0;
  #sum = 0;
  #least = Number.POSITIVE_INFINITY;

  /** Adds a window; one without scores says nothing. */
  add({ score, minScore, medianScore }: WindowScores): void {
    if (score === 0) return;
    this.#windows++;
    this.#sum += score;
    this.#least = Math.min(this.#least, minScore);
    this.#medians[Math.round(Math.min(medianScore, MAX_SCORE) * STEPS_A_POINT)]!++;
  }

  /** Windows that had scores. */
  get windows(): number {
    return this.#windows;
  }

  /** Of the windows' means. */
  get mean(): number | undefined {
    return this.#windows === 0 ? undefined : this.#sum / this.#windows;
  }

  get min(): number | undefined {
    return this.#windows === 0 ? undefined : this.#least;
  }

  /** Of the windows' medians; the lower one where two are in the middle. */
  get median(): number | undefined {
    let passed = 0;
    const middle = this.#medians.findIndex((count) => {
      passed += count;
      return 2 * passed >= this.#windows && passed > 0;
    });
    return middle < 0 ? undefined : middle / STEPS_A_POINT;
  }
}
