import type { TelemetryLedger } from '../memory/telemetry-ledger.js';

/** A histogram whose counts lie in the ledger: one cell a bucket, one for what is above all bounds, one for the sum. */
export class CellHistogram {
  readonly bounds: readonly number[];
  readonly #ledger: TelemetryLedger;
  readonly #first: number;

  constructor(ledger: TelemetryLedger, first: number, bounds: readonly number[]) {
    this.#ledger = ledger;
    this.#first = first;
    this.bounds = bounds;
  }

  static cells(bounds: readonly number[]): number {
    return bounds.length + 2;
  }

  observe(value: number): void {
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    this.#ledger.add(this.#first + (bucket < 0 ? this.bounds.length : bucket));
    this.#ledger.add(this.#first + this.bounds.length + 1, value);
  }

  /** As it was committed. */
  read(): { readonly counts: number[]; readonly sum: number } {
    const at = (cell: number): number => this.#ledger.committed(this.#first + cell);
    return {
      counts: Array.from({ length: this.bounds.length + 1 }, (_, bucket) => at(bucket)),
      sum: at(this.bounds.length + 1),
    };
  }
}
