import {
  AnalyticsClientMeta,
  AnalyticsNodeRooms,
  APICallInfo,
  ClientInfo,
  EgressInfo,
  IngressInfo,
  type ReconnectReason,
  ReportInfo,
  RTPStats,
  type VideoQuality,
} from '@livekit/protocol';
import { ErrorCode, reading, refused } from '../errors.js';
import type { InfoCall, TelemetryCall, TrackCall } from '../memory/frames.js';
import { flagOf, int32Of, textOf } from './call-fields.js';
import {
  encodeMessage,
  encodeParticipant,
  encodeRoom,
  encodeTrack,
  type MessageOf,
  type ParticipantInput,
  type RoomInput,
  type TrackInput,
} from './encode-message.js';

/** Names the guard that holds a participant open, unless a call says another. */
const DEFAULT_REF = 'media';

export interface ParticipantCall {
  readonly room: RoomInput;
  readonly participant: ParticipantInput;
}

export interface GuardedCall extends ParticipantCall {
  /** The reference that holds the participant open from now on. @default "media" */
  readonly ref?: string;
  readonly clientMeta?: MessageOf<typeof AnalyticsClientMeta>;
}

export interface ParticipantJoinedCall extends GuardedCall {
  readonly client?: MessageOf<typeof ClientInfo>;
  /** false: no event. @default true */
  readonly sendEvent?: boolean;
}

export interface ParticipantActiveCall extends GuardedCall {
  /** The participant came from another node: no webhook. @default false */
  readonly isMigration?: boolean;
  /** Only told apart in metrics. @default false */
  readonly isWarp?: boolean;
}

export interface ParticipantResumedCall extends ParticipantCall {
  readonly node?: string;
  readonly reason?: ReconnectReason;
}

export interface ParticipantLeftCall extends ParticipantCall {
  /** The reference that is given up. @default "media" */
  readonly ref?: string;
  /** false: only the reference is given up, the session goes on. @default true */
  readonly sendEvent?: boolean;
}

export interface TrackEventCall extends ParticipantCall {
  readonly track: TrackInput;
  /** false: neither webhook nor event; metrics count all the same. @default true */
  readonly sendEvent?: boolean;
}

export interface TrackUnpublishedCall extends TrackEventCall {
  /** Whether `trackPublished` was called here. @default true */
  readonly wasPublishedLocally?: boolean;
}

export interface TrackSubscriptionCall extends TrackEventCall {
  readonly publisher?: ParticipantInput;
}

export interface TrackSubscribeFailedCall extends TrackSubscriptionCall {
  readonly error?: string;
  readonly isUserError?: boolean;
}

export interface TrackQualityCall extends TrackEventCall {
  readonly mimeType?: string;
  readonly quality?: VideoQuality;
}

export interface TrackRtpStatsCall extends TrackEventCall {
  readonly mimeType?: string;
  readonly layer?: number;
  readonly stats?: MessageOf<typeof RTPStats>;
}

type CallWithoutName<C extends { readonly call: string }> = C extends unknown ? Omit<C, 'call'> : never;

/**
 * The calls of the telemetry service, as LiveKit's. Each costs a frame in the event ring and returns at once;
 * what it leads to happens in the timer thread, in the order of the calls. All throw SfuStatsError
 * INVALID_ARGUMENT for input of the wrong shape or size, and CLOSED after `close`. On the engine's own thread.
 */
export abstract class TelemetryCalls {
  /** Sends a call that was checked. */
  protected abstract send(call: TelemetryCall): void;

  roomStarted(room: RoomInput): void {
    this.send({ call: 'roomStarted', room: encodeRoom(room) });
  }

  /** People may still be inside: theirs goes on until they leave. */
  roomEnded(room: RoomInput): void {
    this.send({ call: 'roomEnded', room: encodeRoom(room) });
  }

  /** The latest of the room; of a room nobody knows nothing is kept. */
  updateRoom(room: RoomInput): void {
    this.send({ call: 'roomUpdated', room: encodeRoom(room) });
  }

