import { ReferenceLifetime, sidOf } from './reference-lifetime.js';
import {
  type Bases,
  type Counter,
  type LayerCounter,
  type ReferenceTotals,
  readMessages,
  readRtp,
  type Sample,
  trackSidOf,
} from './reference-sample.js';
import type { DirectionName, TraceLine } from './trace-line.js';

/** A stat as `toJson()` of an AnalyticsStat gives it, without `id` and `node`. */
export type ReferenceStat = Record<string, unknown>;
export type ReferenceBooks = Record<DirectionName, ReferenceTotals>;

export interface ReferenceReplay {
  /** The flushes that have stats, in order; `t` is in milliseconds since the trace began. */
  flushes: { t: number; stats: ReferenceStat[] }[];
  summary: {
    recorded: ReferenceBooks;
    reported: ReferenceBooks;
    dropped: { invalid: ReferenceBooks; unattributed: ReferenceBooks };
  };
}

export interface ReferenceOptions {
  /** @default 30000 */
  reportIntervalMs?: number;
  /** @default 180000 */
  reapAfterMs?: number;
  /** Epoch of `t` = 0. @default 2026-01-01T00:00:00Z */
  startMs?: number;
}

interface Window {
  startMs: number;
  endMs: number;
  counters: Map<Counter, number>;
  layers: Map<number, Map<LayerCounter, number>>;
  rtt: number;
  jitter: number;
  scores: number[];
  mime: string;
  books: ReferenceTotals;
}

/** One track of one participant in one direction; lives as long as the replay. */
interface Track {
  roomSid: string;
  participantSid: string;
  trackSid: string;
  direction: DirectionName;
  bases: Bases;
  previousSampleMs: number | undefined;
  /** L: "all changes since the track was opened". */
  loss: number;
  /** H: "the highest L at any earlier close (at first 0)". */
  highestLoss: number;
  window: Window | undefined;
}

const U32_MAX = 2 ** 32 - 1;

/**
 * TRACE.md written down a second time: plain, slow, with Maps and arrays. It knows nothing of the engine; it is
 * what the engine is held against. Words in quotes are the rules' own.
 *
 * @param trace lines or JSON Lines; taken to be good, for bad input is not its matter
 */
export function referenceReplay(
  trace: readonly TraceLine[] | string,
  options: ReferenceOptions = {},
): ReferenceReplay {
  const { reportIntervalMs = 30_000, reapAfterMs = 180_000, startMs = Date.UTC(2026, 0, 1) } = options;
  const replay = new Replay(startMs, reapAfterMs);
  let nextReportMs = reportIntervalMs;
  let lastMs: number | undefined;
  for (const line of typeof trace === 'string' ? parse(trace) : trace) {
    // "At every multiple of the report interval, before any line whose `t` is that multiple or later."
    for (; nextReportMs <= line.t; nextReportMs += reportIntervalMs) replay.flush(nextReportMs);
    replay.line(line);
    lastMs = line.t;
  }
  // "And once at the end, at the last `t`."
  if (lastMs !== undefined) replay.flush(lastMs);
  return replay.result;
}

class Replay {
  readonly #startMs: number;
  readonly #lifetime: ReferenceLifetime;
  readonly #tracks = new Map<string, Track>();
  readonly result: ReferenceReplay = {
    flushes: [],
    summary: {
      recorded: emptyBooks(),
      reported: emptyBooks(),
      dropped: { invalid: emptyBooks(), unattributed: emptyBooks() },
    },
  };

  constructor(startMs: number, reapAfterMs: number) {
    this.#startMs = startMs;
    this.#lifetime = new ReferenceLifetime(reapAfterMs);
  }

  line(line: TraceLine): void {
    this.#lifetime.line(line);
    if (line.op === 'flush') this.flush(line.t);
    if (line.op === 'rtp') this.#sample(line, readRtp(line, this.#track(line).bases));
    if (line.op === 'data' || line.op === 'signal') this.#sample(line, readMessages(line));
  }

