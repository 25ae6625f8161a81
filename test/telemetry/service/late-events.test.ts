import { TrackType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  ORIGIN_S,
  ROOM,
  ROOM_JSON,
  ServiceUnderTest,
  SMALL_ROOM,
  webhookJson,
} from '../../helpers/telemetry.js';

const TRACK = { sid: 'TR_cam', name: 'camera', type: TrackType.VIDEO };
const TRACK_JSON = { ...TRACK, type: 'VIDEO' };
/** A call that names all by sid alone. */
const BY_SID = { room: ROOM.sid, participant: ALICE.sid, track: TRACK.sid };
const SMALL_ALICE = { sid: ALICE.sid, identity: ALICE.identity };

/** Alice has published a track, and has left at 60 s. */
function afterAliceLeft(): ServiceUnderTest {
  const sfu = new ServiceUnderTest();
  sfu.calls.roomStarted(ROOM);
  sfu.calls.participantActive({ room: ROOM.sid, participant: ALICE });
  sfu.calls.trackPublished({ ...BY_SID, track: TRACK });
  sfu.at(60_000).calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid });
  return sfu;
}

describe('a track unpublished two minutes after its publisher left', () => {
  test('carries room, identity and track', () => {
    const sfu = afterAliceLeft();
    sfu.reap(180_000);
    expect(sfu.during((calls) => calls.trackUnpublished(BY_SID))).toMatchObject([
      {
        name: 'track_unpublished',
        time: 180_000,
        json: { room: ROOM_JSON, participant: SMALL_ALICE, track: TRACK_JSON },
      },
      {
        name: 'TRACK_UNPUBLISHED',
        time: 180_000,
        json: { roomId: ROOM.sid, room: SMALL_ROOM, participant: SMALL_ALICE, track: TRACK_JSON },
      },
    ]);
    expect(sfu.service.lateEvents).toBe(0);
  });

  test('carries them too when the room has ended meanwhile', () => {
    const sfu = afterAliceLeft();
    sfu.calls.roomEnded(ROOM.sid);
    sfu.reap(180_000);
    expect(sfu.webhook((calls) => calls.trackUnpublished(BY_SID))).toMatchObject({
      room: ROOM_JSON,
      participant: SMALL_ALICE,
      track: TRACK_JSON,
    });
  });

  test('carries the publisher of a track whose subscriber is told late', () => {
    const sfu = afterAliceLeft();
    sfu.calls.participantActive({ room: ROOM.sid, participant: BOB });
    sfu.reap(180_000);
    expect(
      sfu.event((calls) => calls.trackSubscribed({ ...BY_SID, participant: BOB.sid, publisher: ALICE.sid })),
    ).toMatchObject({ publisher: ALICE, track: TRACK_JSON });
  });
});

describe('a track unpublished after its publisher was reaped', () => {
  test('carries what the call itself brings, and is counted', () => {
    const sfu = afterAliceLeft();
    sfu.reap(240_001);
    const call = { room: { sid: ROOM.sid, name: 'renamed' }, participant: ALICE, track: TRACK };
    const where = { room: { sid: ROOM.sid, name: 'renamed' }, participant: SMALL_ALICE, track: TRACK_JSON };
    expect(sfu.during((calls) => calls.trackUnpublished(call))).toMatchObject([
      { name: 'track_unpublished', json: where },
      { name: 'TRACK_UNPUBLISHED', json: where },
    ]);
    expect(sfu.service.lateEvents).toBe(1);
  });

  test('by sid alone carries sids, and the name of a room that others still know', () => {
    const sfu = afterAliceLeft();
    sfu.reap(240_001);
    const event = sfu.event((calls) => calls.trackUnpublished(BY_SID));
    expect(event).toMatchObject({
      room: SMALL_ROOM,
      participant: { sid: ALICE.sid },
      track: { sid: TRACK.sid },
    });
    expect(event).not.toHaveProperty('participant.identity');
    expect(event).not.toHaveProperty('track.name');
    expect(sfu.service.lateEvents).toBe(1);
  });

  test('by sid alone, in a room that is forgotten too, carries sids alone', () => {
    const sfu = afterAliceLeft();
    sfu.calls.roomEnded(ROOM.sid);
    sfu.reap(240_001);
    expect(sfu.webhook((calls) => calls.trackUnpublished(BY_SID))).toEqual(
      webhookJson('track_unpublished', ORIGIN_S + 240, {
        room: { sid: ROOM.sid },
        participant: { sid: ALICE.sid },
        track: { sid: TRACK.sid },
      }),
    );
    expect(sfu.service.participants.roomCount, 'nobody is made known by it').toBe(0);
  });

  test('that is not to be told is not counted', () => {
    const sfu = afterAliceLeft();
    sfu.reap(240_001);
    expect(sfu.during((calls) => calls.trackUnpublished({ ...BY_SID, sendEvent: false }))).toEqual([]);
    expect(sfu.service.lateEvents).toBe(0);
  });
});

test('every event of somebody nobody knows is counted, webhook or not', () => {
  const sfu = new ServiceUnderTest();
  sfu.calls.trackMuted(BY_SID);
  sfu.calls.trackPublished(BY_SID);
  sfu.calls.trackSubscribeRtpStats(BY_SID);
  expect(sfu.told).toHaveLength(4);
  expect(sfu.service.lateEvents).toBe(3);
});
