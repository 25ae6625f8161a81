import type { TrackRecord } from './lane.js';
import { type LayerTotals, noTotals, type RowFields, TOTAL_NAMES, type TotalsByName } from './shard.js';

/** A record with nothing left out, as the model keeps it. */
interface Applied {
  timeMs: number;
  totals: TotalsByName;
  layers: LayerTotals[];
  mime: number;
  rttMs: number;
  jitterUs: number;
  score: number;
}

interface Owner {
  generation: number;
  /** Everything applied since the slot was taken over, by window. */
  windows: Map<number, Applied[]>;
  /** Score blocks taken, by window. */
  blocks: Map<number, number>;
  /** Scores that found no block, by window: their places in the window. */
  places: Map<number, number[]>;
}

const INLINE_SCORES = 16;
const BLOCK_SCORES = 16;
const NO_LAYER: LayerTotals = [0, 0, 0];

/**
 * What a stats worker makes of records, written down a second time: it keeps every record and computes a row
 * from all of them when the window closes. Nothing is overwritten, nothing is incremental.
 */
export class WindowModel {
  readonly #scoreBlocks: number;
  readonly #owners = new Map<number, Owner>();
  #window = 1;
  #blocksTaken = 0;

  constructor(scoreBlocks: number) {
    this.#scoreBlocks = scoreBlocks;
  }

  apply(record: TrackRecord): void {
    const { slot, generation = 1, totals = {}, layers = [], score = 0 } = record;
    let owner = this.#owners.get(slot);
    if (owner?.generation !== generation) {
      owner = { generation, windows: new Map(), blocks: new Map(), places: new Map() };
      this.#owners.set(slot, owner);
    }
    const window = owner.windows.get(this.#window) ?? [];
    owner.windows.set(this.#window, window);
    window.push({
      timeMs: record.timeMs ?? 0,
      totals: { ...noTotals(), ...totals },
      layers: [...layers],
      mime: record.mime ?? 0,
      rttMs: record.rttMs ?? 0,
      jitterUs: record.jitterUs ?? 0,
      score: Math.fround(score),
    });
    if (score > 0) this.#placeScore(owner, window.filter((applied) => applied.score > 0).length - 1);
  }

  /** A score that needs a block takes it from the pool all slots share, while there is one. */
  #placeScore(owner: Owner, place: number): void {
    const needed = Math.floor((place - INLINE_SCORES) / BLOCK_SCORES) + 1;
    let taken = owner.blocks.get(this.#window) ?? 0;
    while (taken < needed && this.#blocksTaken < this.#scoreBlocks) {
      this.#blocksTaken++;
      owner.blocks.set(this.#window, ++taken);
    }
    if (taken < needed) owner.places.set(this.#window, [...(owner.places.get(this.#window) ?? []), place]);
  }

  /** Closes the window: a row for every slot that has a sample in it, in the order of the slots. */
  close(): RowFields[] {
    const slots = [...this.#owners.keys()].sort((a, b) => a - b);
    const rows = slots.flatMap((slot) => this.#row(slot, this.#owners.get(slot)!) ?? []);
    this.#window++;
    this.#blocksTaken = 0;
    return rows;
  }

  #row(slot: number, owner: Owner): RowFields | undefined {
    const here = owner.windows.get(this.#window);
    const last = here?.at(-1);
    const before = [...owner.windows].filter(([window]) => window < this.#window);
    const previous = before.at(-1)?.[1].at(-1);
    const base = previous?.totals ?? noTotals();
    if (here === undefined || last === undefined || last.totals.samples === base.samples) return undefined;
    const deltas = noTotals();
    for (const name of TOTAL_NAMES) deltas[name] = last.totals[name] - base[name];
    // The highest loss at an earlier close; at first 0.
    const closes = before.map(([, records]) => records.at(-1)?.totals.packetsLost ?? 0);
    deltas.packetsLost = Math.max(0, last.totals.packetsLost - Math.max(0, ...closes));
    const all = [...owner.windows.values()].flat();
    const brought = Math.max(...all.map(({ layers }) => layers.length));
    const layers = Array.from({ length: 4 }, (_, id) =>
      layerDelta(
        id,
        here,
        before.flatMap(([, r]) => r),
      ),
    );
    const dropped = new Set(owner.places.get(this.#window));
    const given = here.filter(({ score }) => score > 0).map(({ score }) => score);
    const scores = given.filter((_, place) => !dropped.has(place));
    return {
      slot,
      generation: owner.generation,
      deltas,
      layers,
      layersBrought: brought,
      keptLayer: keptLayer(layers),
      rttMs: Math.max(...here.map(({ rttMs }) => rttMs)),
      jitterUs: Math.max(...here.map(({ jitterUs }) => jitterUs)),
      mime: here.findLast(({ mime }) => mime !== 0)?.mime ?? 0,
      scores: scores.length,
      scoresDropped: dropped.size,
      scoreSum: scores.reduce((sum, score) => sum + score, 0),
      scoreMin: scores.length === 0 ? 0 : Math.min(...scores),
      scoreMedian: plainMedian(scores),
      startMs: previous?.timeMs ?? here[0]!.timeMs,
      endMs: last.timeMs,
    };
  }
}

/** What a layer grew by in the window: a record without the layer says nothing of it. */
function layerDelta(id: number, here: readonly Applied[], before: readonly Applied[]): LayerTotals {
  const latest = (records: readonly Applied[]): LayerTotals | undefined =>
    records.findLast(({ layers }) => layers.length > id)?.layers[id];
  const base = latest(before) ?? NO_LAYER;
  const now = latest(here) ?? base;
  return [now[0] - base[0], now[1] - base[1], now[2] - base[2]];
}

/** Most bytes, of equals the higher id; none when none has any. */
function keptLayer(layers: readonly LayerTotals[]): number | undefined {
  const most = Math.max(...layers.map(([, bytes]) => bytes));
  return most > 0 ? layers.findLastIndex(([, bytes]) => bytes === most) : undefined;
}

/** The middle of the sorted scores, or the mean of the two middles; 0 when there is none. */
export function plainMedian(scores: readonly number[]): number {
  if (scores.length === 0) return 0;
  const sorted = [...scores].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
