import { Row, RowFlags } from '../memory/row.js';
import { Totals } from '../memory/totals.js';
import { STAT_ID_BYTES, writeStatId } from './stat-id.js';
import type { StatIdentity } from './stat-identity.js';
import { tagOf, varintBytes, WireType, writeVarint } from './wire.js';

// An imported constant costs twice a local one in the loop below.
const { I32_SCORES, I32_RTT, I32_JITTER, I32_FLAGS, START, END, DELTAS, LAYERS, SCORE_SUM, SCORE_MEDIAN } =
  Row;
const { F32_SCORE_MIN } = Row;
const { KEPT_MASK, KEPT_SHIFT } = RowFlags;
const { LAYER_WORDS } = Totals;
const PRIMARY_PACKETS = DELTAS + Totals.PRIMARY_PACKETS;
const PRIMARY_BYTES = DELTAS + Totals.PRIMARY_BYTES;
const RETRANSMIT_PACKETS = DELTAS + Totals.RETRANSMIT_PACKETS;
const RETRANSMIT_BYTES = DELTAS + Totals.RETRANSMIT_BYTES;
const PADDING_PACKETS = DELTAS + Totals.PADDING_PACKETS;
const PADDING_BYTES = DELTAS + Totals.PADDING_BYTES;
const PACKETS_LOST = DELTAS + Totals.PACKETS_LOST;
const PACKETS_OUT_OF_ORDER = DELTAS + Totals.PACKETS_OUT_OF_ORDER;
const FRAMES = DELTAS + Totals.FRAMES;
const NACKS = DELTAS + Totals.NACKS;
const PLIS = DELTAS + Totals.PLIS;
const FIRS = DELTAS + Totals.FIRS;

const { VARINT, LENGTH, FIXED32 } = WireType;

/** `livekit.AnalyticsStats` */
const STATS = tagOf(1, LENGTH);
/** `livekit.AnalyticsStat`; the other fields are in the identity's bytes. */
const STAT_TIME = tagOf(3, LENGTH);
const STAT_SCORE = tagOf(9, FIXED32);
const STAT_STREAM = tagOf(10, LENGTH);
const STAT_MIME = tagOf(11, LENGTH);
const STAT_SCORE_MIN = tagOf(12, FIXED32);
const STAT_SCORE_MEDIAN = tagOf(13, FIXED32);
const STAT_ID = tagOf(14, LENGTH);
/** `livekit.AnalyticsStream`, without its ssrc */
const STREAM_PRIMARY_PACKETS = tagOf(2, VARINT);
const STREAM_PRIMARY_BYTES = tagOf(3, VARINT);
const STREAM_RETRANSMIT_PACKETS = tagOf(4, VARINT);
const STREAM_RETRANSMIT_BYTES = tagOf(5, VARINT);
const STREAM_PADDING_PACKETS = tagOf(6, VARINT);
const STREAM_PADDING_BYTES = tagOf(7, VARINT);
const STREAM_PACKETS_LOST = tagOf(8, VARINT);
const STREAM_FRAMES = tagOf(9, VARINT);
const STREAM_RTT = tagOf(10, VARINT);
const STREAM_JITTER = tagOf(11, VARINT);
const STREAM_NACKS = tagOf(12, VARINT);
const STREAM_PLIS = tagOf(13, VARINT);
const STREAM_FIRS = tagOf(14, VARINT);
const STREAM_LAYER = tagOf(15, LENGTH);
const STREAM_START = tagOf(17, LENGTH);
const STREAM_END = tagOf(18, LENGTH);
const STREAM_OUT_OF_ORDER = tagOf(19, VARINT);
/** `livekit.AnalyticsVideoLayer` */
const LAYER_ID = tagOf(1, VARINT);
const LAYER_PACKETS = tagOf(2, VARINT);
const LAYER_BYTES = tagOf(3, VARINT);
const LAYER_FRAMES = tagOf(4, VARINT);
/** `google.protobuf.Timestamp` */
const TIME_SECONDS = tagOf(1, VARINT);
const TIME_NANOS = tagOf(2, VARINT);

/** More than a stat takes beside its identity and its mime: with every field at its longest 234 bytes. */
const STAT_MAX_BYTES = 256;
/** A stat has 128 to 16,383 bytes as good as always. */
const STAT_LENGTH_BYTES = 2;
/** A stream's length, a layer's, a time's: as good as always below 128. */
const SHORT_LENGTH_BYTES = 1;

/** Above any flush number: at one flush a second it comes after two years. */
const SHARDS_BEFORE_SHIFT = 26;

const INITIAL_BYTES = 64 * 1024;
const TWO_31 = 2 ** 31;
const TWO_32 = 2 ** 32;
const TWO_64 = 2 ** 64;

/**
 * Writes snapshot rows as the protobuf bytes of one `livekit.AnalyticsStats`. One thread makes it and calls, for
 * each flush, `begin`, then `append` for each row in the order the stats shall have, then `finish`. Between two
 * flushes it keeps a buffer as large as its largest flush was.
 *
 * A 32-bit field whose value does not fit says 2^32 − 1, a 64-bit one 2^64 − 1; {@link saturated} counts them.
 * Nothing throws, but for want of memory.
 */
