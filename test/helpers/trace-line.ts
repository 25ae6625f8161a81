/** The lines of a trace, as TRACE.md has them; what the reference reads and the generator makes. */

export type DirectionName = 'UPSTREAM' | 'DOWNSTREAM';

/** A whole number; "64-bit numbers may be strings". */
export type Count = number | string;

export interface TraceLayer {
  layer: number;
  packets?: Count;
  bytes?: Count;
  frames?: Count;
}

export interface TraceStream {
  ssrc?: number;
  primaryPackets?: Count;
  primaryBytes?: Count;
  retransmitPackets?: Count;
  retransmitBytes?: Count;
  paddingPackets?: Count;
  paddingBytes?: Count;
  packetsLost?: Count;
  packetsOutOfOrder?: Count;
  frames?: Count;
  /** Milliseconds. */
  rtt?: number;
  /** Microseconds. */
  jitter?: number;
  nacks?: Count;
  plis?: Count;
  firs?: Count;
  videoLayers?: TraceLayer[];
}

/** An object with a sid, or the sid alone. */
export type TraceRef = string | { sid: string; name?: string; [field: string]: unknown };

/** One line. Which members an `op` has and needs stands in TRACE.md. */
export interface TraceLine {
  /** Milliseconds since the trace began. */
  t: number;
  op: string;
  room?: TraceRef;
  participant?: TraceRef;
  track?: TraceRef;
  ref?: string;
  direction?: DirectionName;
  bytes?: Count;
  messages?: Count;
  mimeType?: string;
  counters?: 'cumulative' | 'delta';
  score?: number;
  streams?: TraceStream[];

  // These are for events and metrics, and decide no stat.
  country?: string;
  sendEvent?: boolean;
  client?: object;
  clientMeta?: object;
  isMigration?: boolean;
  isWarp?: boolean;
  node?: string;
  reason?: string;
  wasPublishedLocally?: boolean;
  publisher?: TraceRef;
  error?: string;
  isUserError?: boolean;
  quality?: string;
  layer?: number;
  stats?: object;
  info?: object;
}

/** The trace as a file has it: JSON Lines. */
export function toJsonLines(lines: readonly TraceLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
