export type Json = Readonly<Record<string, unknown>>;

export const ROOM = { sid: 'RM_1', name: 'standup', creationTime: '1767139200' };
const SMALL_ROOM = { sid: 'RM_1', name: 'standup' };
export const ALICE = { sid: 'PA_1', identity: 'alice', name: 'Alice' };
const BOB = { sid: 'PA_2', identity: 'bob', name: 'Bob' };
export const CAMERA = { sid: 'TR_1', type: 'VIDEO', source: 'CAMERA', mimeType: 'video/VP8' };
const EGRESS = { egressId: 'EG_1', roomId: 'RM_1', roomName: 'standup' };
const INGRESS = { ingressId: 'IN_1', state: { roomId: 'RM_1' } };
const META = { region: 'eu', node: 'ND_edge' };

export const byAlice = { room: 'RM_1', participant: 'PA_1' };
const byBob = { room: 'RM_1', participant: 'PA_2' };
export const camera = { track: 'TR_1' };
export const traffic = { ...byAlice, direction: 'UPSTREAM', bytes: 10 };

/** A line of every op, `t` left out: each comes a second after the one before. */
export const EVERY_OP: readonly Json[] = [
  { op: 'room_started', room: ROOM },
  { op: 'participant_joined', room: 'RM_1', participant: ALICE, client: { sdk: 'JS' }, clientMeta: META },
  { op: 'participant_active', ...byAlice, clientMeta: META },
  { op: 'participant_joined', room: 'RM_1', participant: BOB, ref: 'signal' },
  { op: 'participant_active', ...byBob, isMigration: true },
  { op: 'participant_resumed', ...byBob, node: 'ND_2', reason: 'RR_SIGNAL_DISCONNECTED' },
  { op: 'track_publish_requested', ...byAlice, track: { type: 'VIDEO' } },
  { op: 'track_published', ...byAlice, track: CAMERA },
  { op: 'track_published_update', ...byAlice, track: { ...CAMERA, width: 640 } },
  { op: 'track_muted', ...byAlice, ...camera },
  { op: 'track_unmuted', ...byAlice, ...camera },
  { op: 'track_subscribe_requested', ...byBob, ...camera, publisher: 'PA_1' },
  { op: 'track_subscribed', ...byBob, ...camera, publisher: ALICE },
  { op: 'track_max_subscribed_video_quality', ...byAlice, ...camera, mimeType: 'video/VP8', quality: 'HIGH' },
  {
    op: 'track_publish_rtp_stats',
    ...byAlice,
    ...camera,
    mimeType: 'video/VP8',
    layer: 2,
    stats: { packets: 3 },
  },
  { op: 'track_subscribe_rtp_stats', ...byBob, ...camera, stats: { bytes: '9007199254740993' } },
  { op: 'track_unsubscribed', ...byBob, ...camera, publisher: 'PA_1' },
  {
    op: 'track_subscribe_failed',
    ...byBob,
    ...camera,
    publisher: 'PA_1',
    error: 'no codec',
    isUserError: true,
  },
  { op: 'egress_started', info: EGRESS },
  { op: 'egress_updated', info: { ...EGRESS, status: 'EGRESS_ACTIVE' } },
  { op: 'egress_ended', info: { ...EGRESS, status: 'EGRESS_FAILED', error: 'disk' } },
  { op: 'ingress_created', info: INGRESS },
  { op: 'ingress_started', info: INGRESS },
  { op: 'ingress_updated', info: INGRESS },
  { op: 'ingress_ended', info: INGRESS },
  { op: 'ingress_deleted', info: INGRESS },
  { op: 'report', info: { featureUsage: { projectId: 'p' } } },
  { op: 'api_call', info: { projectId: 'p', service: 's', method: 'm', status: 200 } },
  { op: 'node_rooms', info: { nodeId: 'ND_1', sequenceNumber: '7', rooms: [{ id: 'RM_1' }] } },
  { op: 'rtp', ...byAlice, ...camera, direction: 'UPSTREAM', streams: [] },
  { op: 'data', ...traffic },
  { op: 'signal', ...traffic },
  { op: 'flush' },
  { op: 'track_unpublished', ...byAlice, ...camera },
  { op: 'participant_left', ...byBob },
  { op: 'participant_left', ...byAlice },
  { op: 'room_ended', room: 'RM_1' },
];

const wholeRoom = { room: ROOM };
const aliceInRoom = { roomId: 'RM_1', room: ROOM, participantId: 'PA_1', participant: ALICE };
const bobInRoom = { roomId: 'RM_1', room: ROOM, participantId: 'PA_2', participant: BOB };
export const SHORT_ALICE = { sid: 'PA_1', identity: 'alice' };
const SHORT_BOB = { sid: 'PA_2', identity: 'bob' };
const WIDE_CAMERA = { ...CAMERA, width: 640 };
const place = { roomId: 'RM_1', room: SMALL_ROOM };
export const ofAlice = { ...place, participantId: 'PA_1', participant: SHORT_ALICE, trackId: 'TR_1' };
const ofBob = {
  ...place,
  participantId: 'PA_2',
  participant: SHORT_BOB,
  trackId: 'TR_1',
  track: WIDE_CAMERA,
};
const FAILED_EGRESS = { ...EGRESS, status: 'EGRESS_FAILED', error: 'disk' };
/** In a webhook about her track. */
export const aliceInWebhook = { room: ROOM, participant: SHORT_ALICE };
const egress = { roomId: 'RM_1', egressId: 'EG_1' };
const ingress = { roomId: 'RM_1', ingressId: 'IN_1', ingress: INGRESS };

