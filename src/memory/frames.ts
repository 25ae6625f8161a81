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
  /** `livekit.Room` in protobuf, where the caller gave one. */
  readonly message?: Uint8Array;
}

export interface ParticipantName {
  readonly sid: string;
  readonly identity?: string;
  /** `livekit.ParticipantInfo` in protobuf, where the caller gave one. */
  readonly message?: Uint8Array;
}

export interface TrackName {
  readonly sid: string;
  /** `livekit.TrackInfo` in protobuf, where the caller gave one. */
  readonly message?: Uint8Array;
}

/** Whose track a slot's rows are. */
export interface SlotIdentity {
  readonly room: RoomName;
  readonly participant: ParticipantName;
  readonly track: string;
  readonly direction: Direction;
  /** Two capital letters, where it is known. */
  readonly country?: string;
  /** `livekit.TrackSource` and `livekit.TrackType`, where the recorder was opened with them. */
  readonly source?: number;
  readonly type?: number;
}

interface Named {
  readonly room: RoomName;
  readonly participant: ParticipantName;
}

/** Calls that change what the engine knows: they wait for room in the ring, in order. */
export type LifecycleCall =
  | { readonly call: 'roomStarted' | 'roomEnded' | 'roomUpdated'; readonly room: RoomName }
  | (Named & { readonly call: 'participantUpdated' })
  | (Named & {
      readonly call: 'participantResumed';
      readonly node?: string;
      /** `livekit.ReconnectReason`. */
      readonly reason?: number;
    })
  | (Named & {
      readonly call: 'participantJoined';
      readonly ref: string;
      readonly sendEvent?: boolean;
      /** `livekit.ClientInfo`, `livekit.AnalyticsClientMeta` in protobuf. */
      readonly client?: Uint8Array;
      readonly clientMeta?: Uint8Array;
    })
  | (Named & {
      readonly call: 'participantActive';
      readonly ref: string;
      readonly clientMeta?: Uint8Array;
      readonly isMigration?: boolean;
      readonly isWarp?: boolean;
    })
  | (Named & { readonly call: 'participantLeft'; readonly ref: string; readonly sendEvent: boolean });

/** Calls about a track; those that publish and subscribe wait for room, the others are dropped, counted. */
export type TrackCall = Named & {
  readonly call:
    | 'trackPublishRequested'
    | 'trackPublished'
    | 'trackUnpublished'
    | 'trackPublishedUpdate'
    | 'trackMuted'
    | 'trackUnmuted'
    | 'trackSubscribeRequested'
    | 'trackSubscribed'
    | 'trackUnsubscribed'
    | 'trackSubscribeFailed'
    | 'trackMaxSubscribedVideoQuality'
    | 'trackPublishRtpStats'
    | 'trackSubscribeRtpStats';
  readonly track: TrackName;
  readonly sendEvent: boolean;
  readonly publisher?: ParticipantName;
  readonly error?: string;
  readonly isUserError?: boolean;
  readonly wasPublishedLocally?: boolean;
  readonly mimeType?: string;
  /** `livekit.VideoQuality`. */
  readonly quality?: number;
  readonly layer?: number;
  /** `livekit.RTPStats` in protobuf. */
  readonly stats?: Uint8Array;
};

/** Calls that hand a message on. */
export interface InfoCall {
  readonly call:
    | 'egressStarted'
    | 'egressUpdated'
    | 'egressEnded'
    | 'ingressCreated'
    | 'ingressDeleted'
    | 'ingressStarted'
    | 'ingressUpdated'
    | 'ingressEnded'
    | 'report'
    | 'apiCall'
    | 'nodeRooms';
  /** The call's message in protobuf. */
  readonly info: Uint8Array;
}

/** A call that only metrics hear of. */
export interface DataStreamCall {
  readonly call: 'dataStream';
  /** Of the whole stream. */
  readonly bytes: number;
}

const LIFECYCLE_CALLS: ReadonlySet<string> = new Set<LifecycleCall['call']>([
  'roomStarted',
  'roomEnded',
  'roomUpdated',
  'participantUpdated',
  'participantResumed',
  'participantJoined',
  'participantActive',
  'participantLeft',
]);

export function isLifecycleCall(call: TelemetryCall): call is LifecycleCall {
  return LIFECYCLE_CALLS.has(call.call);
}

/** Their participant subscribes; that of all others is the track's publisher. */
const SUBSCRIBER_CALLS: ReadonlySet<string> = new Set<TrackCall['call']>([
  'trackSubscribeRequested',
  'trackSubscribed',
  'trackUnsubscribed',
  'trackSubscribeFailed',
  'trackSubscribeRtpStats',
]);

/** Who publishes the track of a call, as far as the call says. */
export function publisherOf(call: TrackCall): ParticipantName | undefined {
  return SUBSCRIBER_CALLS.has(call.call) ? call.publisher : call.participant;
}

/** Track calls that the engine's state depends on. */
const PUBLICATION_CALLS: ReadonlySet<string> = new Set<TrackCall['call']>([
  'trackPublished',
  'trackUnpublished',
  'trackSubscribed',
  'trackUnsubscribed',
]);

/** Whether a call that finds the event ring full waits for room; others are dropped, and counted by name. */
export function waitsForRoom(call: TelemetryCall): boolean {
  return isLifecycleCall(call) || PUBLICATION_CALLS.has(call.call);
}

export type TelemetryCall = LifecycleCall | TrackCall | InfoCall | DataStreamCall;
export type CallName = TelemetryCall['call'];

/** Names a new timer thread is told again: whatever else was said of the same may be newer. */
export const SAID_BEFORE = -1;

export type SlotFrame = readonly [
  type: typeof FrameType.SLOT,
  shard: number,
  slot: number,
  generation: number,
  identity: SlotIdentity,
  /**
   * When its names were said: after the call of this number; SAID_BEFORE when they are only repeated; left out by a
   * thread that makes no calls.
   */
  saidAfter?: number,
];
export type MimeFrame = readonly [type: typeof FrameType.MIME, id: number, mime: string];
export type CallFrame = readonly [
  type: typeof FrameType.CALL,
  /** Engine time of the call, ms. */
  time: number,
  /** Counts the host's calls: the answer to an old one is not mistaken for a new one's. */
  number: number,
  call: TelemetryCall,
];
export type Frame = SlotFrame | MimeFrame | CallFrame;