  /** The latest of the participant; of somebody unknown nothing is kept. */
  updateParticipant(room: RoomInput, participant: ParticipantInput): void {
    this.send({ call: 'participantUpdated', ...named({ room, participant }) });
  }

  /** Opens the participant's session, or adds a guard to it. */
  participantJoined(call: ParticipantJoinedCall): void {
    this.#read(call, () => {
      const { client, sendEvent = true } = call;
      return {
        call: 'participantJoined',
        ...named(call),
        ref: refOf(call),
        sendEvent: flagOf('sendEvent', sendEvent),
        ...(client !== undefined && { client: encodeMessage(ClientInfo, client, 'client') }),
        ...clientMetaOf(call),
      };
    });
  }

  /** Media flows: the session is connected. Opens it when nobody did. */
  participantActive(call: ParticipantActiveCall): void {
    this.#read(call, () => {
      const { isMigration = false, isWarp = false } = call;
      return {
        call: 'participantActive',
        ...named(call),
        ref: refOf(call),
        isMigration: flagOf('isMigration', isMigration),
        isWarp: flagOf('isWarp', isWarp),
        ...clientMetaOf(call),
      };
    });
  }

  /** Opens the session when nobody did; it is then held by a guard of its own that any leave releases. */
  participantResumed(call: ParticipantResumedCall): void {
    this.#read(call, () => {
      const { node, reason } = call;
      return {
        call: 'participantResumed',
        ...named(call),
        ...(node !== undefined && { node: textOf('node', node) }),
        ...(reason !== undefined && { reason: int32Of('reason', reason) }),
      };
    });
  }

  /** Releases a guard; with the last one the participant is closed, and remembered for `reapAfterMs`. */
  participantLeft(call: ParticipantLeftCall): void {
    this.#read(call, () => {
      const { sendEvent = true } = call;
      return {
        call: 'participantLeft',
        ...named(call),
        ref: refOf(call),
        sendEvent: flagOf('sendEvent', sendEvent),
      };
    });
  }

  trackPublishRequested(call: TrackEventCall): void {
    this.#track('trackPublishRequested', call);
  }

  trackPublished(call: TrackEventCall): void {
    this.#track('trackPublished', call);
  }

  trackUnpublished(call: TrackUnpublishedCall): void {
    this.#track('trackUnpublished', call, ({ wasPublishedLocally = true }) => ({
      wasPublishedLocally: flagOf('wasPublishedLocally', wasPublishedLocally),
    }));
  }

  trackPublishedUpdate(call: TrackEventCall): void {
    this.#track('trackPublishedUpdate', call);
  }

  trackMuted(call: TrackEventCall): void {
    this.#track('trackMuted', call);
  }

  trackUnmuted(call: TrackEventCall): void {
    this.#track('trackUnmuted', call);
  }

  trackSubscribeRequested(call: TrackSubscriptionCall): void {
    this.#track('trackSubscribeRequested', call, publisherOf);
  }

  trackSubscribed(call: TrackSubscriptionCall): void {
    this.#track('trackSubscribed', call, publisherOf);
  }

  trackUnsubscribed(call: TrackSubscriptionCall): void {
    this.#track('trackUnsubscribed', call, publisherOf);
  }

  trackSubscribeFailed(call: TrackSubscribeFailedCall): void {
    this.#track('trackSubscribeFailed', call, ({ error = '', isUserError = false }) => ({
      ...publisherOf(call),
      error: textOf('error', error),
      isUserError: flagOf('isUserError', isUserError),
    }));
  }

  trackMaxSubscribedVideoQuality(call: TrackQualityCall): void {
    this.#track('trackMaxSubscribedVideoQuality', call, ({ mimeType = '', quality = 0 }) => ({
      mimeType: textOf('mimeType', mimeType),
      quality: int32Of('quality', quality),
    }));
  }

  trackPublishRtpStats(call: TrackRtpStatsCall): void {
    this.#track('trackPublishRtpStats', call, rtpStatsOf);
  }

  trackSubscribeRtpStats(call: TrackRtpStatsCall): void {
    this.#track('trackSubscribeRtpStats', call, rtpStatsOf);
  }

  /** A data stream is over. Only metrics hear of it; one that finds the event ring full is dropped, and counted. */
  dataStream(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw refused(ErrorCode.INVALID_ARGUMENT, 'bytes', 'a whole number of bytes', bytes);
    }
    this.send({ call: 'dataStream', bytes });
  }

  egressStarted(info: MessageOf<typeof EgressInfo>): void {
    this.#info('egressStarted', encodeMessage(EgressInfo, info, 'info'));
  }

  egressUpdated(info: MessageOf<typeof EgressInfo>): void {
    this.#info('egressUpdated', encodeMessage(EgressInfo, info, 'info'));
  }

  egressEnded(info: MessageOf<typeof EgressInfo>): void {
    this.#info('egressEnded', encodeMessage(EgressInfo, info, 'info'));
  }

  ingressCreated(info: MessageOf<typeof IngressInfo>): void {
    this.#info('ingressCreated', encodeMessage(IngressInfo, info, 'info'));
  }

  ingressDeleted(info: MessageOf<typeof IngressInfo>): void {
    this.#info('ingressDeleted', encodeMessage(IngressInfo, info, 'info'));
  }

  ingressStarted(info: MessageOf<typeof IngressInfo>): void {
    this.#info('ingressStarted', encodeMessage(IngressInfo, info, 'info'));
  }

  ingressUpdated(info: MessageOf<typeof IngressInfo>): void {
    this.#info('ingressUpdated', encodeMessage(IngressInfo, info, 'info'));
  }

  ingressEnded(info: MessageOf<typeof IngressInfo>): void {
    this.#info('ingressEnded', encodeMessage(IngressInfo, info, 'info'));
  }

  report(info: MessageOf<typeof ReportInfo>): void {
    this.#info('report', encodeMessage(ReportInfo, info, 'info'));
  }

  apiCall(info: MessageOf<typeof APICallInfo>): void {
    this.#info('apiCall', encodeMessage(APICallInfo, info, 'info'));
  }

  nodeRooms(info: MessageOf<typeof AnalyticsNodeRooms>): void {
    this.#info('nodeRooms', encodeMessage(AnalyticsNodeRooms, info, 'info'));
  }

  #track<C extends TrackEventCall>(
    name: TrackCall['call'],
    call: C,
    more: (call: C) => Partial<CallWithoutName<TrackCall>> = () => ({}),
  ): void {
    this.#read(call, () => {
      const { sendEvent = true, track } = call;
      return {
        call: name,
        ...named(call),
        track: encodeTrack(track),
        sendEvent: flagOf('sendEvent', sendEvent),
        ...more(call),
      };
    });
  }

  /** Sends what is read of a call; what throws while it is read is refused. */
  #read(call: unknown, read: () => TelemetryCall): void {
    this.send(reading(ErrorCode.INVALID_ARGUMENT, 'call', call, read));
  }

  #info(name: InfoCall['call'], info: Uint8Array): void {
    this.send({ call: name, info });
  }
}

function named({ room, participant }: ParticipantCall): Pick<TrackCall, 'room' | 'participant'> {
  return { room: encodeRoom(room), participant: encodeParticipant(participant) };
}

function refOf({ ref = DEFAULT_REF }: { readonly ref?: string }): string {
  return textOf('ref', ref);
}

function clientMetaOf({ clientMeta }: GuardedCall): { readonly clientMeta?: Uint8Array } {
  return clientMeta === undefined
    ? {}
    : { clientMeta: encodeMessage(AnalyticsClientMeta, clientMeta, 'clientMeta') };
}

function publisherOf({ publisher }: TrackSubscriptionCall): Partial<Pick<TrackCall, 'publisher'>> {
  return publisher === undefined ? {} : { publisher: encodeParticipant(publisher, 'publisher') };
}

function rtpStatsOf(call: TrackRtpStatsCall): Partial<Pick<TrackCall, 'mimeType' | 'layer' | 'stats'>> {
  const { mimeType = '', layer = 0, stats } = call;
  return {
    mimeType: textOf('mimeType', mimeType),
    layer: int32Of('layer', layer),
    ...(stats !== undefined && { stats: encodeMessage(RTPStats, stats, 'stats') }),
  };
}