export class StatsEncoder {
  #out = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#out.buffer);
  #length = 0;
  #count = 0;
  #saturated = 0;
  /** What ids are made from beside the track. */
  #idNumber = 0;
  #originEpochMs = 0;
  /** The field `time_stamp`, the same in every stat of a flush. */
  #time = new Uint8Array(0);

  /** Stats appended since `begin`. */
  get count(): number {
    return this.#count;
  }

  /** Fields whose value was too large to say, since `begin`. */
  get saturated(): number {
    return this.#saturated;
  }

  /**
   * Starts a flush; what was appended and not finished is gone.
   *
   * @param flush the flush number, from which the ids are made
   * @param shardsBefore how many shards have reported of this flush before, 0 to 63: a track may have been among theirs,
   * and what a late shard adds is another stat, with an id of its own
   * @param flushEpochMs when the flush was, milliseconds since 1970; may be negative or fractional, as all times
   * @param originEpochMs the epoch of engine time 0: a row's times are added to it
   */
  begin(flush: number, flushEpochMs: number, originEpochMs: number, shardsBefore = 0): void {
    this.#idNumber = (flush ^ (shardsBefore << SHARDS_BEFORE_SHIFT)) >>> 0;
    this.#originEpochMs = originEpochMs;
    this.#length = 0;
    this.#count = 0;
    this.#saturated = 0;
    this.#out[0] = STAT_TIME;
    this.#time = this.#out.slice(0, putTime(this.#out, 1, flushEpochMs));
  }

