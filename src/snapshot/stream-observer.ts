import { countryCode, NO_COUNTRY, OTHER_COUNTRIES } from '../memory/countries.js';
import { Row } from '../memory/row.js';
import {
  JITTER_US_BOUNDS,
  MAX_LABEL_SETS,
  PERCENT_BOUNDS,
  packLabels,
  QUALITY_BOUNDS,
  RTT_MS_BOUNDS,
  SETS_OF_A_COUNTRY,
  SOURCES,
  StreamCounts,
  TYPES,
  UNKNOWN_TYPE,
  withoutCountry,
} from '../memory/stream-counts.js';
import { Totals } from '../memory/totals.js';
import type { RowViews } from './row-merge.js';
import type { KnownTracks, ObservedTrack, RowObserver } from './row-observer.js';

const { SETS, SET_WORDS, LABELS, LOST, OUT_OF_ORDER } = StreamCounts;
const { LOSS_PERCENT, OUT_OF_ORDER_PERCENT, JITTER_US, RTT_MS, QUALITY } = StreamCounts;
const { DELTAS, I32_RTT, I32_JITTER, I32_SCORES, SCORE_SUM } = Row;
const { PRIMARY_PACKETS, PADDING_PACKETS, PACKETS_LOST, PACKETS_OUT_OF_ORDER } = Totals;

/** Counts LiveKit's stream metrics, once a track and window, into the ledger. Timer thread. */
export class StreamObserver implements RowObserver {
  readonly #tracks: KnownTracks;
  /** Place of each label set in the half that is being written. */
  readonly #sets = new Map<number, number>();
  #epoch = 0;
  #words: Float64Array = new Float64Array(0);
  #at = 0;
  /** Of the last row. */
  #room: string | undefined;
  #version = 0;

  constructor(tracks: KnownTracks) {
    this.#tracks = tracks;
  }

  begin(words: Float64Array, at: number): void {
    this.#words = words;
    this.#at = at;
    this.#room = undefined;
    const count = words[at + StreamCounts.LABEL_SETS]!;
    if (count === this.#sets.size) return;
    // The first flush of this thread, or the one before was never committed: places may be given anew.
    this.#sets.clear();
    for (let set = 0; set < count; set++) this.#sets.set(words[this.#wordOf(set) + LABELS]!, set);
    this.#epoch++;
  }

  observe({ words: row, ints }: RowViews, at: number, track: ObservedTrack, mime: Uint8Array): void {
    const words = this.#words;
    const set = this.#wordOf(this.#setOf(track, mime));
    const packets = row[at + DELTAS + PRIMARY_PACKETS]! + row[at + DELTAS + PADDING_PACKETS]!;
    const lost = row[at + DELTAS + PACKETS_LOST]!;
    const outOfOrder = row[at + DELTAS + PACKETS_OUT_OF_ORDER]!;
    words[set + LOST]! += lost;
    words[set + OUT_OF_ORDER]! += outOfOrder;
    if (packets > 0) {
      this.#count(set + LOSS_PERCENT, PERCENT_BOUNDS, (lost / packets) * 100);
      this.#count(set + OUT_OF_ORDER_PERCENT, PERCENT_BOUNDS, (outOfOrder / packets) * 100);
    }
    const jitter = ints[2 * at + I32_JITTER]! >>> 0;
    if (jitter > 0) this.#count(set + JITTER_US, JITTER_US_BOUNDS, jitter);
    const rtt = ints[2 * at + I32_RTT]! >>> 0;
    if (rtt > 0) this.#count(set + RTT_MS, RTT_MS_BOUNDS, rtt);
    const scores = ints[2 * at + I32_SCORES]!;
    if (scores > 0) this.#count(this.#at + QUALITY, QUALITY_BOUNDS, row[at + SCORE_SUM]! / scores);
  }

  #wordOf(set: number): number {
    return this.#at + SETS + set * SET_WORDS;
  }

  /** One observation of a histogram: a sum, then the buckets. */
  #count(histogram: number, bounds: readonly number[], value: number): void {
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#words[histogram]! += value;
    this.#words[histogram + 1 + bucket]!++;
  }

  #setOf(track: ObservedTrack, mime: Uint8Array): number {
    const version = this.#versionOf(track.identity.room.sid);
    if (track.version !== version) this.#lookUp(track, version);
    const type = track.type < 0 ? typeOf(mime) : track.type;
    const labels = packLabels(track.identity.direction, Math.max(track.source, 0), type, track.country);
    if (track.labels !== labels || track.epoch !== this.#epoch) {
      track.labels = labels;
      track.epoch = this.#epoch;
      track.set = this.#placeOf(labels);
    }
    if (this.#words[this.#wordOf(track.set) + LABELS] !== labels) {
      this.#words[this.#at + StreamCounts.OVERFLOWED]!++;
    }
    return track.set;
  }

  /** What was said of the track last counts before what its recorder was opened with. */
  #lookUp(track: ObservedTrack, version: number): void {
    const { identity } = track;
    const kind = this.#tracks.kindOf(identity.room.sid, identity.track);
    const { source = -1, type = -1 } = kind ?? identity;
    track.source = source < SOURCES.length ? source : -1;
    track.type = type < TYPES.length ? type : -1;
    track.country = countryOf(identity.country);
    track.version = version;
  }

  /** Rows come by room. */
  #versionOf(room: string): number {
    if (this.#room !== room) {
      this.#room = room;
      this.#version = this.#tracks.versionOf(room);
    }
    return this.#version;
  }

  #placeOf(labels: number): number {
    const known = this.#sets.get(labels);
    if (known !== undefined) return known;
    const isOther = labels >> 6 === OTHER_COUNTRIES;
    // The last places are for all others: they never run out.
    if (!isOther && this.#sets.size >= MAX_LABEL_SETS - SETS_OF_A_COUNTRY) {
      return this.#placeOf(withoutCountry(labels) | packLabels(0, 0, 0, OTHER_COUNTRIES));
    }
    const set = this.#sets.size;
    this.#sets.set(labels, set);
    this.#words[this.#wordOf(set) + LABELS] = labels;
    this.#words[this.#at + StreamCounts.LABEL_SETS] = set + 1;
    return set;
  }
}

function countryOf(country: string | undefined): number {
  return country === undefined ? NO_COUNTRY : Math.max(NO_COUNTRY, countryCode(country));
}

const AUDIO = [...'audio/'].map((letter) => letter.charCodeAt(0));
const VIDEO = [...'video/'].map((letter) => letter.charCodeAt(0));

/** The type a mime type begins with, in capitals or not. */
function typeOf(mime: Uint8Array): number {
  if (beginsWith(mime, AUDIO)) return 0;
  return beginsWith(mime, VIDEO) ? 1 : UNKNOWN_TYPE;
}

function beginsWith(mime: Uint8Array, letters: readonly number[]): boolean {
  for (let i = 0; i < letters.length; i++) if ((mime[i]! | 0x20) !== (letters[i]! | 0x20)) return false;
  return true;
}
