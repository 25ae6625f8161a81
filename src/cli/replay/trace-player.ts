import type {
  DataRecorder,
  ParticipantRef,
  RoomRef,
  SignalRecorder,
  StatsEngine,
  TrackRecorder,
} from '../../index.js';
import { sidOf } from '../trace/messages.js';
import type { LineOf, TraceLine } from '../trace/parse-line.js';
import { PathMap } from './path-map.js';

type TrackLine = LineOf<Extract<TraceLine['op'], `track_${string}`>>;

/**
 * Makes the calls that a host would have made when it saw what a trace's lines say. Recorders stay open to the
 * end: a line may come at any time, and its running totals go on from the last one.
 */
export class TracePlayer {
  readonly #engine: StatsEngine;
  readonly #tracks = new PathMap<TrackRecorder>();
  readonly #data = new PathMap<DataRecorder>();
  readonly #signals = new PathMap<SignalRecorder>();

  constructor(engine: StatsEngine) {
    this.#engine = engine;
  }

  /** Plays every op but `flush`, at the engine's present time. */
  play(line: Exclude<TraceLine, { readonly op: 'flush' }>): void {
    const engine = this.#engine;
    switch (line.op) {
      case 'rtp':
        this.#playRtp(line);
        break;
      case 'data':
      case 'signal':
        this.#playTraffic(line);
        break;
      case 'room_started':
        engine.roomStarted(line.room);
        break;
      case 'room_ended':
        engine.roomEnded(line.room);
        break;
      case 'participant_joined':
        engine.participantJoined(line);
        break;
      case 'participant_active':
        engine.participantActive(line);
        break;
      case 'participant_resumed':
        engine.participantResumed(line);
        break;
      case 'participant_left':
        engine.participantLeft(line);
        break;
      case 'egress_started':
        engine.egressStarted(line.info);
        break;
      case 'egress_updated':
        engine.egressUpdated(line.info);
        break;
      case 'egress_ended':
        engine.egressEnded(line.info);
        break;
      case 'ingress_created':
        engine.ingressCreated(line.info);
        break;
      case 'ingress_deleted':
        engine.ingressDeleted(line.info);
        break;
      case 'ingress_started':
        engine.ingressStarted(line.info);
        break;
      case 'ingress_updated':
        engine.ingressUpdated(line.info);
        break;
      case 'ingress_ended':
        engine.ingressEnded(line.info);
        break;
      case 'report':
        engine.report(line.info);
        break;
      case 'api_call':
        engine.apiCall(line.info);
        break;
      case 'node_rooms':
        engine.nodeRooms(line.info);
        break;
      default:
        this.#playTrack(line);
    }
  }

  #playTrack(line: TrackLine): void {
    const engine = this.#engine;
    switch (line.op) {
      case 'track_publish_requested':
        engine.trackPublishRequested(line);
        break;
      case 'track_published':
        engine.trackPublished(line);
        break;
      case 'track_unpublished':
        engine.trackUnpublished(line);
        break;
      case 'track_published_update':
        engine.trackPublishedUpdate(line);
        break;
      case 'track_muted':
        engine.trackMuted(line);
        break;
      case 'track_unmuted':
        engine.trackUnmuted(line);
        break;
      case 'track_subscribe_requested':
        engine.trackSubscribeRequested(line);
        break;
      case 'track_subscribed':
        engine.trackSubscribed(line);
        break;
      case 'track_unsubscribed':
        engine.trackUnsubscribed(line);
        break;
      case 'track_subscribe_failed':
        engine.trackSubscribeFailed(line);
        break;
      case 'track_max_subscribed_video_quality':
        engine.trackMaxSubscribedVideoQuality(line);
        break;
      case 'track_publish_rtp_stats':
        engine.trackPublishRtpStats(line);
        break;
      case 'track_subscribe_rtp_stats':
        engine.trackSubscribeRtpStats(line);
        break;
    }
  }

  #playRtp(line: LineOf<'rtp'>): void {
    this.#see(line.room, line.participant);
    const { track, direction } = line;
    const room = sidOf(line.room);
    const participant = sidOf(line.participant);
    const recorder = this.#tracks.get([room, participant, track, direction], () =>
      this.#engine.openTrackRecorder({ room, participant, track, direction, country: countryOf(line) }),
    );
    if (line.counters === 'delta') recorder.recordDelta(line);
    else recorder.record(line);
  }

  #playTraffic(line: LineOf<'data' | 'signal'>): void {
    this.#see(line.room, line.participant);
    const room = sidOf(line.room);
    const participant = sidOf(line.participant);
    const track = line.track === undefined ? undefined : sidOf(line.track);
    const whose = { room, participant, ...(track === undefined ? {} : { track }) };
    const path = [room, participant, track];
    const recorder =
      line.op === 'data'
        ? this.#data.get(path, () => this.#engine.openDataRecorder(whose))
        : this.#signals.get(path, () => {
            const opened = this.#engine.openSignalRecorder();
            opened.resolve(whose);
            return opened;
          });
    recorder.addBytes(line.direction, line.bytes, line.messages);
    // At the next publish tick it would be another time.
    recorder.publish();
  }

  /** The latest object seen for a sid counts, whatever the line is about. */
  #see(room: RoomRef, participant: ParticipantRef): void {
    if (typeof participant !== 'string') this.#engine.updateParticipant(room, participant);
    else if (typeof room !== 'string') this.#engine.updateRoom(room);
  }
}

/** That of a track's first line counts; a trace may hold any text there. */
function countryOf({ country = '' }: LineOf<'rtp'>): string {
  return /^[a-z]{2}$/i.test(country) ? country : '';
}
