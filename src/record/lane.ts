import { CounterCells } from '../memory/cells.js';
import { Control, laneWord, Record, type ShardMemory, wakeShard } from '../memory/shard.js';
import { Totals } from '../memory/totals.js';

const { TYPE_SHIFT, LAYERS_SHIFT, HAS_SCORE, SAMPLE, COUNTER, PAD, TIME, TOTALS, LAYERS } = Record;
const { I32_SLOT, I32_GENERATION, I32_SCORE_NUMBER, I32_MIME, F32_SCORE, I32_RTT, I32_JITTER } = Record;
const { SAMPLE_WORDS, COUNTER_WORDS, MAX_WORDS } = Record;
const { COUNT } = Totals;
const { BYTES, MESSAGES } = CounterCells;

/**
 * The writing end of one lane: the recording thread puts records and publishes them in batches. Only the
 * thread that owns the lane may call it. Nothing here waits, throws or allocates.
 */
export class Lane {
  /** Slots below this one, counted in the shard, belong to other lanes. */
  readonly firstSlot: number;
  readonly #ints: Int32Array;
  readonly #words: Float64Array;
  readonly #floats: Float32Array;
  readonly #cells: Float64Array;
  readonly #ring: number;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #batch: number;
  readonly #publishedAt: number;
  readonly #appliedAt: number;
  readonly #coveredAt: number;
  readonly #slotsUsedAt: number;
  /** End of the last record put; PUBLISHED follows it. */
  #position: number;
  #published: number;
  /** APPLIED as last read: re-read only when the ring seems full. */
  #applied: number;

  constructor(memory: ShardMemory, lane: number, cells: Float64Array) {
    const { buffer, layout } = memory;
    this.#ints = new Int32Array(buffer);
    this.#words = new Float64Array(buffer);
    this.#floats = new Float32Array(buffer);
    this.#cells = cells;
    this.#ring = layout.rings + lane * layout.ringWords;
    this.#capacity = layout.ringWords;
    this.#mask = layout.ringWords - 1;
    // An eighth of the ring: a worker starts early, and a store costs nothing a record.
    this.#batch = layout.ringWords >> 3;
    this.firstSlot = lane * layout.laneSlots;
    this.#publishedAt = laneWord(lane, Control.LANE_PUBLISHED);
    this.#appliedAt = laneWord(lane, Control.LANE_APPLIED);
    this.#coveredAt = laneWord(lane, Control.LANE_COVERED);
    this.#slotsUsedAt = laneWord(lane, Control.LANE_SLOTS_USED);
    // A lane whose thread died is taken over where it stood.
    this.#position = Atomics.load(this.#ints, this.#publishedAt);
    this.#published = this.#position;
    this.#applied = Atomics.load(this.#ints, this.#appliedAt);
  }

  /** Where the next record will start; a slot closed now is free when COVERED has passed it. */
  get position(): number {
    return this.#position;
  }