  flush(flushMs: number): void {
    const { reported } = this.result.summary;
    const stats: ReferenceStat[] = [];
    for (const track of [...this.#tracks.values()].sort(inOrderOfReport)) {
      // "A window without a valid sample has none."
      if (track.window !== undefined) {
        stats.push(this.#stat(track, track.window, flushMs));
        addTo(reported[track.direction], track.window.books);
      }
      track.highestLoss = Math.max(track.highestLoss, track.loss);
      track.window = undefined;
    }
    if (stats.length > 0) this.result.flushes.push({ t: flushMs, stats });
    this.#lifetime.reap(flushMs);
  }

  #sample(line: TraceLine, sample: Sample): void {
    const { recorded, dropped } = this.result.summary;
    const direction = line.direction ?? 'UPSTREAM';
    addTo(recorded[direction], sample.books);
    // "A line whose participant is not known is counted as `unattributed`", also if it is invalid too.
    if (!this.#lifetime.isKnown(line)) addTo(dropped.unattributed[direction], sample.books);
    else if (sample.invalid) addTo(dropped.invalid[direction], sample.books);
    else take(this.#track(line), sample, line.t);
  }

  #track(line: TraceLine): Track {
    const roomSid = sidOf(line.room);
    const participantSid = sidOf(line.participant);
    const trackSid = trackSidOf(line);
    const direction = line.direction ?? 'UPSTREAM';
    const key = JSON.stringify([roomSid, participantSid, trackSid, direction]);
    let track = this.#tracks.get(key);
    if (track === undefined) {
      track = {
        roomSid,
        participantSid,
        trackSid,
        direction,
        bases: new Map(),
        previousSampleMs: undefined,
        loss: 0,
        highestLoss: 0,
        window: undefined,
      };
      this.#tracks.set(key, track);
    }
    return track;
  }

  #stat(track: Track, window: Window, flushMs: number): ReferenceStat {
    const counter = (name: Counter) => u32(window.counters.get(name) ?? 0);
    const bytes = (name: Counter) => u64(window.counters.get(name) ?? 0);
    const stream = {
      primaryPackets: counter('primaryPackets'),
      primaryBytes: bytes('primaryBytes'),
      retransmitPackets: counter('retransmitPackets'),
      retransmitBytes: bytes('retransmitBytes'),
      paddingPackets: counter('paddingPackets'),
      paddingBytes: bytes('paddingBytes'),
      packetsLost: u32(reportedLoss(track)),
      packetsOutOfOrder: counter('packetsOutOfOrder'),
      frames: counter('frames'),
      nacks: counter('nacks'),
      plis: counter('plis'),
      firs: counter('firs'),
      rtt: window.rtt,
      jitter: window.jitter,
      videoLayers: keptLayer(window),
    };
    return {
      ...withoutDefaults({
        kind: track.direction === 'UPSTREAM' ? '' : 'DOWNSTREAM',
        roomId: track.roomSid,
        roomName: this.#lifetime.roomName(track.roomSid),
        participantId: track.participantSid,
        trackId: track.trackSid,
        score: mean(window.scores),
        minScore: smallest(window.scores),
        medianScore: median(window.scores),
        mime: window.mime,
      }),
      timeStamp: this.#time(flushMs),
      streams: [
        {
          // "The stream's `ssrc` is 0", and so left out.
          ...withoutDefaults(stream),
          startTime: this.#time(window.startMs),
          endTime: this.#time(window.endMs),
        },
      ],
    };
  }

  #time(ms: number): string {
    return new Date(this.#startMs + ms).toISOString().replace('.000Z', 'Z');
  }
}

function parse(text: string): TraceLine[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as TraceLine);
}

