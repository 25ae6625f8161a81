import {
  AnalyticsClientMeta,
  AnalyticsEvent,
  AnalyticsNodeRooms,
  APICallInfo,
  ClientInfo,
  EgressInfo,
  IngressInfo,
  ParticipantInfo,
  ReportInfo,
  Room,
  RTPStats,
  TrackInfo,
} from '@livekit/protocol';
import { Direction } from '../../index.js';
import { enumOf, message, messageOrAnySid, messageOrSid } from './messages.js';
import { defaulted, objectOf, optional, required } from './schema.js';
import {
  bytes,
  counter,
  flag,
  layerId,
  listOf,
  oneOf,
  score,
  signed32,
  signedCounter,
  ssrc,
  text,
} from './values.js';

/** Who holds a participant open unless the line says otherwise. */
const DEFAULT_REF = 'media';

const room = { room: required(messageOrSid(Room)) };
const participant = { ...room, participant: required(messageOrSid(ParticipantInfo)) };
const track = { ...participant, track: required(messageOrAnySid(TrackInfo)) };
const ref = { ref: defaulted(text, DEFAULT_REF) };
const sendEvent = { sendEvent: defaulted(flag, true) };
const clientMeta = { clientMeta: optional(message(AnalyticsClientMeta)) };
const direction = { direction: required(oneOf(Direction)) };

const published = { ...track, ...sendEvent };
const subscribed = {
  ...published,
  publisher: optional(messageOrSid(ParticipantInfo)),
  error: optional(text),
  isUserError: optional(flag),
};
const rtpStats = {
  ...track,
  mimeType: optional(text),
  layer: optional(signed32),
  stats: optional(message(RTPStats)),
};
const traffic = {
  ...participant,
  ...direction,
  bytes: required(bytes),
  messages: defaulted(counter, 1),
  track: optional(messageOrAnySid(TrackInfo)),
};

const layer = objectOf({
  layer: defaulted(layerId, 0),
  packets: optional(counter),
  bytes: optional(bytes),
  frames: optional(counter),
});

/** One SSRC, as a recorder takes it. */
const stream = objectOf({
  ssrc: optional(ssrc),
  primaryPackets: optional(counter),
  primaryBytes: optional(bytes),
  retransmitPackets: optional(counter),
  retransmitBytes: optional(bytes),
  paddingPackets: optional(counter),
  paddingBytes: optional(bytes),
  packetsLost: optional(signedCounter),
  packetsOutOfOrder: optional(counter),
  frames: optional(counter),
  rtt: optional(counter, 'rttMs'),
  jitter: optional(counter, 'jitterUs'),
  nacks: optional(counter),
  plis: optional(counter),
  firs: optional(counter),
  videoLayers: optional(listOf(layer), 'layers'),
});

const egress = { info: required(message(EgressInfo)) };
const ingress = { info: required(message(IngressInfo)) };

/** Every op of the trace format with its fields, beside `t` and `op`. */
export const OPS = {
  room_started: room,
  room_ended: room,
  participant_joined: {
    ...participant,
    client: optional(message(ClientInfo)),
    ...clientMeta,
    ...sendEvent,
    ...ref,
  },
  participant_active: {
    ...participant,
    ...clientMeta,
    isMigration: optional(flag),
    isWarp: optional(flag),
    ...ref,
  },
  participant_resumed: {
    ...participant,
    node: optional(text),
    reason: optional(enumOf(AnalyticsClientMeta, 'reconnectReason')),
  },
  participant_left: { ...participant, ...sendEvent, ...ref },
  track_publish_requested: published,
  track_published: published,
  track_unpublished: { ...published, wasPublishedLocally: defaulted(flag, true) },
  track_published_update: published,
  track_muted: published,
  track_unmuted: published,
  track_subscribe_requested: subscribed,
  track_subscribed: subscribed,
  track_unsubscribed: subscribed,
  track_subscribe_failed: subscribed,
  track_max_subscribed_video_quality: {
    ...track,
    mimeType: optional(text),
    quality: optional(enumOf(AnalyticsEvent, 'maxSubscribedVideoQuality')),
  },
  track_publish_rtp_stats: rtpStats,
  track_subscribe_rtp_stats: rtpStats,
  egress_started: egress,
  egress_updated: egress,
  egress_ended: egress,
  ingress_created: ingress,
  ingress_deleted: ingress,
  ingress_started: ingress,
  ingress_updated: ingress,
  ingress_ended: ingress,
  report: { info: required(message(ReportInfo)) },
  api_call: { info: required(message(APICallInfo)) },
  node_rooms: { info: required(message(AnalyticsNodeRooms)) },
  data: traffic,
  signal: traffic,
  rtp: {
    ...participant,
    track: required(text),
    ...direction,
    mimeType: optional(text),
    counters: defaulted(oneOf({ cumulative: 'cumulative', delta: 'delta' }), 'cumulative'),
    score: optional(score),
    country: optional(text),
    streams: required(listOf(stream)),
  },
  flush: {},
} as const;
