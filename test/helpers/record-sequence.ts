import { SeededRandom } from './seeded-random.js';
import type { LayerTotals } from './shard.js';
import { TOTAL_NAMES, type TotalName } from './shard.js';

/** A record in full, as it must stand in the ring. */
export interface SequenceRecord {
  slot: number;
  generation: number;
  timeMs: number;
  totals: Record<TotalName, number>;
  layers: LayerTotals[];
  mime: number;
  rttMs: number;
  jitterUs: number;
  score: number;
  scoreNumber: number;
}

/** Records of random contents; two sequences of one seed are the same, in whatever thread. */
export class RecordSequence {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next(): SequenceRecord {
    const random = this.#random;
    const total = (): number => random.int(0, 2 ** 31) * (random.chance(0.1) ? 2 ** 21 : 1);
    return {
      slot: random.int(0, 7),
      generation: random.int(1, 2 ** 29),
      timeMs: random.int(0, 2 ** 31) / 16,
      totals: Object.fromEntries(TOTAL_NAMES.map((name) => [name, total()])) as SequenceRecord['totals'],
      layers: Array.from({ length: random.int(0, 4) }, (): LayerTotals => [total(), total(), total()]),
      mime: random.int(0, 4096),
      rttMs: random.int(0, 2 ** 32 - 1),
      jitterUs: random.int(0, 2 ** 32 - 1),
      score: random.chance(0.5) ? random.int(1, 40) / 8 : 0,
      scoreNumber: random.int(0, 2 ** 31 - 1),
    };
  }
}
