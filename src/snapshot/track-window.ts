import type { AnalyticsStat } from '@livekit/protocol';
import { Row, RowFlags } from '../memory/row.js';
import { Direction, Totals } from '../memory/totals.js';

/** One simulcast or SVC layer in one window. */
export interface LayerWindow {
  readonly layer: number;
  readonly packets: number;
  readonly bytes: number;
  readonly frames: number;
}

/** One SSRC of a track: running totals since it was first seen, skipped samples among them. */
export interface StreamTotals {
  readonly ssrc: number;
  /** Primary, retransmitted and padding packets. */
  readonly packets: number;
  readonly bytes: number;
  readonly packetsLost: number;
}

/** What one track did in one window and one direction. Counters are what was added in the window. */
export interface TrackWindow {
  readonly roomSid: string;
  readonly roomName: string;
  readonly participantSid: string;
  readonly trackSid: string;
  readonly direction: Direction;
  readonly mimeType: string;
  /** First and last moment the counters speak of, milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly samples: number;
  readonly primaryPackets: number;
  readonly primaryBytes: number;
  readonly retransmitPackets: number;
  readonly retransmitBytes: number;
  readonly paddingPackets: number;
  readonly paddingBytes: number;
  readonly packetsLost: number;
  readonly packetsOutOfOrder: number;
  readonly frames: number;
  readonly nacks: number;
  readonly plis: number;
  readonly firs: number;
  /** Largest in the window. */
  readonly rttMs: number;
  /** Largest in the window. */
  readonly jitterUs: number;
  /** Scores above 0; mean, min and median are 0 when there is none. */
  readonly scores: number;
  /** Scores for which there was no room (`scoreBlocks`): they are in none of the three. */
  readonly scoresDropped: number;
  readonly scoreMean: number;
  readonly scoreMin: number;
  readonly scoreMedian: number;
  /** Every layer the track has brought, by id. */
  readonly layers: readonly LayerWindow[];
  /** The layer that the stat keeps: most bytes in the window. */
  readonly keptLayer: number | undefined;
  /** Every SSRC of the track, the latest first. */
  readonly streams: readonly StreamTotals[];
}

/** Words of one SSRC in a snapshot's stream list. */
export const STREAM_LIST_WORDS = 4;

/**
 * Reads the row at word `row` of a snapshot's rows, whose identity the stat carries.
 * @param streams the track's part of the stream list: ssrc, packets, bytes, lost for each
 */
export function readTrackWindow(
  rows: Float64Array,
  row: number,
  streams: Float64Array,
  stat: AnalyticsStat,
  originEpochMs: number,
): TrackWindow {
  const ints = new Int32Array(rows.buffer, rows.byteOffset);
  const floats = new Float32Array(rows.buffer, rows.byteOffset);
  const delta = (total: number): number => rows[row + Row.DELTAS + total]!;
  const flags = ints[2 * row + Row.I32_FLAGS]!;
  const scores = ints[2 * row + Row.I32_SCORES]!;
  const kept = (flags & RowFlags.KEPT_MASK) >> RowFlags.KEPT_SHIFT;
  const layers: LayerWindow[] = [];
  for (let layer = 0; layer < (flags & RowFlags.LAYERS_MASK); layer++) {
    const at = row + Row.LAYERS + layer * Totals.LAYER_WORDS;
    layers.push({ layer, packets: rows[at]!, bytes: rows[at + 1]!, frames: rows[at + 2]! });
  }
  const list: StreamTotals[] = [];
  for (let at = 0; at < streams.length; at += STREAM_LIST_WORDS) {
    list.push({
      ssrc: streams[at]!,
      packets: streams[at + 1]!,
      bytes: streams[at + 2]!,
      packetsLost: streams[at + 3]!,
    });
  }
  return {
    roomSid: stat.roomId,
    roomName: stat.roomName,
    participantSid: stat.participantId,
    trackSid: stat.trackId,
    direction: stat.kind === Direction.DOWNSTREAM ? Direction.DOWNSTREAM : Direction.UPSTREAM,
    mimeType: stat.mime,
    startMs: originEpochMs + rows[row + Row.START]!,
    endMs: originEpochMs + rows[row + Row.END]!,
    samples: delta(Totals.SAMPLES),
    primaryPackets: delta(Totals.PRIMARY_PACKETS),
    primaryBytes: delta(Totals.PRIMARY_BYTES),
    retransmitPackets: delta(Totals.RETRANSMIT_PACKETS),
    retransmitBytes: delta(Totals.RETRANSMIT_BYTES),
    paddingPackets: delta(Totals.PADDING_PACKETS),
    paddingBytes: delta(Totals.PADDING_BYTES),
    packetsLost: delta(Totals.PACKETS_LOST),
    packetsOutOfOrder: delta(Totals.PACKETS_OUT_OF_ORDER),
    frames: delta(Totals.FRAMES),
    nacks: delta(Totals.NACKS),
    plis: delta(Totals.PLIS),
    firs: delta(Totals.FIRS),
    rttMs: ints[2 * row + Row.I32_RTT]! >>> 0,
    jitterUs: ints[2 * row + Row.I32_JITTER]! >>> 0,
    scores,
    scoresDropped: ints[2 * row + Row.I32_SCORES_DROPPED]!,
    scoreMean: scores === 0 ? 0 : rows[row + Row.SCORE_SUM]! / scores,
    scoreMin: floats[2 * row + Row.F32_SCORE_MIN]!,
    scoreMedian: rows[row + Row.SCORE_MEDIAN]!,
    layers,
    keptLayer: kept === 0 ? undefined : kept - 1,
    streams: list,
  };
}
