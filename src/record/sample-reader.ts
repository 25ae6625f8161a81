import { StreamCells } from '../memory/cells.js';
import { Totals } from '../memory/totals.js';
import { InvalidReason } from './result.js';
import {
  changeOfBytes,
  changeOfCounter,
  INVALID_BYTES_CHANGE,
  INVALID_CHANGE,
  signedLoss,
} from './running-totals.js';
import type { LayerSample, StreamSample, TrackSample } from './sample.js';
import { RAW_LAYERS, type StreamPool } from './stream-pool.js';

const { COUNT, LAYER_WORDS, MAX_LAYERS, MAX_WORDS } = Totals;
const {
  PRIMARY_PACKETS,
  PRIMARY_BYTES,
  RETRANSMIT_PACKETS,
  RETRANSMIT_BYTES,
  PADDING_PACKETS,
  PADDING_BYTES,
} = Totals;
const { PACKETS_LOST, PACKETS_OUT_OF_ORDER, FRAMES, NACKS, PLIS, FIRS } = Totals;
const CHANGE_LIMIT = INVALID_CHANGE;
const BYTES_LIMIT = INVALID_BYTES_CHANGE;
const MAX_U32 = 2 ** 32 - 1;
const MAX_U64 = 2 ** 64;
/** In place of the first word of what a source said last: values are changes. */
const NO_RAW = -2;

/** The SSRCs of one track, each with its stream in the pool. */
export class TrackStreams {
  // Most tracks have one: it is found without a look into the arrays.
  #firstSsrc = -1;
  #firstStream = -1;
  /** In the order they were first seen. */
  readonly #ssrcs: number[] = [];
  readonly #streams: number[] = [];
  #streamBySsrc: Map<number, number> | undefined;

