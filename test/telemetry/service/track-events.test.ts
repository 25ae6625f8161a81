import { TrackType, VideoQuality } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  eventJson,
  type MakeCalls,
  ORIGIN_S,
  ROOM,
  ROOM_JSON,
  ServiceUnderTest,
  SMALL_ROOM,
  webhookJson,
} from '../../helpers/telemetry.js';

const TRACK = { sid: 'TR_cam', name: 'camera', type: TrackType.VIDEO, mimeType: 'video/VP8' };
const TRACK_JSON = { ...TRACK, type: 'VIDEO' };
const CALL = { room: ROOM.sid, participant: ALICE.sid, track: TRACK };
const AT = '2026-01-01T00:00:03Z';
const SMALL_ALICE = { sid: ALICE.sid, identity: ALICE.identity };
/** What every event about Alice and her track says. */
const WHERE = { roomId: ROOM.sid, room: SMALL_ROOM, participantId: ALICE.sid, trackId: TRACK.sid };
/** And those that are not only about numbers. */
const WHAT = { ...WHERE, participant: SMALL_ALICE, track: TRACK_JSON };

/** A room with Alice and Bob, three seconds after the start. */
function standup(): ServiceUnderTest {
  const sfu = new ServiceUnderTest();
  sfu.calls.roomStarted(ROOM);
  for (const participant of [ALICE, BOB]) sfu.calls.participantActive({ room: ROOM.sid, participant });
  return sfu.at(3_000);
}

describe('a track’s event carries a small room, who by sid and identity, and the track whole', () => {
  const cases: readonly { readonly type: string; readonly call: MakeCalls; readonly more?: object }[] = [
    { type: 'TRACK_PUBLISH_REQUESTED', call: (calls) => calls.trackPublishRequested(CALL) },
    { type: 'TRACK_PUBLISHED', call: (calls) => calls.trackPublished(CALL) },
    { type: 'TRACK_UNPUBLISHED', call: (calls) => calls.trackUnpublished(CALL) },
    { type: 'TRACK_PUBLISHED_UPDATE', call: (calls) => calls.trackPublishedUpdate(CALL) },
    { type: 'TRACK_MUTED', call: (calls) => calls.trackMuted(CALL) },
    { type: 'TRACK_UNMUTED', call: (calls) => calls.trackUnmuted(CALL) },
    { type: 'TRACK_SUBSCRIBE_REQUESTED', call: (calls) => calls.trackSubscribeRequested(CALL) },
    {
      type: 'TRACK_SUBSCRIBED',
      call: (calls) => calls.trackSubscribed({ ...CALL, publisher: BOB.sid }),
      more: { publisher: BOB },
    },
    { type: 'TRACK_UNSUBSCRIBED', call: (calls) => calls.trackUnsubscribed(CALL) },
    {
      type: 'TRACK_SUBSCRIBE_FAILED',
      call: (calls) => calls.trackSubscribeFailed({ ...CALL, error: 'no such track', isUserError: true }),
      more: { error: 'no such track' },
    },
    {
      type: 'TRACK_MAX_SUBSCRIBED_VIDEO_QUALITY',
      call: (calls) =>
        calls.trackMaxSubscribedVideoQuality({ ...CALL, mimeType: 'video/AV1', quality: VideoQuality.HIGH }),
      more: { mime: 'video/AV1', maxSubscribedVideoQuality: 'HIGH' },
    },
  ];

  test.each(cases)('$type', ({ type, call, more }) => {
    expect(standup().event(call)).toEqual(eventJson(AT, { type, ...WHAT, ...more }));
  });

  test.each(cases)('$type is silenced by sendEvent: false', ({ call }) => {
    const sfu = standup();
    const silent = new Proxy(sfu.calls, {
      get:
        (calls, name) =>
        (argument: object): void =>
          Reflect.apply(Reflect.get(calls, name), calls, [{ ...argument, sendEvent: false }]),
    });
    expect(sfu.during(() => call(silent))).toEqual([]);
  });
});

