import { CounterCells } from '../../dist/src/memory/cells.js';
import type { ShardMemory } from '../../dist/src/memory/shard.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { Lane } from '../../dist/src/record/lane.js';
import { type LayerTotals, TOTAL_NAMES, type TotalName } from './shard.js';

/** A record as a test writes it; what is left out is 0, and the layers none. */
export interface TrackRecord {
  /** Counted in the shard. */
  slot: number;
  /** @default 1 */
  generation?: number;
  timeMs?: number;
  /** Running totals. */
  totals?: Partial<Record<TotalName, number>>;
  /** Running totals of layer 0, 1, … */
  layers?: readonly LayerTotals[];
  mime?: number;
  rttMs?: number;
  jitterUs?: number;
  score?: number;
  scoreNumber?: number;
}

/** The totals of a data or signalling track. */
export interface CounterRecord {
  slot: number;
  /** @default 1 */
  generation?: number;
  timeMs?: number;
  samples: number;
  messages: number;
  bytes: number;
}

const COUNTERS = Totals.MAX_WORDS;

/** The writing end of a lane, for records that no recorder made. */
export class LaneBench {
  readonly lane: Lane;
  readonly #cells = new Float64Array(COUNTERS + CounterCells.WORDS);

  constructor(memory: ShardMemory, lane = 0) {
    this.lane = new Lane(memory, lane, this.#cells);
    // Hand-made records may name any slot: every flush looks at all of them.
    this.lane.slotsUsed = memory.layout.laneSlots;
  }

  /** Puts a record; false when the ring is full. */
  put(record: TrackRecord): boolean {
    const { totals = {}, layers = [] } = record;
    TOTAL_NAMES.forEach((name, i) => {
      this.#cells[i] = totals[name] ?? 0;
    });
    layers.forEach((layer, id) => {
      this.#cells.set(layer, Totals.COUNT + id * Totals.LAYER_WORDS);
    });
    return this.lane.putSample(
      record.slot,
      record.generation ?? 1,
      record.timeMs ?? 0,
      0,
      layers.length,
      record.mime ?? 0,
      record.rttMs ?? 0,
      record.jitterUs ?? 0,
      record.score ?? 0,
      record.scoreNumber ?? 0,
    );
  }

  putCounter({ slot, generation = 1, timeMs = 0, samples, messages, bytes }: CounterRecord): boolean {
    this.#cells[COUNTERS + CounterCells.BYTES] = bytes;
    this.#cells[COUNTERS + CounterCells.MESSAGES] = messages;
    return this.lane.putCounter(slot, generation, timeMs, samples, COUNTERS);
  }

  publish(): void {
    this.lane.publish();
  }
}
