import type { SeededRandom } from './seeded-random.js';
import type { Count, DirectionName, TraceLayer, TraceLine, TraceStream } from './trace-line.js';

const U32 = 2 ** 32;
const SIXTEENTH = 2 ** 28;

const STREAM_COUNTERS = [
  'primaryPackets',
  'primaryBytes',
  'retransmitPackets',
  'retransmitBytes',
  'paddingPackets',
  'paddingBytes',
  'packetsOutOfOrder',
  'frames',
  'nacks',
  'plis',
  'firs',
] as const;
const LAYER_COUNTERS = ['packets', 'bytes', 'frames'] as const;
type Counter = (typeof STREAM_COUNTERS)[number] | (typeof LAYER_COUNTERS)[number];

/** Scores that meet: ties, halves that are exact in float32 and tenths that are not. */
const SCORES = [4.4, 4.4, 4.3, 4.1, 3.5, 1, 2.5, 5, 0.1, 100];
const MIMES = ['video/VP8', 'video/AV1', 'video/H264', 'audio/opus', 'audio/red', 'x/✓'];

type OddPart = (typeof STREAM_COUNTERS)[number] | 'packetsLost' | 'layers';
type Totals = Map<Counter, number>;

/** What a sender believes of one SSRC. */
interface Ssrc {
  ssrc: number | undefined;
  totals: Totals;
  /** Below zero too. */
  lost: number;
  layers: Map<number, Totals>;
  /** The counter that was odd last: an odd step is half of a story, and the next one on it tells the rest. */
  odd: OddPart | undefined;
}

/** A track of a participant in one direction, whose SSRCs come, go, wrap, restart and lie. */
export class GeneratedTrack {
  readonly trackSid: string;
  readonly direction: DirectionName;
  readonly #random: SeededRandom;
  readonly #deltaShare: number;
  readonly #hasLayers: boolean;
  readonly #mime: string;
  readonly #ssrcs: Ssrc[] = [];
  #nextSsrc: number;
  /** The highest layer that is being sent; −1: none. */
  #topLayer = 2;

  constructor(random: SeededRandom, trackSid: string, direction: DirectionName) {
    this.#random = random;
    this.trackSid = trackSid;
    this.direction = direction;
    this.#deltaShare = random.pick([0, 0, 0, 0.1, 1]);
    this.#hasLayers = random.chance(0.5);
    this.#mime = random.pick(MIMES);
    this.#nextSsrc = random.pick([1, 1000, U32 - 10_000]);
    this.#ssrcs.push(this.#newSsrc(random.chance(0.2)));
  }