  get covered(): number {
    return Atomics.load(this.#ints, this.#coveredAt);
  }

  /** Share of the ring that holds records not yet applied, 0 to 1. */
  get fill(): number {
    return ((this.#position - Atomics.load(this.#ints, this.#appliedAt)) | 0) / this.#capacity;
  }

  /** Slots from the lane's first that were ever used: no flush looks beyond them. */
  set slotsUsed(count: number) {
    Atomics.store(this.#ints, this.#slotsUsedAt, count);
  }

  /** Whether a record of any size fits now. */
  hasRoom(): boolean {
    // A record that would cross the end needs as much again for the pad.
    if (this.#capacity - ((this.#position - this.#applied) | 0) >= 2 * MAX_WORDS) return true;
    this.#applied = Atomics.load(this.#ints, this.#appliedAt);
    return this.#capacity - ((this.#position - this.#applied) | 0) >= 2 * MAX_WORDS;
  }

  /** Makes room for a record; returns the word it starts at, or -1 when the ring is full. */
  #claim(length: number): number {
    const at = this.#position & this.#mask;
    const pad = at + length > this.#capacity ? this.#capacity - at : 0;
    const need = length + pad;
    if (((this.#position - this.#applied) | 0) + need > this.#capacity) {
      this.#applied = Atomics.load(this.#ints, this.#appliedAt); // R1
      if (((this.#position - this.#applied) | 0) + need > this.#capacity) return -1;
    }
    if (pad === 0) return this.#ring + at;
    this.#ints[2 * (this.#ring + at)] = pad | (PAD << TYPE_SHIFT);
    this.#position = (this.#position + pad) | 0;
    return this.#ring;
  }

  #put(length: number): void {
    this.#position = (this.#position + length) | 0;
    if (((this.#position - this.#published) | 0) >= this.#batch) this.publish();
  }

  /**
   * Puts all totals of a track, as they stand in its cells from word `totals`.
   * @param score 0 for none; else it has the number `scoreNumber`.
   * @returns false when the ring is full; nothing was put then.
   */
  putSample(
    slot: number,
    generation: number,
    time: number,
    totals: number,
    layers: number,
    mime: number,
    rtt: number,
    jitter: number,
    score: number,
    scoreNumber: number,
  ): boolean {
    const layerWords = 3 * layers;
    const length = SAMPLE_WORDS + layerWords;
    const record = this.#claim(length);
    if (record < 0) return false;
    const ints = this.#ints;
    const words = this.#words;
    const cells = this.#cells;
    const at = record * 2;
    ints[at] = length | (SAMPLE << TYPE_SHIFT) | (layers << LAYERS_SHIFT) | (score > 0 ? HAS_SCORE : 0); // R2
    ints[at + I32_SLOT] = slot;
    ints[at + I32_GENERATION] = generation;
    ints[at + I32_SCORE_NUMBER] = scoreNumber;
    words[record + TIME] = time;
    const to = record + TOTALS;
    words[to] = cells[totals]!;
    words[to + 1] = cells[totals + 1]!;
    words[to + 2] = cells[totals + 2]!;
    words[to + 3] = cells[totals + 3]!;
    words[to + 4] = cells[totals + 4]!;
    words[to + 5] = cells[totals + 5]!;
    words[to + 6] = cells[totals + 6]!;
    words[to + 7] = cells[totals + 7]!;
    words[to + 8] = cells[totals + 8]!;
    words[to + 9] = cells[totals + 9]!;
    words[to + 10] = cells[totals + 10]!;
    words[to + 11] = cells[totals + 11]!;
    words[to + 12] = cells[totals + 12]!;
    ints[at + I32_MIME] = mime;
    this.#floats[at + F32_SCORE] = score;
    ints[at + I32_RTT] = rtt;
    ints[at + I32_JITTER] = jitter;
    for (let i = 0; i < layerWords; i++) words[record + LAYERS + i] = cells[totals + COUNT + i]!;
    this.#put(length);
    return true;
  }

  /** Puts the three totals of a data or signalling track: samples, and what stands in its cells from word `counters`. */
  putCounter(slot: number, generation: number, time: number, samples: number, counters: number): boolean {
    const record = this.#claim(COUNTER_WORDS);
    if (record < 0) return false;
    const words = this.#words;
    const cells = this.#cells;
    const at = record * 2;
    this.#ints[at] = COUNTER_WORDS | (COUNTER << TYPE_SHIFT);
    this.#ints[at + I32_SLOT] = slot;
    this.#ints[at + I32_GENERATION] = generation;
    words[record + TIME] = time;
    words[record + TOTALS] = samples;
    words[record + TOTALS + 1] = cells[counters + MESSAGES]!;
    words[record + TOTALS + 2] = cells[counters + BYTES]!;
    this.#put(COUNTER_WORDS);
    return true;
  }

  /** Makes all that was put visible to the stats worker, and wakes it. */
  publish(): void {
    if (this.#published === this.#position) return;
    this.#published = this.#position;
    Atomics.store(this.#ints, this.#publishedAt, this.#position); // R3
    wakeShard(this.#ints);
  }
}
