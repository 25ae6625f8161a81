import { maxFrameBytes } from '../../dist/src/memory/event-ring.js';
import { SeededRandom } from './seeded-random.js';

/** Frames of random lengths and bytes; two sequences of one seed are the same, in whatever thread. */
export class FrameSequence {
  readonly #random: SeededRandom;
  readonly #longest: number;

  constructor(seed: number, ring: SharedArrayBuffer) {
    this.#random = new SeededRandom(seed);
    this.#longest = maxFrameBytes(ring);
  }

  next(): Uint8Array {
    const length = this.#random.int(0, this.#random.chance(0.1) ? this.#longest : 60);
    return Uint8Array.from({ length }, () => this.#random.int(0, 255));
  }
}
