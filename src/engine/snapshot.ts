import { type AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import { Row } from '../memory/row.js';
import { decode } from '../snapshot/decode.js';
import { readTrackWindow, type TrackWindow } from '../snapshot/track-window.js';
import type { SnapshotMessage } from './messages.js';

/** One flush, as `onSnapshot` gives it. Nothing is decoded before it is asked for. */
export class Snapshot {
  /** Number of the flush; a number may be missing where nothing was to be reported. */
  readonly flush: number;
  /** When the flush was, milliseconds since 1970. */
  readonly timeMs: number;
  /** The same in engine time: milliseconds since the engine started. */
  readonly engineMs: number;
  /** `livekit.AnalyticsStats` in protobuf: by room, participant, upstream before downstream, track. */
  readonly bytes: Uint8Array;
  readonly #message: SnapshotMessage;
  #stats: AnalyticsStat[] | undefined;

  /** @internal */
  constructor(message: SnapshotMessage) {
    this.#message = message;
    this.flush = message.flush;
    this.engineMs = message.time;
    this.timeMs = message.originEpochMs + message.time;
    this.bytes = message.bytes;
  }

  /** How many stats there are. */
  get count(): number {
    return this.#message.rows.length / Row.WORDS;
  }

  /** LiveKit's messages; each track's layers and SSRCs are reduced to one. */
  get stats(): readonly AnalyticsStat[] {
    this.#stats ??= decode(AnalyticsStats, this.bytes).stats;
    return this.#stats;
  }

  /** The same tracks with all that is known of them: every layer, every SSRC. */
  get tracks(): TrackWindow[] {
    const { rows, streams, originEpochMs } = this.#message;
    let at = 0;
    return this.stats.map((stat, n) => {
      const length = streams[at]!;
      const list = streams.subarray(at + 1, at + 1 + length);
      at += 1 + length;
      return readTrackWindow(rows, n * Row.WORDS, list, stat, originEpochMs);
    });
  }
}
