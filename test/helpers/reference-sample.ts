import { sidOf } from './reference-lifetime.js';
import type { TraceLine } from './trace-line.js';

export interface ReferenceTotals {
  samples: number;
  messages: number;
  packets: number;
  bytes: number;
}

const COUNTERS = [
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
const LAYER_COUNTERS = ['packets', 'bytes', 'frames'] as const;

export type Counter = (typeof COUNTERS)[number];
export type LayerCounter = (typeof LAYER_COUNTERS)[number];

/** What one line brought to its track. */
export interface Sample {
  /** How much each counter changed, one entry for each SSRC that has it. */
  changes: { counter: Counter; change: number }[];
  layerChanges: { layer: number; counter: LayerCounter; change: number }[];
  rtts: number[];
  jitters: number[];
  /** 0: none. */
  score: number;
  /** "": none named. */
  mime: string;
  invalid: boolean;
  /** What the books say of it, also when it is dropped. */
  books: ReferenceTotals;
}

/** The running totals a track's SSRCs last brought, by SSRC, layer and counter. */
export type Bases = Map<string, number>;

const U32 = 2 ** 32;
const U32_SIXTEENTH = U32 / 16;

/** "Each `rtp` line is one sample of its track, though nothing grew and though `streams` is empty." */
export function readRtp(line: TraceLine, bases: Bases): Sample {
  const isDelta = line.counters === 'delta';
  const changes: Sample['changes'] = [];
  const layerChanges: Sample['layerChanges'] = [];
  for (const stream of line.streams ?? []) {
    // "An absent `ssrc` is 0."
    const ssrc = stream.ssrc ?? 0;
    for (const counter of COUNTERS) {
      // "An absent counter says nothing, its total stays."
      if (stream[counter] === undefined) continue;
      const value = Number(stream[counter]);
      const change = isDelta ? value : changeOf(bases, `${ssrc} ${counter}`, counter, value);
      changes.push({ counter, change });
    }
    for (const layer of stream.videoLayers ?? []) {
      for (const counter of LAYER_COUNTERS) {
        if (layer[counter] === undefined) continue;
        const value = Number(layer[counter]);
        // "Each counter of each SSRC, and of each layer of each SSRC, stands for itself."
        const change = isDelta ? value : changeOf(bases, `${ssrc} ${layer.layer} ${counter}`, counter, value);
        layerChanges.push({ layer: layer.layer, counter, change });
      }
    }
  }
  return {
    changes,
    layerChanges,
    rtts: (line.streams ?? []).map((stream) => stream.rtt ?? 0),
    jitters: (line.streams ?? []).map((stream) => stream.jitter ?? 0),
    // "Scores are rounded to float32 when read"
    score: Math.fround(line.score ?? 0),
    mime: line.mimeType ?? '',
    // "The whole line is skipped" for one change that is too large.
    invalid: [...changes, ...layerChanges].some(({ counter, change }) => isTooLarge(counter, change)),
    books: {
      samples: 1,
      messages: 0,
      packets: sum(changes, 'primaryPackets', 'retransmitPackets', 'paddingPackets'),
      bytes: sum(changes, 'primaryBytes', 'retransmitBytes', 'paddingBytes'),
    },
  };
}

/** A `data` or `signal` line: its messages are primary packets and its bytes primary bytes. */
export function readMessages(line: TraceLine): Sample {
  const messages = Number(line.messages ?? 1);
  const bytes = Number(line.bytes ?? 0);
  return {
    changes: [
      { counter: 'primaryPackets', change: messages },
      { counter: 'primaryBytes', change: bytes },
    ],
    layerChanges: [],
    rtts: [],
    jitters: [],
    score: 0,
    mime: '',
    invalid: isTooLarge('primaryPackets', messages) || isTooLarge('primaryBytes', bytes),
    books: { samples: 1, messages, packets: 0, bytes },
  };
}

/** The track a sample's line is about: "default `TR_DT`+sid for data, `TR_SG`+sid for signal". */
export function trackSidOf(line: TraceLine): string {
  if (line.track !== undefined) return sidOf(line.track);
  return (line.op === 'data' ? 'TR_DT' : 'TR_SG') + sidOf(line.participant);
}

/** How much a running total grew, and makes it the new base, whatever becomes of the line. */
function changeOf(bases: Bases, key: string, counter: Counter | LayerCounter, value: number): number {
  const before = bases.get(key);
  const now = counter === 'packetsLost' ? signed(value) : value;
  bases.set(key, now);
  // "First seen, it counts in full."
  if (before === undefined) return now;
  // "Its change is now − before", for "`packetsLost` never wraps and never restarts".
  if (counter === 'packetsLost' || now >= before) return now - before;
  if (isWrap(counter, before, now)) return now + U32 - before;
  // "Else a restart from zero, for that counter alone."
  return now;
}

/** "`packetsLost` is signed (2^31 to 2^32 means v − 2^32)." */
function signed(value: number): number {
  return value >= 2 ** 31 && value < U32 ? value - U32 : value;
}

/** "A u32 wrap (from the last sixteenth of the range into the first; never for bytes)." */
function isWrap(counter: Counter | LayerCounter, before: number, now: number): boolean {
  const fromTheLast = before >= U32 - U32_SIXTEENTH && before < U32;
  const intoTheFirst = now < U32_SIXTEENTH;
  return !isBytes(counter) && fromTheLast && intoTheFirst;
}

/** "Invalid: a change (`cumulative`) or a value (`delta`, packetsLost too) ≥ 2^31, for bytes ≥ 2^63." */
function isTooLarge(counter: Counter | LayerCounter, change: number): boolean {
  return change >= (isBytes(counter) ? 2 ** 63 : 2 ** 31);
}

function isBytes(counter: Counter | LayerCounter): boolean {
  return counter === 'bytes' || counter.endsWith('Bytes');
}

function sum(changes: Sample['changes'], ...counters: Counter[]): number {
  return changes.reduce((total, { counter, change }) => total + (counters.includes(counter) ? change : 0), 0);
}
