import { Row } from '../memory/row.js';

/** Rows and streams of a snapshot, copied for the host in the order of the stats. */
export class RowCopies {
  readonly #rows: Float64Array[] = [];
  readonly #streams: number[] = [];

  add(words: Float64Array, row: number, streams: readonly number[]): void {
    this.#rows.push(words.slice(row, row + Row.WORDS));
    this.#streams.push(streams.length, ...streams);
  }

  rows(): Float64Array<ArrayBuffer> {
    const all = new Float64Array(this.#rows.length * Row.WORDS);
    this.#rows.forEach((row, n) => {
      all.set(row, n * Row.WORDS);
    });
    return all;
  }

  streams(): Float64Array<ArrayBuffer> {
    return Float64Array.from(this.#streams);
  }
}
