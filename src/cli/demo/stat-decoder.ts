import { AnalyticsStat } from '@livekit/protocol';

/** `AnalyticsStats.stats`: field 1, length-delimited. */
const STAT_TAG = 0x0a;
/** Work of one turn, at most: a large snapshot takes many. */
const TURN_BUDGET_MS = 2;

/** The encoded stats of an encoded `AnalyticsStats`, one by one and not decoded. */
export function* encodedStats(stats: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < stats.length; ) {
    if (stats[at] !== STAT_TAG) throw new RangeError(`no stat at byte ${at}`);
    at++;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = stats[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    yield stats.subarray(at, at + length);
    at += length;
  }
}

/** Decodes snapshots in the background, a little in each turn, so that the loop stays free for others. */
export class StatDecoder {
  readonly #take: (stats: readonly AnalyticsStat[]) => void;
  #last: Promise<void> = Promise.resolve();

  /** @param take given all stats of a snapshot at once, in the order of the snapshots. */
  constructor(take: (stats: readonly AnalyticsStat[]) => void) {
    this.#take = take;
  }

  add(encoded: Uint8Array): void {
    this.#last = this.#last.then(() => this.#decode(encoded));
  }

  /** Resolves when everything added so far was decoded. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #decode(encoded: Uint8Array): Promise<void> {
    const stats: AnalyticsStat[] = [];
    let deadline = performance.now() + TURN_BUDGET_MS;
    for (const one of encodedStats(encoded)) {
      stats.push(AnalyticsStat.fromBinary(one));
      if (performance.now() <= deadline) continue;
      await new Promise((resolve) => setImmediate(resolve));
      deadline = performance.now() + TURN_BUDGET_MS;
    }
    this.#take(stats);
  }
}