  /** An SSRC's stream, or -1; sources give theirs in the same order every time, so `hint` is nearly always right. */
  streamOf(ssrc: number, hint: number): number {
    if (ssrc === this.#firstSsrc) return this.#firstStream;
    if (this.#ssrcs[hint] === ssrc) return this.#streams[hint]!;
    if (this.#ssrcs.length <= MAX_LAYERS) return this.#streams[this.#ssrcs.indexOf(ssrc)] ?? -1;
    this.#streamBySsrc ??= new Map(this.#ssrcs.map((known, place) => [known, this.#streams[place]!]));
    return this.#streamBySsrc.get(ssrc) ?? -1;
  }

  add(ssrc: number, stream: number): void {
    if (this.#ssrcs.length === 0) {
      this.#firstSsrc = ssrc;
      this.#firstStream = stream;
    }
    this.#ssrcs.push(ssrc);
    this.#streams.push(stream);
    this.#streamBySsrc?.set(ssrc, stream);
  }
}

/**
 * Reads a sample into changes: what was added to each of the track's totals. One for each recording thread,
 * because the fields hold the last sample's result. It never throws and, but for a new SSRC, never allocates.
 */
export class SampleReader {
  /** Changes in the order of Totals; word 0, the samples, stays 0. */
  readonly changes = new Float64Array(MAX_WORDS);
  /** The highest layer id of the sample + 1. */
  layers = 0;
  rtt = 0;
  jitter = 0;
  /** 0 for none. */
  score = 0;
  mimeType: string | undefined;
  #reason: InvalidReason = InvalidReason.NONE;
  readonly #pool: StreamPool;
  readonly #raw: Float64Array;

  constructor(pool: StreamPool) {
    this.#pool = pool;
    this.#raw = pool.raw;
  }

  /**
   * @param firstWord the 32-bit word of the slot's chain of streams.
   * @returns why the sample must be skipped, or NONE. With running totals (`cumulative`) what it brought is
   * the new base either way.
   */
  read(sample: TrackSample, known: TrackStreams, firstWord: number, cumulative: boolean): InvalidReason {
    const changes = this.changes;
    // Stores: a call of fill() costs 12 ns, a tenth of a sample.
    changes[1] = 0;
    changes[2] = 0;
    changes[3] = 0;
    changes[4] = 0;
    changes[5] = 0;
    changes[6] = 0;
    changes[7] = 0;
    changes[8] = 0;
    changes[9] = 0;
    changes[10] = 0;
    changes[11] = 0;
    changes[12] = 0;
    if (this.layers > 0) changes.fill(0, COUNT);
    this.layers = 0;
    this.rtt = 0;
    this.jitter = 0;
    this.score = 0;
    this.#reason = InvalidReason.NONE;
    try {
      this.#readScore(sample.score);
      this.mimeType = sample.mimeType;
      const streams = sample.streams;
      if (!Array.isArray(streams)) return InvalidReason.SHAPE;
      for (let i = 0; i < streams.length; i++) this.#readStream(streams[i]!, known, i, firstWord, cumulative);
    } catch {
      // A getter of the caller's that throws, a stream that is null: the record path lets nothing out.
      return InvalidReason.SHAPE;
    }
    return this.#reason;
  }

  #readScore(score: number | undefined): void {
    if (score === undefined) return;
    const rounded = Math.fround(score);
    if (typeof score !== 'number' || rounded - rounded !== 0) this.#reason = InvalidReason.GAUGE;
    else if (rounded > 0) this.score = rounded;
  }

  #readStream(
    stream: StreamSample,
    known: TrackStreams,
    hint: number,
    firstWord: number,
    cumulative: boolean,
  ): void {
    const ssrc = stream.ssrc ?? 0;
    if (typeof ssrc !== 'number' || ssrc >>> 0 !== ssrc) {
      this.#reason = InvalidReason.SHAPE;
      return;
    }
    let id = known.streamOf(ssrc, hint);
    if (id < 0) {
      id = this.#pool.take(ssrc, firstWord);
      if (id < 0) {
        this.#reason = InvalidReason.NO_STREAM;
        return;
      }
      known.add(ssrc, id);
    }
    const changes = this.changes;
    const packetsBefore =
      changes[PRIMARY_PACKETS]! + changes[RETRANSMIT_PACKETS]! + changes[PADDING_PACKETS]!;
    const bytesBefore = changes[PRIMARY_BYTES]! + changes[RETRANSMIT_BYTES]! + changes[PADDING_BYTES]!;
    const lostBefore = changes[PACKETS_LOST]!;
    // Word n of the totals is word n - 1 of what the source said last.
    const raw = cumulative ? this.#pool.rawOf(id) - 1 : NO_RAW;
    this.#count(stream.primaryPackets, PRIMARY_PACKETS, raw, false);
    this.#count(stream.primaryBytes, PRIMARY_BYTES, raw, true);
    this.#count(stream.retransmitPackets, RETRANSMIT_PACKETS, raw, false);
    this.#count(stream.retransmitBytes, RETRANSMIT_BYTES, raw, true);
    this.#count(stream.paddingPackets, PADDING_PACKETS, raw, false);
    this.#count(stream.paddingBytes, PADDING_BYTES, raw, true);
    this.#countLoss(stream.packetsLost, raw, cumulative);
    this.#count(stream.packetsOutOfOrder, PACKETS_OUT_OF_ORDER, raw, false);
    this.#count(stream.frames, FRAMES, raw, false);
    this.#count(stream.nacks, NACKS, raw, false);
    this.#count(stream.plis, PLIS, raw, false);
    this.#count(stream.firs, FIRS, raw, false);
    const rtt = stream.rttMs;
    if (rtt !== undefined) this.rtt = this.#larger(this.rtt, rtt);
    const jitter = stream.jitterUs;
    if (jitter !== undefined) this.jitter = this.#larger(this.jitter, jitter);
    const layers = stream.layers;
    if (layers !== undefined) {
      const rawLayers = cumulative ? this.#pool.rawOf(id) + RAW_LAYERS - COUNT : NO_RAW;
      for (let i = 0; i < layers.length; i++) this.#readLayer(layers[i]!, rawLayers);
    }
    const cells = this.#pool.cells;
    const at = this.#pool.cellsOf(id);
    cells[at + StreamCells.PACKETS]! +=
      changes[PRIMARY_PACKETS]! + changes[RETRANSMIT_PACKETS]! + changes[PADDING_PACKETS]! - packetsBefore;
    cells[at + StreamCells.BYTES]! +=
      changes[PRIMARY_BYTES]! + changes[RETRANSMIT_BYTES]! + changes[PADDING_BYTES]! - bytesBefore;
    cells[at + StreamCells.LOST]! += changes[PACKETS_LOST]! - lostBefore;
  }

  /** Both hold the layers in the same order, only where they begin differs: `raw` + word of the totals. */
  #readLayer(layer: LayerSample, raw: number): void {
    const id = layer.layer;
    if (id !== 0 && id !== 1 && id !== 2 && id !== 3) {
      this.#reason = InvalidReason.LAYER;
      return;
    }
    if (id >= this.layers) this.layers = id + 1;
    const word = COUNT + LAYER_WORDS * id;
    this.#count(layer.packets, word, raw, false);
    this.#count(layer.bytes, word + 1, raw, true);
    this.#count(layer.frames, word + 2, raw, false);
  }

