/** One simulcast or SVC layer of one SSRC; counters as in StreamSample. */
export interface LayerSample {
  /** 0 to 3, LiveKit's VideoQuality: 0 low, 1 medium, 2 high. */
  readonly layer: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly frames?: number;
}

/**
 * One SSRC. For `record` each counter is the source's running total, for `recordDelta` what was added since
 * the last call. An absent counter says nothing.
 */
export interface StreamSample {
  /** Absent: 0. */
  readonly ssrc?: number;
  readonly primaryPackets?: number;
  readonly primaryBytes?: number;
  readonly retransmitPackets?: number;
  readonly retransmitBytes?: number;
  readonly paddingPackets?: number;
  readonly paddingBytes?: number;
  /** Signed, as in RTCP: late packets make it fall. Values of 2^31 to 2^32 are read as negative. */
  readonly packetsLost?: number;
  readonly packetsOutOfOrder?: number;
  readonly frames?: number;
  readonly nacks?: number;
  readonly plis?: number;
  readonly firs?: number;
  /** Round trip, milliseconds; the window keeps the largest. */
  readonly rttMs?: number;
  /** Interarrival jitter, microseconds; the window keeps the largest. */
  readonly jitterUs?: number;
  readonly layers?: readonly LayerSample[];
}

/** What one track did, in one direction, as seen at one moment. */
export interface TrackSample {
  readonly mimeType?: string;
  /** Connection score, 1 to 5; 0 or absent: no score. Rounded to float32. */
  readonly score?: number;
  readonly streams: readonly StreamSample[];
}
