import type { CallFrame, ParticipantName, RoomName, TelemetryCall, TrackName } from '../memory/frames.js';

/** Bytes of protobuf that are kept for a new timer thread: more of them are kept without what they say. */
const MAX_KEPT_BYTES = 2 ** 28;

type Named = Partial<{
  readonly room: RoomName;
  readonly participant: ParticipantName;
  readonly publisher: ParticipantName;
  readonly track: TrackName;
}>;

const NAMES = ['room', 'participant', 'publisher', 'track'] as const;

/** Weighs the frames that are kept, so that what callers say stays bounded. Host thread. */
export class KeptFrames {
  /** Frames that are kept without the messages in them. */
  stripped = 0;
  bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes = MAX_KEPT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The frame to keep, in place of one that was kept before. */
  keep(frame: CallFrame, before?: CallFrame): CallFrame {
    if (before !== undefined) this.drop(before);
    const bytes = bytesOf(frame);
    if (bytes === 0 || this.bytes + bytes <= this.#maxBytes) {
      this.bytes += bytes;
      return frame;
    }
    this.stripped++;
    return withoutMessages(frame);
  }

  drop(frame: CallFrame | undefined): void {
    if (frame !== undefined) this.bytes -= bytesOf(frame);
  }
}

function bytesOf([, , , call]: CallFrame): number {
  // Spelled out: this runs with every call.
  const { room, participant, publisher, track } = call as Named;
  return (
    (room?.message?.length ?? 0) +
    (participant?.message?.length ?? 0) +
    (publisher?.message?.length ?? 0) +
    (track?.message?.length ?? 0)
  );
}

/** The same call, with sids and names alone. */
export function withoutMessages([type, time, number, call]: CallFrame): CallFrame {
  const bare: Record<string, unknown> = { ...call };
  for (const name of NAMES) {
    const named = (call as Named)[name];
    if (named?.message !== undefined) bare[name] = { ...named, message: undefined };
  }
  return [type, time, number, bare as unknown as TelemetryCall];
}