  /**
   * Adds the change of a counter to word `word`; at `raw` + word stands what it was last.
   * @param isBytes a byte counter: it is wider, and never wraps
   */
  #count(value: number | undefined, word: number, raw: number, isBytes: boolean): void {
    if (value === undefined) return;
    if (raw !== NO_RAW && typeof value === 'number') {
      const at = raw + word;
      const change = value - this.#raw[at]!;
      // What it was is whole and not negative: if the change is, it is too. Small enough to be copied into every call.
      if (change >= 0 && change < CHANGE_LIMIT && Math.floor(change) === change) {
        this.#raw[at] = value;
        this.changes[word]! += change;
        return;
      }
    }
    this.#countWithCare(value, word, raw, isBytes);
  }

  /** What is not a small step forward. */
  #countWithCare(value: number, word: number, raw: number, isBytes: boolean): void {
    if (!this.#isWhole(value)) return;
    let change = value;
    if (raw !== NO_RAW) {
      const at = raw + word;
      const before = this.#raw[at]!;
      change = isBytes ? changeOfBytes(before, value) : changeOfCounter(before, value);
      this.#raw[at] = value;
    }
    const limit = isBytes ? BYTES_LIMIT : CHANGE_LIMIT;
    this.changes[word]! += change < limit ? change : this.#tooLarge(change);
  }

  #countLoss(value: number | undefined, raw: number, cumulative: boolean): void {
    if (value === undefined) return;
    if (Math.floor(value) !== value || value - value !== 0) {
      this.#refuse(value);
      return;
    }
    let change = value;
    if (cumulative) {
      const at = raw + PACKETS_LOST;
      const now = signedLoss(value);
      change = now - this.#raw[at]!;
      this.#raw[at] = now;
    }
    this.changes[PACKETS_LOST]! += change < CHANGE_LIMIT ? change : this.#tooLarge(change);
  }

  #isWhole(value: number): boolean {
    if (value >= 0 && Math.floor(value) === value && value !== Number.POSITIVE_INFINITY) return true;
    this.#refuse(value);
    return false;
  }

  #refuse(value: number): void {
    this.#reason = value < 0 ? InvalidReason.NEGATIVE : InvalidReason.NOT_WHOLE;
  }

  /** Makes the sample invalid; what the books say of it stays finite. */
  #tooLarge(change: number): number {
    this.#reason = InvalidReason.TOO_LARGE;
    return Math.min(change, MAX_U64);
  }

  #larger(most: number, value: number): number {
    if (!(value >= 0) || value === Number.POSITIVE_INFINITY || typeof value !== 'number') {
      this.#reason = InvalidReason.GAUGE;
      return most;
    }
    if (value <= most) return most;
    return value > MAX_U32 ? MAX_U32 : Math.floor(value);
  }
}
