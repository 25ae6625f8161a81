import {
  AnalyticsClientMeta,
  AnalyticsEvent,
  AnalyticsEventType,
  AnalyticsNodeRooms,
  APICallInfo,
  ClientInfo,
  EgressInfo,
  IngressInfo,
  ParticipantInfo,
  type ReconnectReason,
  ReportInfo,
  Room,
  RTPStats,
  Timestamp,
  type VideoQuality,
  WebhookEvent,
  type WebhookInfo,
} from '@livekit/protocol';
import {
  type InfoCall,
  isLifecycleCall,
  type LifecycleCall,
  type ParticipantName,
  type RoomName,
  type TelemetryCall,
  type TrackCall,
} from '../memory/frames.js';
import type { KnownTracks } from '../snapshot/row-observer.js';
import { eventId } from './event-ids.js';
import { Effect, Participants, type ReapedParticipant } from './participants.js';
import { TrackInfos } from './track-infos.js';

/** Where an event, a webhook or a report of rooms goes; in the order things happened. */
export interface TelemetrySinks {
  /** @param seq the room's sequence number, from 1 */
  event(event: AnalyticsEvent, seq: number, time: number): void;
  webhook(event: WebhookEvent, seq: number, time: number): void;
  nodeRooms(rooms: AnalyticsNodeRooms, time: number): void;
  /** A call that cannot be: told once for each kind. */
  impossible(call: TelemetryCall): void;
}

export interface TelemetryOptions {
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly seed: string;
  /** The epoch of engine time 0, ms. */
  readonly originEpochMs: () => number;
}

/** Rooms nobody knows any more whose sequence goes on; beyond that the most silent one starts anew. */
const FORGOTTEN_ROOMS = 65_536;

type EventFields = NonNullable<ConstructorParameters<typeof AnalyticsEvent>[0]>;
type WebhookFields = NonNullable<ConstructorParameters<typeof WebhookEvent>[0]>;

/** The call that is being taken. */
interface Taken {
  readonly time: number;
  readonly number: number;
}

const TRACK_EVENTS: Readonly<Record<TrackCall['call'], AnalyticsEventType>> = {
  trackPublishRequested: AnalyticsEventType.TRACK_PUBLISH_REQUESTED,
  trackPublished: AnalyticsEventType.TRACK_PUBLISHED,
  trackUnpublished: AnalyticsEventType.TRACK_UNPUBLISHED,
  trackPublishedUpdate: AnalyticsEventType.TRACK_PUBLISHED_UPDATE,
  trackMuted: AnalyticsEventType.TRACK_MUTED,
  trackUnmuted: AnalyticsEventType.TRACK_UNMUTED,
  trackSubscribeRequested: AnalyticsEventType.TRACK_SUBSCRIBE_REQUESTED,
  trackSubscribed: AnalyticsEventType.TRACK_SUBSCRIBED,
  trackUnsubscribed: AnalyticsEventType.TRACK_UNSUBSCRIBED,
  trackSubscribeFailed: AnalyticsEventType.TRACK_SUBSCRIBE_FAILED,
  trackMaxSubscribedVideoQuality: AnalyticsEventType.TRACK_MAX_SUBSCRIBED_VIDEO_QUALITY,
  trackPublishRtpStats: AnalyticsEventType.TRACK_PUBLISH_STATS,
  trackSubscribeRtpStats: AnalyticsEventType.TRACK_SUBSCRIBE_STATS,
};

/** Their participant subscribes; that of all others is the track's publisher. */
const SUBSCRIBER_CALLS: ReadonlySet<string> = new Set<TrackCall['call']>([
  'trackSubscribeRequested',
  'trackSubscribed',
  'trackUnsubscribed',
  'trackSubscribeFailed',
  'trackSubscribeRtpStats',
]);

const TRACK_WEBHOOKS: Partial<Record<TrackCall['call'], string>> = {
  trackPublished: 'track_published',
  trackUnpublished: 'track_unpublished',
};

/** Ingress created, deleted and updated are told to nobody but the analytics. */
const INFO_WEBHOOKS: Partial<Record<InfoCall['call'], string>> = {
  egressStarted: 'egress_started',
  egressUpdated: 'egress_updated',
  egressEnded: 'egress_ended',
  ingressStarted: 'ingress_started',
  ingressEnded: 'ingress_ended',
};

