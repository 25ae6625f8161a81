import { parseTraceLine, type TraceLine } from '../../../dist/src/cli/trace/parse-line.js';
import { TraceError } from '../../../dist/src/cli/trace/trace-error.js';

export type Json = Record<string, unknown>;

/** Reads a line as line 7 of a trace; with the unknown fields it named. */
export function parse(line: Json | string): { line: TraceLine; unknown: string[] } {
  const unknown: string[] = [];
  const text = typeof line === 'string' ? line : JSON.stringify(line);
  return { line: parseTraceLine(text, 7, (name) => unknown.push(name)), unknown };
}

/** The message of a line that is refused. */
export function refusalOf(line: Json | string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof TraceError) return error.message;
    throw error;
  }
  throw new Error(`was taken: ${typeof line === 'string' ? line : JSON.stringify(line)}`);
}

export const ROOM = { sid: 'RM_1', name: 'r' };
export const PARTICIPANT = { sid: 'PA_1', identity: 'alice' };
export const TRACK = { sid: 'TR_1', type: 'AUDIO' };
const CLIENT_META = { region: 'eu', reconnectReason: 'RR_SIGNAL_DISCONNECTED' };

const inRoom = { room: ROOM };
const ofParticipant = { ...inRoom, participant: PARTICIPANT };
const ofTrack = { ...ofParticipant, track: TRACK };
const published = { ...ofTrack, sendEvent: false };
const subscribed = { ...published, publisher: PARTICIPANT, error: 'e', isUserError: true };
const rtpStats = { ...ofTrack, mimeType: 'audio/opus', layer: 1, stats: { packets: 3, bytes: '4' } };
const traffic = {
  ...ofParticipant,
  direction: 'UPSTREAM',
  bytes: 12,
  messages: 2,
  track: 'TR_x',
};
const rtp = {
  ...ofParticipant,
  track: 'TR_1',
  direction: 'DOWNSTREAM',
  mimeType: 'video/VP8',
  counters: 'delta',
  score: 4.25,
  country: 'DE',
  streams: [],
};

/** Each op with every field it has. */
export const FULL: Readonly<Record<string, Json>> = {
  room_started: inRoom,
  room_ended: inRoom,
  participant_joined: {
    ...ofParticipant,
    client: { sdk: 'JS', os: 'linux' },
    clientMeta: CLIENT_META,
    sendEvent: false,
    ref: 'signal',
  },
  participant_active: {
    ...ofParticipant,
    clientMeta: CLIENT_META,
    isMigration: true,
    isWarp: false,
    ref: 'signal',
  },
  participant_resumed: { ...ofParticipant, node: 'ND_1', reason: 'RR_SWITCH_CANDIDATE' },
  participant_left: { ...ofParticipant, sendEvent: false, ref: 'signal' },
  track_publish_requested: published,
  track_published: published,
  track_unpublished: { ...published, wasPublishedLocally: false },
  track_published_update: published,
  track_muted: published,
  track_unmuted: published,
  track_subscribe_requested: subscribed,
  track_subscribed: subscribed,
  track_unsubscribed: subscribed,
  track_subscribe_failed: subscribed,
  track_max_subscribed_video_quality: { ...ofTrack, mimeType: 'video/VP8', quality: 'HIGH' },
  track_publish_rtp_stats: rtpStats,
  track_subscribe_rtp_stats: rtpStats,
  egress_started: { info: { egressId: 'EG_1', status: 'EGRESS_ACTIVE' } },
  egress_updated: { info: { egressId: 'EG_1', error: 'x' } },
  egress_ended: { info: { egressId: 'EG_1', endedAt: '9223372036854775807' } },
  ingress_created: { info: { ingressId: 'IN_1' } },
  ingress_deleted: { info: { ingressId: 'IN_1' } },
  ingress_started: { info: { ingressId: 'IN_1', state: { status: 'ENDPOINT_PUBLISHING' } } },
  ingress_updated: { info: { ingressId: 'IN_1' } },
  ingress_ended: { info: { ingressId: 'IN_1' } },
  report: { info: {} },
  api_call: { info: {} },
  node_rooms: { info: { nodeId: 'ND_1', rooms: [{ id: 'RM_1' }] } },
  data: traffic,
  signal: traffic,
  rtp,
  flush: {},
};
export const OPS = Object.keys(FULL);
/** A line of an op with every field it has. */
export const full = (op: string): Json => ({ t: 5, op, ...FULL[op] });