describe('a track’s webhook', () => {
  const cases: readonly (readonly [webhook: string, event: string, call: MakeCalls])[] = [
    ['track_published', 'TRACK_PUBLISHED', (calls) => calls.trackPublished(CALL)],
    ['track_unpublished', 'TRACK_UNPUBLISHED', (calls) => calls.trackUnpublished(CALL)],
  ];

  test.each(cases)(
    '%s comes before %s, with the whole room and the participant by sid and identity',
    (webhook, event, call) => {
      const told = standup().during(call);
      expect(told.map(({ name }) => name)).toEqual([webhook, event]);
      expect(told[0]!.json).toEqual(
        webhookJson(webhook, ORIGIN_S + 3, { room: ROOM_JSON, participant: SMALL_ALICE, track: TRACK_JSON }),
      );
    },
  );

  test('is sent whether or not the track was published here', () => {
    const told = standup().names((calls) => calls.trackUnpublished({ ...CALL, wasPublishedLocally: false }));
    expect(told).toEqual(['track_unpublished', 'TRACK_UNPUBLISHED']);
  });

  test('is sent for published and unpublished alone', () => {
    const sfu = standup();
    const told = sfu.during((calls) => {
      calls.trackPublishRequested(CALL);
      calls.trackPublishedUpdate(CALL);
      calls.trackMuted(CALL);
      calls.trackUnmuted(CALL);
      calls.trackSubscribeRequested(CALL);
      calls.trackSubscribed(CALL);
      calls.trackUnsubscribed(CALL);
      calls.trackSubscribeFailed(CALL);
      calls.trackMaxSubscribedVideoQuality(CALL);
      calls.trackPublishRtpStats(CALL);
      calls.trackSubscribeRtpStats(CALL);
    });
    expect(told.filter(({ kind }) => kind === 'webhook')).toEqual([]);
    expect(told).toHaveLength(11);
  });
});

describe('RTP stats', () => {
  const stats = { packets: 1_000, bytes: 2n ** 53n, packetsLost: 3, jitterMax: 1.5, rttMax: 40 };
  const numbers = { mimeType: 'video/VP8', layer: 2, stats };
  const rtpStats = { ...stats, bytes: '9007199254740992' };

  test.each([
    ['TRACK_PUBLISH_STATS', (calls) => calls.trackPublishRtpStats({ ...CALL, ...numbers })],
    ['TRACK_SUBSCRIBE_STATS', (calls) => calls.trackSubscribeRtpStats({ ...CALL, ...numbers })],
  ] as [string, MakeCalls][])('%s name participant and track by id alone', (type, call) => {
    expect(standup().event(call)).toEqual(
      eventJson(AT, { type, ...WHERE, mime: 'video/VP8', videoLayer: 2, rtpStats }),
    );
  });

  test('that say nothing are an event that says nothing', () => {
    expect(standup().event((calls) => calls.trackPublishRtpStats(CALL))).toEqual(
      eventJson(AT, { type: 'TRACK_PUBLISH_STATS', ...WHERE }),
    );
  });
});

describe('a track without a sid', () => {
  test('that was only asked for is told as the call describes it', () => {
    const track = { sid: '', name: 'camera' };
    expect(standup().event((calls) => calls.trackPublishRequested({ ...CALL, track }))).toEqual(
      eventJson(AT, {
        type: 'TRACK_PUBLISH_REQUESTED',
        ...{ roomId: ROOM.sid, room: SMALL_ROOM, participantId: ALICE.sid, participant: SMALL_ALICE },
        track: { name: 'camera' },
      }),
    );
  });

  test('is nobody’s: the next one is not told as the one before', () => {
    const sfu = standup();
    sfu.calls.trackPublishRequested({ ...CALL, track: { sid: '', name: 'camera' } });
    const bobs = { room: ROOM.sid, participant: BOB.sid, track: '' };
    expect(sfu.event((calls) => calls.trackSubscribeFailed(bobs))).toHaveProperty('track', {});
    expect(sfu.event((calls) => calls.trackMuted({ ...CALL, track: '' }))).toHaveProperty('track', {});
  });
});
