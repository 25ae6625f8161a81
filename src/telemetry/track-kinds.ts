import { TrackType } from '@livekit/protocol';

/** The label `kind`: LiveKit's names of TrackType. */
export const TRACK_KINDS = ['AUDIO', 'VIDEO', 'DATA'] as const;
export type TrackKind = (typeof TRACK_KINDS)[number];

/** A track nobody described, or of a type nobody knows, is what protobuf's zero says: AUDIO. */
export function trackKind(type: TrackType | undefined): TrackKind {
  if (type === TrackType.VIDEO) return 'VIDEO';
  return type === TrackType.DATA ? 'DATA' : 'AUDIO';
}
