import { createDrain, type Drain } from '../../dist/src/aggregate/drain.js';
import { createLedger, Ledger } from '../../dist/src/memory/ledger.js';
import { Row, RowFlags } from '../../dist/src/memory/row.js';
import {
  Control,
  createShard,
  laneWord,
  type ShardMemory,
  type ShardSizes,
} from '../../dist/src/memory/shard.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { ShardReader } from '../../dist/src/snapshot/windows.js';

/** The names of a track's totals, in the order they travel in. */
export const TOTAL_NAMES = [
  'samples',
  'primaryPackets',
  'primaryBytes',
  'retransmitPackets',
  'retransmitBytes',
  'paddingPackets',
  'paddingBytes',
  'packetsLost',
  'packetsOutOfOrder',
  'frames',
  'nacks',
  'plis',
  'firs',
] as const;
export type TotalName = (typeof TOTAL_NAMES)[number];
export type TotalsByName = Record<TotalName, number>;
/** Packets, bytes, frames. */
export type LayerTotals = [packets: number, bytes: number, frames: number];

/** Every field of a snapshot row. */
export interface RowFields {
  slot: number;
  generation: number;
  deltas: TotalsByName;
  /** Of all four layers, by id. */
  layers: LayerTotals[];
  /** The highest layer id the track ever brought + 1. */
  layersBrought: number;
  keptLayer: number | undefined;
  rttMs: number;
  jitterUs: number;
  /** The number in the records, 0 for none. */
  mime: number;
  scores: number;
  scoresDropped: number;
  scoreSum: number;
  scoreMin: number;
  scoreMedian: number;
  startMs: number;
  endMs: number;
}

/** A closed window as the timer thread takes it. */
export interface TakenWindow {
  window: number;
  flush: number;
  timeMs: number;
  rows: RowFields[];
}

export function noTotals(): TotalsByName {
  return Object.fromEntries(TOTAL_NAMES.map((name) => [name, 0])) as TotalsByName;
}

export function readRow({ words, ints, floats }: ShardReader, row: number): RowFields {
  const at = 2 * row;
  const flags = ints[at + Row.I32_FLAGS]!;
  const kept = (flags & RowFlags.KEPT_MASK) >> RowFlags.KEPT_SHIFT;
  return {
    slot: ints[at + Row.I32_SLOT]!,
    generation: ints[at + Row.I32_GENERATION]!,
    deltas: Object.fromEntries(
      TOTAL_NAMES.map((name, i) => [name, words[row + Row.DELTAS + i]!]),
    ) as TotalsByName,
    layers: Array.from({ length: Totals.MAX_LAYERS }, (_, layer) => {
      const from = row + Row.LAYERS + layer * Totals.LAYER_WORDS;
      return [words[from]!, words[from + 1]!, words[from + 2]!];
    }),
    layersBrought: flags & RowFlags.LAYERS_MASK,
    keptLayer: kept === 0 ? undefined : kept - 1,
    rttMs: ints[at + Row.I32_RTT]! >>> 0,
    jitterUs: ints[at + Row.I32_JITTER]! >>> 0,
    mime: ints[at + Row.I32_MIME]!,
    scores: ints[at + Row.I32_SCORES]!,
    scoresDropped: ints[at + Row.I32_SCORES_DROPPED]!,
    scoreSum: words[row + Row.SCORE_SUM]!,
    scoreMin: floats[at + Row.F32_SCORE_MIN]!,
    scoreMedian: words[row + Row.SCORE_MEDIAN]!,
    startMs: words[row + Row.START]!,
    endMs: words[row + Row.END]!,
  };
}

const SIZES: ShardSizes = { lanes: 1, laneSlots: 8, ringWords: 4096, scoreBlocks: 8 };

/**
 * One shard with the stats worker's and the timer thread's side of it, driven by hand: nothing happens until a
 * test says so.
 */
export class ShardBench {
  readonly memory: ShardMemory;
  readonly reader: ShardReader;
  readonly ledger: Ledger;
  drain: Drain;
  #flush = 0;

  /** @param position where the lanes' rings stand at first, as after that many words */
  constructor(sizes: Partial<ShardSizes> = {}, position = 0) {
    this.memory = createShard({ ...SIZES, ...sizes });
    this.reader = new ShardReader(this.memory);
    const { lanes } = this.memory.layout;
    this.ledger = new Ledger(createLedger({ shards: 1, lanes, metricWords: 0 }));
    for (let lane = 0; lane < this.memory.layout.lanes; lane++) {
      for (const word of [Control.LANE_PUBLISHED, Control.LANE_APPLIED, Control.LANE_COVERED]) {
        this.ints[laneWord(lane, word)] = position;
      }
    }
    this.drain = createDrain(this.memory);
  }

  get ints(): Int32Array {
    return this.reader.ints;
  }

  control(word: number): number {
    return Atomics.load(this.ints, word);
  }

  applied(lane = 0): number {
    return this.control(laneWord(lane, Control.LANE_APPLIED));
  }

  published(lane = 0): number {
    return this.control(laneWord(lane, Control.LANE_PUBLISHED));
  }

  /** Applies what was published and answers the flush that was asked for, if one was. */
  step(): number {
    return this.drain.step();
  }

  /** Another worker takes over from the one that is no more. */
  succeed(): void {
    this.drain = createDrain(this.memory);
  }

  /** Asks for the next flush; returns its number. */
  request(timeMs = 0): number {
    this.#flush++;
    this.reader.words[Control.REQUEST_TIME] = timeMs;
    Atomics.store(this.ints, Control.I32_REQUEST, this.#flush);
    return this.#flush;
  }

  /** Reads and releases the closed windows, the oldest first; all, or so many. */
  take(most = Number.POSITIVE_INFINITY): TakenWindow[] {
    const taken: TakenWindow[] = [];
    for (const closed of this.reader.closed().slice(0, most)) {
      const rows = [...this.reader.rowsOf(closed)].map((row) => readRow(this.reader, row));
      taken.push({ window: closed.window, flush: closed.flush, timeMs: closed.time, rows });
      this.reader.noteTaken(closed, this.ledger, this.ledger.begin(), 0);
      this.ledger.commit();
      this.reader.release(this.ledger, 0);
    }
    return taken;
  }

  /** A whole flush: the rows of every window that is closed then. */
  flush(timeMs = 0): RowFields[] {
    this.request(timeMs);
    this.step();
    return this.take().flatMap(({ rows }) => rows);
  }
}