  /** The members of an rtp line that are the track's own. */
  sample(): Partial<TraceLine> {
    const random = this.#random;
    this.#changeSsrcs();
    if (random.chance(0.15)) this.#topLayer = random.int(-1, 3);
    const isDelta = random.chance(this.#deltaShare);
    // Most lines are ordinary, or one of their many counters would spoil nearly every one of them.
    const oddSsrc = random.chance(0.15) ? random.pick([...this.#ssrcs, undefined]) : undefined;
    const sent = random.chance(0.04) ? [] : this.#ssrcs.filter(() => random.chance(0.85));
    return {
      ...(isDelta ? { counters: 'delta' } : random.chance(0.3) ? { counters: 'cumulative' } : {}),
      ...this.#mimeType(),
      ...this.#score(),
      ...(random.chance(0.2) ? { country: random.pick(['DE', 'JP', '']) } : {}),
      streams: sent.map((ssrc) =>
        isDelta ? this.#deltas(ssrc, ssrc === oddSsrc) : this.#totals(ssrc, ssrc === oddSsrc),
      ),
    };
  }

  /** A restart under another SSRC, another one beside it, one that ends. */
  #changeSsrcs(): void {
    const random = this.#random;
    if (random.chance(0.03)) this.#ssrcs[random.int(0, this.#ssrcs.length - 1)] = this.#newSsrc(false);
    if (random.chance(0.03) && this.#ssrcs.length < 3) this.#ssrcs.push(this.#newSsrc(random.chance(0.5)));
    if (random.chance(0.02) && this.#ssrcs.length > 1) this.#ssrcs.pop();
    if (random.chance(0.05)) this.#ssrcs.reverse();
  }

  #newSsrc(nearTheTop: boolean): Ssrc {
    const random = this.#random;
    const isUnnamed = random.chance(0.2) && this.#ssrcs.every(({ ssrc }) => ssrc !== undefined);
    const totals: Totals = new Map();
    for (const counter of STREAM_COUNTERS) totals.set(counter, nearTheTop ? U32 - random.int(1, 200) : 0);
    return {
      ssrc: isUnnamed ? undefined : this.#nextSsrc++,
      totals,
      lost: random.chance(0.3) ? random.int(-20, 0) : 0,
      layers: new Map(),
      odd: undefined,
    };
  }

  #totals(ssrc: Ssrc, isOdd: boolean): TraceStream {
    const random = this.#random;
    const stream: TraceStream = { ...this.#named(ssrc), ...this.#delays() };
    const odd = isOdd ? this.#oddPart(ssrc) : undefined;
    for (const counter of STREAM_COUNTERS) {
      // A counter that stands on an edge stays there a while, so that the next odd step is one from the edge.
      const isHeld = counter === ssrc.odd && random.chance(0.7);
      if (counter === odd) this.#oddTotal(ssrc.totals, counter);
      else if (!isHeld) this.#grow(ssrc.totals, counter);
      const value = ssrc.totals.get(counter) ?? 0;
      if (counter === odd || random.chance(0.7)) stream[counter] = this.#written(counter, value);
    }
    if (odd === 'packetsLost') stream.packetsLost = this.#oddLoss(ssrc);
    else if (random.chance(0.6)) stream.packetsLost = this.#loss(ssrc);
    if (this.#hasLayers && random.chance(0.9)) stream.videoLayers = this.#layers(ssrc, odd === 'layers');
    return stream;
  }

  #oddPart(ssrc: Ssrc): OddPart {
    if (ssrc.odd !== undefined && this.#random.chance(0.6)) return ssrc.odd;
    const odd = this.#random.pick<OddPart>([...STREAM_COUNTERS, 'packetsLost', 'layers']);
    ssrc.odd = odd;
    return odd;
  }

  #grow(totals: Totals, counter: Counter): void {
    const before = totals.get(counter) ?? 0;
    const by = this.#random.chance(0.25) ? 0 : this.#random.int(1, isBytes(counter) ? 60_000 : 60);
    const after = isBytes(counter) ? before + by : (before + by) % U32;
    totals.set(counter, after);
  }

  /** A total that goes where the rules have their edges; from near the top of the range mostly to its start. */
  #oddTotal(totals: Totals, counter: Counter): void {
    const random = this.#random;
    const before = totals.get(counter) ?? 0;
    const beginning = [0, random.int(0, 100), SIXTEENTH - 1, SIXTEENTH];
    const anywhere = [
      ...beginning,
      Math.floor(before / 2),
      Math.max(0, before - 1),
      before + 2 ** 31 - 1,
      before + 2 ** 31,
      U32 - random.int(1, 100),
      U32 - SIXTEENTH,
      U32 - SIXTEENTH - 1,
      U32 + random.int(0, 100),
    ];
    const after = random.pick(before >= U32 - SIXTEENTH - 1 && random.chance(0.7) ? beginning : anywhere);
    totals.set(counter, after);
  }

  #loss(ssrc: Ssrc): Count {
    const random = this.#random;
    ssrc.lost += random.chance(0.3) ? -random.int(1, 30) : random.int(0, 20);
    return ssrc.lost < 0 && random.chance(0.5) ? ssrc.lost + U32 : ssrc.lost;
  }

  #oddLoss(ssrc: Ssrc): Count {
    const written = this.#random.pick([
      2 ** 31 - 1,
      2 ** 31,
      U32 - 1,
      U32,
      ssrc.lost + 5000,
      ssrc.lost - 5000,
    ]);
    ssrc.lost = written >= 2 ** 31 && written < U32 ? written - U32 : written;
    return written;
  }

  #layers(ssrc: Ssrc, isOdd: boolean): TraceLayer[] {
    const random = this.#random;
    const layers: TraceLayer[] = [];
    const tie = random.chance(0.15) ? random.int(1, 500) : undefined;
    for (let id = 0; id <= 3; id++) {
      const isSent = id <= this.#topLayer;
      if (!isSent && !ssrc.layers.has(id)) continue;
      const totals: Totals = ssrc.layers.get(id) ?? new Map();
      ssrc.layers.set(id, totals);
      const layer: TraceLayer = { layer: id };
      for (const counter of LAYER_COUNTERS) {
        if (isSent && tie !== undefined) totals.set(counter, ((totals.get(counter) ?? 0) + tie) % U32);
        else if (isSent && isOdd && random.chance(0.3)) this.#oddTotal(totals, counter);
        else if (isSent) this.#grow(totals, counter);
        if (random.chance(0.9)) layer[counter] = this.#written(counter, totals.get(counter) ?? 0);
      }
      if (random.chance(0.9)) layers.push(layer);
    }
    return random.chance(0.3) ? layers.reverse() : layers;
  }

  #deltas(ssrc: Ssrc, isOdd: boolean): TraceStream {
    const random = this.#random;
    const stream: TraceStream = { ...this.#named(ssrc), ...this.#delays() };
    for (const counter of STREAM_COUNTERS) {
      if (random.chance(0.5))
        stream[counter] = this.#written(counter, random.int(0, isBytes(counter) ? 60_000 : 60));
    }
    if (random.chance(0.5)) stream.packetsLost = random.int(-10, 12);
    if (isOdd) stream[random.pick(STREAM_COUNTERS)] = random.pick([2 ** 31 - 1, 2 ** 31, U32 - 1]);
    if (isOdd && random.chance(0.3)) stream.packetsLost = random.pick([2 ** 31 - 1, 2 ** 31, U32 - 5, -5000]);
    if (this.#hasLayers) {
      stream.videoLayers = [0, 1, 2, 3]
        .filter((id) => id <= this.#topLayer)
        .map((layer) => ({
          layer,
          packets: random.int(0, 60),
          bytes: random.int(0, 3) * 1000,
          frames: random.int(0, 30),
        }));
    }
    return stream;
  }

  #named({ ssrc }: Ssrc): TraceStream {
    return ssrc === undefined ? {} : { ssrc };
  }

  #delays(): TraceStream {
    const random = this.#random;
    return {
      ...(random.chance(0.5) ? { rtt: random.chance(0.01) ? U32 + 5 : random.int(0, 300) } : {}),
      ...(random.chance(0.5) ? { jitter: random.chance(0.01) ? U32 - 1 : random.int(0, 90_000) } : {}),
    };
  }

  #mimeType(): { mimeType?: string } {
    switch (this.#random.weighted({ own: 70, none: 15, empty: 5, other: 10 })) {
      case 'own':
        return { mimeType: this.#mime };
      case 'none':
        return {};
      case 'empty':
        return { mimeType: '' };
      case 'other':
        return { mimeType: this.#random.pick(MIMES) };
    }
  }

  #score(): { score?: number } {
    const random = this.#random;
    switch (random.weighted({ none: 25, zero: 5, negative: 3, common: 45, any: 22 })) {
      case 'none':
        return {};
      case 'zero':
        return { score: 0 };
      case 'negative':
        return { score: -random.next() };
      case 'common':
        return { score: random.pick(SCORES) };
      case 'any':
        // Not below 1/64: of such scores a double holds every sum exactly, in whatever order they are added.
        return { score: 1 / 64 + random.next() * 5 };
    }
  }

  /** 64-bit numbers now and then as strings, as protobuf's JSON has them. */
  #written(counter: Counter, value: number): Count {
    return isBytes(counter) && this.#random.chance(0.2) ? String(value) : value;
  }
}

function isBytes(counter: Counter): boolean {
  return counter === 'bytes' || counter.endsWith('Bytes');
}
