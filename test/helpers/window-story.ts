import type { TrackRecord } from './lane.js';
import type { SeededRandom } from './seeded-random.js';
import { type LayerTotals, noTotals, type TotalsByName } from './shard.js';

/** What a track's recorder would put: totals only grow, but for loss, and scores are numbered. */
interface Source {
  generation: number;
  totals: TotalsByName;
  layers: LayerTotals[];
  scoreNumber: number;
}

const SCORES = [0, 0, 1, 2.5, 4.4, 4.4, 4.3, 5];

/** Records of several tracks over several windows, as recorders put them; the same for the same seed. */
export class WindowStory {
  readonly #random: SeededRandom;
  readonly #sources: Source[];
  #nowMs = 1000;

  constructor(random: SeededRandom, slots: number) {
    this.#random = random;
    this.#sources = Array.from({ length: slots }, () => newSource(1));
  }

  /** One record of a random track. */
  record(): TrackRecord {
    const random = this.#random;
    const slot = random.int(0, this.#sources.length - 1);
    const source = this.#sources[slot]!;
    this.#nowMs += random.int(0, 400);
    source.totals.samples += random.int(1, 3);
    for (const name of ['primaryPackets', 'primaryBytes', 'frames', 'nacks', 'retransmitBytes'] as const) {
      if (random.chance(0.7)) source.totals[name] += random.int(0, 5000);
    }
    for (const name of ['paddingPackets', 'paddingBytes', 'retransmitPackets', 'plis', 'firs'] as const) {
      if (random.chance(0.2)) source.totals[name] += random.int(0, 2 ** 31);
    }
    source.totals.packetsOutOfOrder += random.int(0, 2);
    source.totals.packetsLost += random.int(-20, 30);
    this.#growLayers(source);
    const score = random.pick(SCORES);
    return {
      slot,
      generation: source.generation,
      timeMs: this.#nowMs,
      totals: { ...source.totals },
      layers: source.layers.map((layer): LayerTotals => [...layer]),
      mime: random.chance(0.3) ? random.int(1, 4) : 0,
      rttMs: random.chance(0.1) ? 2 ** 32 - 1 : random.int(0, 300),
      jitterUs: random.chance(0.1) ? 2 ** 31 : random.int(0, 300),
      score,
      scoreNumber: score > 0 ? source.scoreNumber++ : source.scoreNumber,
    };
  }

  /** Gives slots to new tracks, as when the windows of the old ones were taken. */
  reopenSome(): void {
    for (const [slot, { generation }] of this.#sources.entries()) {
      if (this.#random.chance(0.2)) this.#sources[slot] = newSource(generation + 1);
    }
  }

  #growLayers({ layers }: Source): void {
    const random = this.#random;
    if (layers.length < 4 && random.chance(0.15)) layers.push([0, 0, 0]);
    const tie = random.chance(0.3) ? random.int(1, 100) : undefined;
    for (const layer of layers) {
      if (random.chance(0.3)) continue;
      layer[0] += random.int(0, 10);
      layer[1] += tie ?? random.int(0, 9000);
      layer[2] += random.int(0, 3);
    }
  }
}

function newSource(generation: number): Source {
  return { generation, totals: noTotals(), layers: [], scoreNumber: 0 };
}
