import type { Direction } from './totals.js';

/** What a frame of an event ring says; a frame is a msgpack array that begins with one of these. */
export const FrameType = {
  /** A slot belongs to a track from now on. */
  SLOT: 1,
  /** A number stands for a mime type in the records of the frame's thread. */
  MIME: 2,
  /** A call of the telemetry service. */
  CALL: 3,
} as const;

/** A room as a call may name it: by sid, and by its name where the caller knows it. */
export interface RoomName {
  readonly sid: string;
  readonly name?: string;
}

export interface ParticipantName {
  readonly sid: string;
  readonly identity?: string;
}

/** Whose track a slot's rows are. */
export interface SlotIdentity {
  readonly room: RoomName;
  readonly participant: ParticipantName;
  readonly track: string;
  readonly direction: Direction;
}

/** Calls of the telemetry service that change what the engine knows. */
export type LifecycleCall =
  | { readonly call: 'roomStarted' | 'roomEnded' | 'roomUpdated'; readonly room: RoomName }
  | {
      readonly call: 'participantUpdated' | 'participantResumed';
      readonly room: RoomName;
      readonly participant: ParticipantName;
    }
  | {
      readonly call: 'participantJoined' | 'participantActive';
      readonly room: RoomName;
      readonly participant: ParticipantName;
      readonly ref: string;
    }
  | {
      readonly call: 'participantLeft';
      readonly room: RoomName;
      readonly participant: ParticipantName;
      readonly ref: string;
      readonly sendEvent: boolean;
    };

export type SlotFrame = readonly [
  type: typeof FrameType.SLOT,
  shard: number,
  slot: number,
  generation: number,
  identity: SlotIdentity,
];
export type MimeFrame = readonly [type: typeof FrameType.MIME, id: number, mime: string];
export type CallFrame = readonly [
  type: typeof FrameType.CALL,
  /** Engine time of the call, ms. */
  time: number,
  /** Counts the host's calls: the answer to an old one is not mistaken for a new one's. */
  number: number,
  call: LifecycleCall,
];
export type Frame = SlotFrame | MimeFrame | CallFrame;
