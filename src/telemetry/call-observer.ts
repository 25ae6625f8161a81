import type { TrackType } from '@livekit/protocol';

/** Hears what calls came to, whether or not anybody is told of it; for metrics. Timer thread. */
export interface CallObserver {
  /** A participant joined who was not in the room. */
  joined(): void;
  active(isWarp: boolean): void;
  publishRequested(type: TrackType): void;
  published(type: TrackType): void;
  subscribeRequested(): void;
  subscribed(): void;
  /** @param error any text */
  subscribeFailed(error: string): void;
  /** A room that was started has ended. */
  roomEnded(durationMs: number): void;
  dataStream(bytes: number): void;
}