/** What each line leads to: second, webhook or event, and the rest of its message. */
export const EXPECTED: readonly [second: number, name: string, rest: Json][] = [
  [0, 'room_started', wholeRoom],
  [0, 'ROOM_CREATED', { ...wholeRoom, timestamp: '2025-12-31T00:00:00Z' }],
  [1, 'PARTICIPANT_JOINED', { ...aliceInRoom, clientInfo: { sdk: 'JS' }, clientMeta: META }],
  [2, 'participant_joined', { room: ROOM, participant: ALICE }],
  [2, 'PARTICIPANT_ACTIVE', { ...aliceInRoom, clientMeta: META }],
  [3, 'PARTICIPANT_JOINED', bobInRoom],
  [4, 'PARTICIPANT_ACTIVE', bobInRoom],
  [
    5,
    'PARTICIPANT_RESUMED',
    { ...bobInRoom, clientMeta: { node: 'ND_2', reconnectReason: 'RR_SIGNAL_DISCONNECTED' } },
  ],
  [
    6,
    'TRACK_PUBLISH_REQUESTED',
    { ...place, participantId: 'PA_1', participant: SHORT_ALICE, track: { type: 'VIDEO' } },
  ],
  [7, 'track_published', { ...aliceInWebhook, track: CAMERA }],
  [7, 'TRACK_PUBLISHED', { ...ofAlice, track: CAMERA }],
  [8, 'TRACK_PUBLISHED_UPDATE', { ...ofAlice, track: WIDE_CAMERA }],
  [9, 'TRACK_MUTED', { ...ofAlice, track: WIDE_CAMERA }],
  [10, 'TRACK_UNMUTED', { ...ofAlice, track: WIDE_CAMERA }],
  [11, 'TRACK_SUBSCRIBE_REQUESTED', { ...ofBob, publisher: ALICE }],
  [12, 'TRACK_SUBSCRIBED', { ...ofBob, publisher: ALICE }],
  [
    13,
    'TRACK_MAX_SUBSCRIBED_VIDEO_QUALITY',
    { ...ofAlice, track: WIDE_CAMERA, mime: 'video/VP8', maxSubscribedVideoQuality: 'HIGH' },
  ],
  [
    14,
    'TRACK_PUBLISH_STATS',
    {
      ...place,
      participantId: 'PA_1',
      trackId: 'TR_1',
      mime: 'video/VP8',
      videoLayer: 2,
      rtpStats: { packets: 3 },
    },
  ],
  [
    15,
    'TRACK_SUBSCRIBE_STATS',
    { ...place, participantId: 'PA_2', trackId: 'TR_1', rtpStats: { bytes: '9007199254740993' } },
  ],
  [16, 'TRACK_UNSUBSCRIBED', { ...ofBob, publisher: ALICE }],
  [17, 'TRACK_SUBSCRIBE_FAILED', { ...ofBob, publisher: ALICE, error: 'no codec' }],
  [18, 'egress_started', { egressInfo: EGRESS }],
  [18, 'EGRESS_STARTED', { ...egress, egress: EGRESS }],
  [19, 'egress_updated', { egressInfo: { ...EGRESS, status: 'EGRESS_ACTIVE' } }],
  [19, 'EGRESS_UPDATED', { ...egress, egress: { ...EGRESS, status: 'EGRESS_ACTIVE' } }],
  [20, 'egress_ended', { egressInfo: FAILED_EGRESS }],
  [20, 'EGRESS_ENDED', { ...egress, egress: FAILED_EGRESS }],
  [21, 'INGRESS_CREATED', ingress],
  [22, 'ingress_started', { ingressInfo: INGRESS }],
  [22, 'INGRESS_STARTED', ingress],
  [23, 'INGRESS_UPDATED', ingress],
  [24, 'ingress_ended', { ingressInfo: INGRESS }],
  [24, 'INGRESS_ENDED', ingress],
  [25, 'INGRESS_DELETED', ingress],
  [26, 'REPORT', { report: { featureUsage: { projectId: 'p' } } }],
  [27, 'API_CALL', { apiCall: { projectId: 'p', service: 's', method: 'm', status: 200 } }],
  [33, 'track_unpublished', { ...aliceInWebhook, track: WIDE_CAMERA }],
  [33, 'TRACK_UNPUBLISHED', { ...ofAlice, track: WIDE_CAMERA }],
  [34, 'participant_left', { room: ROOM, participant: BOB }],
  [34, 'PARTICIPANT_LEFT', bobInRoom],
  [35, 'participant_left', { room: ROOM, participant: ALICE }],
  [35, 'PARTICIPANT_LEFT', aliceInRoom],
  [36, 'room_finished', wholeRoom],
  [36, 'ROOM_ENDED', { roomId: 'RM_1', ...wholeRoom }],
];