const EGRESS_EVENTS: Partial<Record<InfoCall['call'], AnalyticsEventType>> = {
  egressStarted: AnalyticsEventType.EGRESS_STARTED,
  egressUpdated: AnalyticsEventType.EGRESS_UPDATED,
  egressEnded: AnalyticsEventType.EGRESS_ENDED,
};

const INGRESS_EVENTS: Partial<Record<InfoCall['call'], AnalyticsEventType>> = {
  ingressCreated: AnalyticsEventType.INGRESS_CREATED,
  ingressDeleted: AnalyticsEventType.INGRESS_DELETED,
  ingressStarted: AnalyticsEventType.INGRESS_STARTED,
  ingressUpdated: AnalyticsEventType.INGRESS_UPDATED,
  ingressEnded: AnalyticsEventType.INGRESS_ENDED,
};

/**
 * Turns calls into events and webhooks, as LiveKit's telemetry service does. It takes one call after another,
 * on one thread, so it needs no locks; a call's webhook comes before its event. Pure but for its sinks.
 */
export class TelemetryService {
  readonly participants = new Participants();
  /** Events of rooms or participants nobody knows any more: sent with what the call brought. */
  lateEvents = 0;
  readonly #tracks = new TrackInfos();
  readonly #options: TelemetryOptions;
  readonly #sinks: TelemetrySinks;
  /** Last sequence number of each room, also of rooms that were forgotten: events may still come. */
  readonly #sequences = new Map<string, number>();
  readonly #told = new Set<string>();
  #webhooksProcessed = 0;

  constructor(options: TelemetryOptions, sinks: TelemetrySinks) {
    this.#options = options;
    this.#sinks = sinks;
  }

  /** What metrics are labelled with. */
  get knownTracks(): KnownTracks {
    return this.#tracks;
  }

  /**
   * Takes one call.
   * @param time engine time of the call, ms
   * @param number of the call; what it leads to gets its ids from it
   */
  take(call: TelemetryCall, time: number, number: number): void {
    const taken = { time, number };
    if (isLifecycleCall(call)) this.#takeLifecycle(call, taken);
    else if ('track' in call) this.#takeTrack(call, taken);
    else this.#takeInfo(call, taken);
  }

  /** Takes over what was known before this service, and tells nobody. */
  restore(call: TelemetryCall, time: number, number: number): void {
    if (!isLifecycleCall(call)) return;
    const { leavesIgnored } = this.participants;
    this.participants.take(call, time, number);
    // It was counted when it was first taken.
    this.participants.leavesIgnored = leavesIgnored;
  }

  /** Forgets participants who have been closed for long, and what they published. */
  reap(time: number, reapAfterMs: number): ReapedParticipant[] {
    const reaped = this.participants.reap(time, reapAfterMs);
    for (const { room, participant } of reaped) this.#tracks.forget(room, participant);
    this.#tracks.forgetUnpublished(time - reapAfterMs);
    return reaped;
  }

  /** What became of a webhook at one URL, as an event. */
  webhookProcessed(webhook: WebhookInfo, time: number): void {
    const { roomId, eventId: id, url } = webhook;
    const fields = {
      type: AnalyticsEventType.WEBHOOK,
      // Two URLs may be shown alike: what is told of them is counted.
      id: eventId('AE_', `${this.#options.seed} ${id} ${url}`, ++this.#webhooksProcessed),
      roomId,
      webhook,
    };
    this.#event(fields, roomId, { time, number: 0 });
  }

  #takeLifecycle(call: LifecycleCall, taken: Taken): void {
    if (call.call === 'roomEnded') {
      // The room is told as it was: afterwards nobody may know it.
      this.participants.seen(call.room);
      this.#tellRoom(call.room, 'room_finished', AnalyticsEventType.ROOM_ENDED, taken);
      this.participants.take(call, taken.time, taken.number);
      return;
    }
    const effect = this.participants.take(call, taken.time, taken.number);
    if (call.call === 'roomStarted') {
      this.#tellRoom(call.room, 'room_started', AnalyticsEventType.ROOM_CREATED, taken);
    } else if ('participant' in call) {
      this.#tellParticipant(call, effect, taken);
    }
  }

