/** setTimeout takes no more; whoever waits looks again then. */
const LONGEST_MS = 2 ** 31 - 1;

/** A wait that can be ended from outside, and keeps no process alive. */
export class Pause {
  #wake: (() => void) | undefined;
  #isWoken = false;

  /** Resolves after some milliseconds, or when woken; at once where that happened since the last wait. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#isWoken = false;
        resolve();
      };
      if (this.#isWoken) this.#wake();
      else timer = setTimeout(this.#wake, Math.min(Math.max(0, ms), LONGEST_MS)).unref();
    });
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }
}
