/** First in, first out, at a constant price however long it is. */
export class Fifo<T> {
  #entries: T[] = [];
  #first = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  get first(): T | undefined {
    return this.#entries[this.#first];
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const entry = this.#entries[this.#first++];
    // What was taken is let go by halves, so that an entry is moved once on average.
    if (this.#first * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }
}
