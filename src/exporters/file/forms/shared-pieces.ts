import type { Batch } from '../../batch.js';

/** Bytes a piece has, as good as: small enough to be made within a turn, large enough for the disk. */
export const PIECE_BYTES = 256 * 1024;

export type MakePieces = (batch: Batch) => Iterator<Uint8Array, void>;

/**
 * A batch in another form, in pieces of whole records, made one by one as they are asked for. Whoever means to write
 * it holds it; when nobody does any more the pieces are let go, as they are larger than the batch, and the batch
 * itself may have to wait for another exporter for long.
 */
export class SharedPieces {
  readonly #batch: Batch;
  readonly #make: MakePieces;
  #source: Iterator<Uint8Array, void> | undefined;
  #pieces: Uint8Array[] = [];
  #holders = 0;

  constructor(batch: Batch, make: MakePieces) {
    this.#batch = batch;
    this.#make = make;
  }

  static of(batch: Batch, form: string, make: MakePieces): SharedPieces {
    return batch.inForm(form, () => new SharedPieces(batch, make));
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders > 0) return;
    this.#source = undefined;
    this.#pieces = [];
  }

  /**
   * The n-th piece, from 0; undefined behind the last. To be asked for in turn.
   * @throws BadBatch where it cannot be written in this form
   */
  at(n: number): Uint8Array | undefined {
    if (n < this.#pieces.length) return this.#pieces[n];
    this.#source ??= this.#make(this.#batch);
    const { value } = this.#source.next();
    if (value !== undefined) this.#pieces.push(value);
    return value ?? undefined;
  }
}
