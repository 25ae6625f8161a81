import { Fifo } from './fifo.js';

interface Turn<L> {
  readonly line: L;
  readonly number: number;
}

/** Who is next: lines take turns, and slow ones can be passed over without losing their place. */
export class Turns<L extends { readonly slow: boolean }> {
  readonly #quick = new Fifo<Turn<L>>();
  readonly #slow = new Fifo<Turn<L>>();
  #next = 0;

  /** @param line one that has no turn yet; its `slow` stays as it is until it is taken */
  push(line: L): void {
    (line.slow ? this.#slow : this.#quick).push({ line, number: this.#next++ });
  }

  /** The line that has waited longest for its turn, of all or of the quick ones. */
  take(mayBeSlow: boolean): L | undefined {
    const quick = this.#quick.first;
    const slow = mayBeSlow ? this.#slow.first : undefined;
    if (slow === undefined) return this.#quick.shift()?.line;
    if (quick === undefined || slow.number < quick.number) return this.#slow.shift()!.line;
    return this.#quick.shift()!.line;
  }
}
