/**
 * The running totals of one track, in the order they travel in: records, slots and rows all hold them as
 * consecutive 8-byte words in this order. Words 1 to 12 carry the names of `livekit.AnalyticsStream`.
 *
 * A data or signalling track counts its messages as primary packets and its bytes as primary bytes.
 */
export const Totals = {
  SAMPLES: 0,
  PRIMARY_PACKETS: 1,
  PRIMARY_BYTES: 2,
  RETRANSMIT_PACKETS: 3,
  RETRANSMIT_BYTES: 4,
  PADDING_PACKETS: 5,
  PADDING_BYTES: 6,
  PACKETS_LOST: 7,
  PACKETS_OUT_OF_ORDER: 8,
  FRAMES: 9,
  NACKS: 10,
  PLIS: 11,
  FIRS: 12,
  /** Words before the layers. */
  COUNT: 13,
  /** Each layer follows with its packets, bytes and frames. */
  LAYER_WORDS: 3,
  MAX_LAYERS: 4,
  /** Words of a track with all its layers. */
  MAX_WORDS: 25,
} as const;

/** Whether a track's traffic comes from the client or goes to it; the values are LiveKit's `StreamType`. */
export const Direction = { UPSTREAM: 0, DOWNSTREAM: 1 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];