/** Adds a valid sample to its track's window. */
function take(track: Track, sample: Sample, atMs: number): void {
  track.window ??= {
    // "startTime: the track's previous sample (for its first, that sample)."
    startMs: track.previousSampleMs ?? atMs,
    endMs: atMs,
    counters: new Map(),
    layers: new Map(),
    rtt: 0,
    jitter: 0,
    scores: [],
    mime: '',
    books: { samples: 0, messages: 0, packets: 0, bytes: 0 },
  };
  const window = track.window;
  // "endTime: its last sample in the window."
  window.endMs = atMs;
  track.previousSampleMs = atMs;

  // "Counters sum"; the loss goes on from window to window.
  for (const { counter, change } of sample.changes) {
    if (counter === 'packetsLost') track.loss += change;
    else window.counters.set(counter, (window.counters.get(counter) ?? 0) + change);
  }
  // "Layers: sums per id over the window", whatever the SSRC.
  for (const { layer, counter, change } of sample.layerChanges) {
    const sums = window.layers.get(layer) ?? new Map<LayerCounter, number>();
    window.layers.set(layer, sums.set(counter, (sums.get(counter) ?? 0) + change));
  }
  // "rtt = max, jitter = max"; their field holds 32 bits.
  window.rtt = Math.max(window.rtt, ...sample.rtts.map(u32));
  window.jitter = Math.max(window.jitter, ...sample.jitters.map(u32));
  // "Scores: only > 0 count."
  if (sample.score > 0) window.scores.push(sample.score);
  // "mime: the last that a valid sample of the window named, else ''."
  if (sample.mime !== '') window.mime = sample.mime;
  addTo(window.books, sample.books);
}

/** "Report max(0, L − H)." */
function reportedLoss(track: Track): number {
  return Math.max(0, track.loss - track.highestLoss);
}

/**
 * "Only a layer with bytes in the window can be kept; most bytes, then the higher id; if none has any,
 * `videoLayers` is absent."
 */
function keptLayer(window: Window): ReferenceStat[] {
  const [kept] = [...window.layers]
    .map(([layer, sums]) => ({ layer, bytes: sums.get('bytes') ?? 0, sums }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || b.layer - a.layer);
  if (kept === undefined) return [];
  return [
    withoutDefaults({
      layer: kept.layer,
      packets: u32(kept.sums.get('packets') ?? 0),
      bytes: u64(kept.bytes),
      frames: u32(kept.sums.get('frames') ?? 0),
    }),
  ];
}

/** "The mean is taken in double", and said as float32. "All 0 when there is none." */
function mean(scores: readonly number[]): number {
  if (scores.length === 0) return 0;
  return Math.fround(scores.reduce((sum, score) => sum + score, 0) / scores.length);
}

function smallest(scores: readonly number[]): number {
  return scores.length === 0 ? 0 : Math.min(...scores);
}

/** "The middle, or the mean of the two middles." */
function median(scores: readonly number[]): number {
  if (scores.length === 0) return 0;
  const sorted = [...scores].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? 0) : upper;
  return Math.fround((lower + upper) / 2);
}

/** A `uint32` says no more than 2^32 − 1. */
function u32(value: number): number {
  return Math.min(value, U32_MAX);
}

/** "64-bit as strings." */
function u64(value: number): string {
  return BigInt(value).toString();
}

/** "Defaults left out." */
function withoutDefaults(fields: ReferenceStat): ReferenceStat {
  const isDefault = (value: unknown) =>
    value === 0 || value === '0' || value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isDefault(value)));
}

/** "By room sid, participant sid, upstream before downstream, track sid, strings by JavaScript's `<`." */
function inOrderOfReport(a: Track, b: Track): number {
  return (
    compare(a.roomSid, b.roomSid) ||
    compare(a.participantSid, b.participantSid) ||
    compare(rank(a.direction), rank(b.direction)) ||
    compare(a.trackSid, b.trackSid)
  );
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rank(direction: DirectionName): number {
  return direction === 'UPSTREAM' ? 0 : 1;
}

function emptyBooks(): ReferenceBooks {
  return {
    UPSTREAM: { samples: 0, messages: 0, packets: 0, bytes: 0 },
    DOWNSTREAM: { samples: 0, messages: 0, packets: 0, bytes: 0 },
  };
}

function addTo(totals: ReferenceTotals, more: ReferenceTotals): void {
  totals.samples += more.samples;
  totals.messages += more.messages;
  totals.packets += more.packets;
  totals.bytes += more.bytes;
}