  /**
   * Appends the stat of one row.
   *
   * @param words the rows' memory in 8-byte words; `ints` and `floats` are views of the same buffer
   * @param row index in `words` of the row's first word
   * @param mime UTF-8, may be empty
   */
  append(
    words: Float64Array,
    ints: Int32Array,
    floats: Float32Array,
    row: number,
    identity: StatIdentity,
    mime: Uint8Array,
  ): void {
    const known = identity.bytes;
    this.#reserve(STAT_MAX_BYTES + known.length + mime.length);
    const out = this.#out;
    const row32 = row * 2;

    out[this.#length] = STATS;
    const from = this.#length + 1 + STAT_LENGTH_BYTES;
    let to = from;
    out.set(known, to);
    to += known.length;
    const time = this.#time;
    for (let i = 0; i < time.length; i++) out[to++] = time[i]!;

    const scores = ints[row32 + I32_SCORES]!;
    if (scores > 0) {
      to = this.#putFloat(to, STAT_SCORE, words[row + SCORE_SUM]! / scores);
      to = this.#putFloat(to, STAT_SCORE_MIN, floats[row32 + F32_SCORE_MIN]!);
      to = this.#putFloat(to, STAT_SCORE_MEDIAN, words[row + SCORE_MEDIAN]!);
    }
    if (mime.length > 0) {
      out[to++] = STAT_MIME;
      to = writeVarint(out, to, mime.length);
      out.set(mime, to);
      to += mime.length;
    }
    out[to++] = STAT_ID;
    out[to++] = STAT_ID_BYTES;
    writeStatId(out, to, identity, this.#idNumber);
    to += STAT_ID_BYTES;

    // The longest part whose length is not known comes last, so that it alone moves if the guess was wrong.
    out[to++] = STAT_STREAM;
    to = this.#putStream(to, words, ints, row);

    this.#length = closeMessage(out, from, to, STAT_LENGTH_BYTES);
    this.#count++;
  }

  /** The bytes of all stats since `begin`, none or more, in a buffer of their own that may be transferred. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.slice(0, this.#length);
  }

  #putStream(at: number, words: Float64Array, ints: Int32Array, row: number): number {
    const out = this.#out;
    const row32 = row * 2;
    const from = at + SHORT_LENGTH_BYTES;
    let to = from;
    to = this.#putU32(to, STREAM_PRIMARY_PACKETS, words[row + PRIMARY_PACKETS]!);
    to = this.#putU64(to, STREAM_PRIMARY_BYTES, words[row + PRIMARY_BYTES]!);
    to = this.#putU32(to, STREAM_RETRANSMIT_PACKETS, words[row + RETRANSMIT_PACKETS]!);
    to = this.#putU64(to, STREAM_RETRANSMIT_BYTES, words[row + RETRANSMIT_BYTES]!);
    to = this.#putU32(to, STREAM_PADDING_PACKETS, words[row + PADDING_PACKETS]!);
    to = this.#putU64(to, STREAM_PADDING_BYTES, words[row + PADDING_BYTES]!);
    to = this.#putU32(to, STREAM_PACKETS_LOST, words[row + PACKETS_LOST]!);
    to = this.#putU32(to, STREAM_FRAMES, words[row + FRAMES]!);
    to = this.#putU32(to, STREAM_RTT, ints[row32 + I32_RTT]! >>> 0);
    to = this.#putU32(to, STREAM_JITTER, ints[row32 + I32_JITTER]! >>> 0);
    to = this.#putU32(to, STREAM_NACKS, words[row + NACKS]!);
    to = this.#putU32(to, STREAM_PLIS, words[row + PLIS]!);
    to = this.#putU32(to, STREAM_FIRS, words[row + FIRS]!);

    const kept = (ints[row32 + I32_FLAGS]! & KEPT_MASK) >> KEPT_SHIFT;
    if (kept > 0) {
      out[to++] = STREAM_LAYER;
      to = this.#putLayer(to, words, row, kept - 1);
    }
    to = putTag2(out, to, STREAM_START);
    to = putTime(out, to, this.#originEpochMs + words[row + START]!);
    to = putTag2(out, to, STREAM_END);
    to = putTime(out, to, this.#originEpochMs + words[row + END]!);
    const outOfOrder = words[row + PACKETS_OUT_OF_ORDER]!;
    if (outOfOrder > 0) {
      to = putTag2(out, to, STREAM_OUT_OF_ORDER);
      to = this.#put32(to, outOfOrder);
    }
    return closeMessage(out, from, to, SHORT_LENGTH_BYTES);
  }

  #putLayer(at: number, words: Float64Array, row: number, layer: number): number {
    const first = row + LAYERS + layer * LAYER_WORDS;
    const from = at + SHORT_LENGTH_BYTES;
    let to = from;
    to = this.#putU32(to, LAYER_ID, layer);
    to = this.#putU32(to, LAYER_PACKETS, words[first]!);
    to = this.#putU64(to, LAYER_BYTES, words[first + 1]!);
    to = this.#putU32(to, LAYER_FRAMES, words[first + 2]!);
    return closeMessage(this.#out, from, to, SHORT_LENGTH_BYTES);
  }

  /** A `uint32` field; left out when 0. */
  #putU32(at: number, tag: number, value: number): number {
    if (!(value > 0)) return at;
    this.#out[at] = tag;
    return this.#put32(at + 1, value);
  }

  #put32(at: number, value: number): number {
    if (value < TWO_31) return putVarint31(this.#out, at, value);
    if (value < TWO_32) return putVarint64(this.#out, at, value | 0, 0);
    this.#saturated++;
    return putVarint64(this.#out, at, -1, 0);
  }

  /** A `uint64` field; left out when 0. */
  #putU64(at: number, tag: number, value: number): number {
    if (!(value > 0)) return at;
    this.#out[at] = tag;
    if (value < TWO_31) return putVarint31(this.#out, at + 1, value);
    if (value < TWO_64) return putVarint64(this.#out, at + 1, value | 0, (value / TWO_32) | 0);
    this.#saturated++;
    return putVarint64(this.#out, at + 1, -1, -1);
  }

  /** A `float` field; left out when it rounds to 0. */
  #putFloat(at: number, tag: number, value: number): number {
    if (Math.fround(value) === 0) return at;
    this.#out[at] = tag;
    this.#view.setFloat32(at + 1, value, true);
    return at + 5;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#out.length * 2));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** A varint of 0 to 2^31 − 1. */
function putVarint31(out: Uint8Array, at: number, value: number): number {
  let rest = value | 0;
  let to = at;
  while (rest > 0x7f) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}

/** A varint of 64 bits, given as two halves of 32. */
function putVarint64(out: Uint8Array, at: number, low: number, high: number): number {
  let to = at;
  let lo = low;
  let hi = high;
  while (hi !== 0 || lo >>> 7 !== 0) {
    out[to++] = (lo & 0x7f) | 0x80;
    lo = (lo >>> 7) | (hi << 25);
    hi >>>= 7;
  }
  out[to++] = lo;
  return to;
}

/** A tag of two bytes: fields 16 to 2,047. */
function putTag2(out: Uint8Array, at: number, tag: number): number {
  out[at] = (tag & 0x7f) | 0x80;
  out[at + 1] = tag >> 7;
  return at + 2;
}

/** A `google.protobuf.Timestamp` with its length before it: whole milliseconds, nanos never negative. */
function putTime(out: Uint8Array, at: number, epochMs: number): number {
  const ms = Math.floor(epochMs);
  const seconds = Math.floor(ms / 1000);
  const nanos = (ms - seconds * 1000) * 1_000_000;
  let to = at + SHORT_LENGTH_BYTES;
  if (seconds !== 0) {
    out[to++] = TIME_SECONDS;
    to =
      seconds > 0 && seconds < TWO_31
        ? putVarint31(out, to, seconds)
        : putVarint64(out, to, seconds | 0, Math.floor(seconds / TWO_32) | 0);
  }
  if (nanos !== 0) {
    out[to++] = TIME_NANOS;
    to = putVarint31(out, to, nanos);
  }
  out[at] = to - at - SHORT_LENGTH_BYTES;
  return to;
}

/**
 * Puts the length of a message before it, for which `reserved` bytes were left free, and moves the message if
 * it takes more or fewer: a length is written in its shortest form. Returns the place behind the message.
 */
function closeMessage(out: Uint8Array, from: number, to: number, reserved: number): number {
  const length = to - from;
  const shift = varintBytes(length) - reserved;
  if (shift !== 0) out.copyWithin(from + shift, from, to);
  writeVarint(out, from - reserved, length);
  return to + shift;
}
