import {
  AnalyticsEventType,
  ParticipantInfo,
  Room,
  RTPStats,
  type TrackInfo,
  type VideoQuality,
} from '@livekit/protocol';
import { type ParticipantName, publisherOf, type RoomName, type TrackCall } from '../memory/frames.js';
import { decode } from '../snapshot/decode.js';
import type { CallObserver } from './call-observer.js';
import { LiveTracks } from './live-tracks.js';
import type { Participants } from './participants.js';
import type { EventFields, Taken, Telling } from './telling.js';
import { TrackInfos } from './track-infos.js';

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

const TRACK_WEBHOOKS: Partial<Record<TrackCall['call'], string>> = {
  trackPublished: 'track_published',
  trackUnpublished: 'track_unpublished',
};

/** Takes the calls about tracks: keeps what is known of them, tells, and has them counted. Timer thread. */
export class TrackCalls {
  /** Calls that were told of participants nobody knew. */
  late = 0;
  readonly infos = new TrackInfos();
  readonly live = new LiveTracks();
  readonly #participants: Participants;
  readonly #telling: Telling;
  readonly #observer: CallObserver;

  constructor(participants: Participants, telling: Telling, observer: CallObserver) {
    this.#participants = participants;
    this.#telling = telling;
    this.#observer = observer;
  }

  take(call: TrackCall, taken: Taken): void {
    const { room, participant, publisher } = call;
    this.#participants.seen(room, participant);
    if (publisher !== undefined) this.#participants.seen(room, publisher);
    const track = this.note(call, taken);
    this.#observe(call, track);
    if (call.sendEvent) this.#tell(call, track, taken);
  }

  /** Keeps what a call says of a track; returns what is known of it. */
  note(call: TrackCall, { time, number }: Taken): TrackInfo {
    const sid = call.room.sid;
    const publisher = publisherOf(call);
    if (publisher !== undefined && this.#participants.isKnown(sid, publisher.sid)) {
      this.infos.publish(sid, publisher.sid, call.track, number);
    }
    const track = this.infos.infoOf(sid, call.track);
    if (call.call === 'trackUnpublished') this.infos.unpublish(sid, call.track.sid, time);
    // What nobody holds would never be given up.
    if (this.#participants.isKnown(sid, call.participant.sid)) this.live.take(call);
    return track;
  }

  #observe(call: TrackCall, track: TrackInfo): void {
    const observer = this.#observer;
    if (call.call === 'trackPublishRequested') observer.publishRequested(track.type);
    else if (call.call === 'trackPublished') observer.published(track.type);
    else if (call.call === 'trackSubscribeRequested') observer.subscribeRequested();
    else if (call.call === 'trackSubscribed') observer.subscribed();
    else if (call.call === 'trackSubscribeFailed') observer.subscribeFailed(call.error ?? '');
  }

  #tell(call: TrackCall, track: TrackInfo, taken: Taken): void {
    const sid = call.room.sid;
    if (!this.#participants.isKnown(sid, call.participant.sid)) this.late++;

    const webhook = TRACK_WEBHOOKS[call.call];
    const participant = this.#nameOf(sid, call.participant);
    if (webhook !== undefined) {
      const room = this.#participants.roomInfo(call.room);
      this.#telling.webhook({ event: webhook, room, participant, track }, sid, taken);
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
      if (call.stats !== undefined) event.rtpStats = decode(RTPStats, call.stats);
    } else {
      event.participant = participant;
      event.track = track;
      event.error = call.error ?? '';
      event.maxSubscribedVideoQuality = (call.quality ?? 0) as VideoQuality;
      if (call.publisher !== undefined) {
        event.publisher = this.#participants.participantInfo(sid, call.publisher);
      }
    }
    this.#telling.event(event, sid, taken);
  }

  /** Events about a track carry only who and where. */
  #smallRoom(name: RoomName): Room {
    const { sid, name: roomName } = this.#participants.roomInfo(name);
    return new Room({ sid, name: roomName });
  }

  #nameOf(room: string, name: ParticipantName): ParticipantInfo {
    const { sid, identity } = this.#participants.participantInfo(room, name);
    return new ParticipantInfo({ sid, identity });
  }
}