  #tellRoom(name: RoomName, webhook: string, type: AnalyticsEventType, taken: Taken): void {
    const room = this.participants.roomInfo(name);
    this.#webhook({ event: webhook, room }, name.sid, taken);
    const event: EventFields = { type, room };
    // As LiveKit has it: a room's creation is dated by the room itself, and has no roomId.
    if (type === AnalyticsEventType.ROOM_ENDED) event.roomId = name.sid;
    else if (room.creationTime > 0n) event.timestamp = new Timestamp({ seconds: room.creationTime });
    this.#event(event, name.sid, taken);
  }

  #tellParticipant(
    call: Extract<LifecycleCall, { participant: unknown }>,
    effect: Effect,
    taken: Taken,
  ): void {
    const sid = call.room.sid;
    const room = this.participants.roomInfo(call.room);
    const participant = this.participants.participantInfo(sid, call.participant);
    const event: EventFields = { roomId: sid, room, participantId: participant.sid, participant };
    if ('clientMeta' in call && call.clientMeta !== undefined) {
      event.clientMeta = AnalyticsClientMeta.fromBinary(call.clientMeta);
    }
    const webhook = (name: string): void => this.#webhook({ event: name, room, participant }, sid, taken);
    const tell = (type: AnalyticsEventType): void => this.#event({ ...event, type }, sid, taken);
    switch (effect) {
      case Effect.JOINED:
        if (call.call === 'participantJoined' && call.client !== undefined) {
          event.clientInfo = ClientInfo.fromBinary(call.client);
        }
        tell(AnalyticsEventType.PARTICIPANT_JOINED);
        break;
      case Effect.CONNECTED:
        if (!(call.call === 'participantActive' && call.isMigration)) webhook('participant_joined');
        tell(AnalyticsEventType.PARTICIPANT_ACTIVE);
        break;
      case Effect.ACTIVE:
        tell(AnalyticsEventType.PARTICIPANT_ACTIVE);
        break;
      case Effect.RESUMED:
        if (call.call === 'participantResumed') {
          const { node = '', reason = 0 } = call;
          event.clientMeta = new AnalyticsClientMeta({ node, reconnectReason: reason as ReconnectReason });
        }
        tell(AnalyticsEventType.PARTICIPANT_RESUMED);
        break;
      case Effect.LEFT:
        webhook('participant_left');
        tell(AnalyticsEventType.PARTICIPANT_LEFT);
        break;
      case Effect.ABORTED:
        webhook('participant_connection_aborted');
        tell(AnalyticsEventType.PARTICIPANT_CONNECTION_ABORTED);
        break;
      case Effect.IGNORED:
        this.#impossible(call);
        break;
    }
  }

  #impossible(call: TelemetryCall): void {
    if (this.#told.has(call.call)) return;
    this.#told.add(call.call);
    this.#sinks.impossible(call);
  }

  #takeTrack(call: TrackCall, taken: Taken): void {
    const sid = call.room.sid;
    this.participants.seen(call.room, call.participant);
    if (call.publisher !== undefined) this.participants.seen(call.room, call.publisher);
    const publisher = SUBSCRIBER_CALLS.has(call.call) ? call.publisher : call.participant;
    if (publisher !== undefined && this.participants.isKnown(sid, publisher.sid)) {
      this.#tracks.publish(sid, publisher.sid, call.track);
    }
    const track = this.#tracks.infoOf(sid, call.track);
    if (call.call === 'trackUnpublished') this.#tracks.unpublish(sid, call.track.sid, taken.time);
    if (!call.sendEvent) return;
    if (!this.participants.isKnown(sid, call.participant.sid)) this.lateEvents++;

    const webhook = TRACK_WEBHOOKS[call.call];
    const participant = this.#nameOf(sid, call.participant);
    if (webhook !== undefined) {
      this.#webhook(
        { event: webhook, room: this.participants.roomInfo(call.room), participant, track },
        sid,
        taken,
      );
    }
    const event: EventFields = {
      type: TRACK_EVENTS[call.call],
      roomId: sid,
      room: this.#smallRoom(call.room),
      participantId: participant.sid,
      trackId: call.track.sid,
      mime: call.mimeType ?? '',
    };
    if (call.call === 'trackPublishRtpStats' || call.call === 'trackSubscribeRtpStats') {
      // These name participant and track by id alone.
      event.videoLayer = call.layer ?? 0;
      if (call.stats !== undefined) event.rtpStats = RTPStats.fromBinary(call.stats);
    } else {
      event.participant = participant;
      event.track = track;
      event.error = call.error ?? '';
      event.maxSubscribedVideoQuality = (call.quality ?? 0) as VideoQuality;
      if (call.publisher !== undefined) {
        event.publisher = this.participants.participantInfo(sid, call.publisher);
      }
    }
    this.#event(event, sid, taken);
  }

  #takeInfo(call: InfoCall, taken: Taken): void {
    const webhook = INFO_WEBHOOKS[call.call];
    const egress = EGRESS_EVENTS[call.call];
    const ingress = INGRESS_EVENTS[call.call];
    if (egress !== undefined) {
      const info = EgressInfo.fromBinary(call.info);
      if (webhook !== undefined) this.#webhook({ event: webhook, egressInfo: info }, info.roomId, taken);
      const { egressId, roomId } = info;
      this.#event({ type: egress, egressId, roomId, egress: info }, roomId, taken);
    } else if (ingress !== undefined) {
      const info = IngressInfo.fromBinary(call.info);
      const roomId = info.state?.roomId ?? '';
      if (webhook !== undefined) this.#webhook({ event: webhook, ingressInfo: info }, roomId, taken);
      this.#event({ type: ingress, ingressId: info.ingressId, roomId, ingress: info }, roomId, taken);
    } else if (call.call === 'report') {
      this.#event({ type: AnalyticsEventType.REPORT, report: ReportInfo.fromBinary(call.info) }, '', taken);
    } else if (call.call === 'apiCall') {
      this.#event(
        { type: AnalyticsEventType.API_CALL, apiCall: APICallInfo.fromBinary(call.info) },
        '',
        taken,
      );
    } else {
      this.#sinks.nodeRooms(AnalyticsNodeRooms.fromBinary(call.info), taken.time);
    }
  }

  /** Events about a track carry only who and where. */
  #smallRoom(name: RoomName): Room {
    const { sid, name: roomName } = this.participants.roomInfo(name);
    return new Room({ sid, name: roomName });
  }

  #nameOf(room: string, name: ParticipantName): ParticipantInfo {
    const { sid, identity } = this.participants.participantInfo(room, name);
    return new ParticipantInfo({ sid, identity });
  }

  #webhook(fields: WebhookFields, room: string, { time, number }: Taken): void {
    const { seed, originEpochMs } = this.#options;
    const event = new WebhookEvent({
      ...fields,
      id: eventId('EV_', seed, number),
      createdAt: BigInt(Math.floor((originEpochMs() + time) / 1000)),
    });
    this.#sinks.webhook(event, this.#nextSequence(room), time);
  }

  #event(fields: EventFields, room: string, { time, number }: Taken): void {
    const { nodeId, analyticsKey, seed, originEpochMs } = this.#options;
    const event = new AnalyticsEvent({
      timestamp: Timestamp.fromDate(new Date(originEpochMs() + time)),
      id: eventId('AE_', seed, number),
      ...fields,
      nodeId,
      analyticsKey,
    });
    this.#sinks.event(event, this.#nextSequence(room), time);
  }

  #nextSequence(room: string): number {
    const next = (this.#sequences.get(room) ?? 0) + 1;
    // The latest to the end: the first is then the one that was silent longest.
    this.#sequences.delete(room);
    this.#sequences.set(room, next);
    if (this.#sequences.size > this.participants.roomCount + FORGOTTEN_ROOMS) this.#forgetSequence();
    return next;
  }

  /** Forgets the most silent room that nobody knows; one that is known begins its wait anew. */
  #forgetSequence(): void {
    for (const [room, last] of this.#sequences) {
      this.#sequences.delete(room);
      if (!this.participants.isRoomKnown(room)) return;
      this.#sequences.set(room, last);
    }
  }
}
