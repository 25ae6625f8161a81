import { TrackSource, TrackType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { ALICE, BOB, ROOM, ROOM_JSON, ServiceUnderTest, SMALL_ROOM } from '../../helpers/telemetry.js';

const TRACK = { sid: 'TR_cam', name: 'camera', type: TrackType.VIDEO };
const TRACK_JSON = { ...TRACK, type: 'VIDEO' };
const BY_SID = { room: ROOM.sid, participant: ALICE.sid, track: TRACK.sid };

/** A room with Alice and Bob. */
function standup(): ServiceUnderTest {
  const sfu = new ServiceUnderTest();
  sfu.calls.roomStarted(ROOM);
  for (const participant of [ALICE, BOB]) sfu.calls.participantActive({ room: ROOM.sid, participant });
  return sfu;
}

describe('a room', () => {
  test('by sid alone is told as it was last seen, whatever the call that brought it', () => {
    const renamed = { ...ROOM, name: 'retro' };
    const bring: ((sfu: ServiceUnderTest) => void)[] = [
      ({ calls }) => calls.roomStarted(renamed),
      ({ calls }) => calls.updateRoom(renamed),
      ({ calls }) => calls.participantJoined({ room: renamed, participant: ALICE.sid }),
      ({ calls }) => calls.participantActive({ room: renamed, participant: ALICE.sid }),
      ({ calls }) => calls.participantResumed({ room: renamed, participant: ALICE.sid }),
      ({ calls }) => calls.participantLeft({ room: renamed, participant: BOB.sid }),
      ({ calls }) => calls.updateParticipant(renamed, BOB.sid),
      ({ calls }) => calls.trackMuted({ ...BY_SID, room: renamed, sendEvent: false }),
    ];
    for (const call of bring) {
      const sfu = standup();
      call(sfu);
      expect(
        sfu.webhook((calls) => calls.roomEnded(ROOM.sid)),
        String(call),
      ).toMatchObject({
        room: { ...ROOM_JSON, name: 'retro' },
      });
    }
  });

  test('that ends is told with the object of that very call', () => {
    const told = standup().during((calls) => calls.roomEnded({ ...ROOM, numParticipants: 2 }));
    for (const { json } of told) expect(json).toMatchObject({ room: { ...ROOM_JSON, numParticipants: 2 } });
  });

  test('is replaced as a whole: what a later object leaves out is gone', () => {
    const sfu = standup();
    sfu.calls.updateRoom({ sid: ROOM.sid, metadata: 'only this' });
    expect(sfu.webhook((calls) => calls.roomEnded(ROOM.sid))).toHaveProperty('room', {
      sid: ROOM.sid,
      metadata: 'only this',
    });
  });

  test('that a recorder was opened with gives its name alone', () => {
    const sfu = standup();
    sfu.service.participants.seen({ sid: ROOM.sid, name: 'retro' });
    expect(sfu.webhook((calls) => calls.roomEnded(ROOM.sid))).toHaveProperty('room', {
      ...ROOM_JSON,
      name: 'retro',
    });
  });
});

describe('a participant', () => {
  test('by sid alone is told as last seen, whatever the call that brought it', () => {
    const promoted = { ...ALICE, name: 'Dr. Alice', identity: 'alice-2' };
    const who = { room: ROOM.sid, participant: promoted };
    const bring: ((sfu: ServiceUnderTest) => void)[] = [
      ({ calls }) => calls.participantJoined(who),
      ({ calls }) => calls.participantActive(who),
      ({ calls }) => calls.participantResumed(who),
      ({ calls }) => calls.updateParticipant(ROOM.sid, promoted),
      ({ calls }) => calls.trackMuted({ ...who, track: '', sendEvent: false }),
      ({ calls }) =>
        calls.trackSubscribed({ ...BY_SID, participant: BOB.sid, publisher: promoted, sendEvent: false }),
    ];
    for (const call of bring) {
      const sfu = standup();
      call(sfu);
      expect(
        sfu.event((calls) => calls.trackMuted(BY_SID)),
        String(call),
      ).toMatchObject({
        participant: { sid: ALICE.sid, identity: 'alice-2' },
      });
      expect(
        sfu.webhook((calls) => calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid })),
      ).toMatchObject({ participant: promoted });
    }
  });

  test('that leaves is told with the object of that very call', () => {
    const participant = { ...ALICE, disconnectReason: 1 };
    const told = standup().during((calls) => calls.participantLeft({ room: ROOM.sid, participant }));
    for (const { json } of told) {
      expect(json).toMatchObject({ participant: { ...ALICE, disconnectReason: 'CLIENT_INITIATED' } });
    }
  });

  test('is known within its room alone', () => {
    const sfu = standup();
    const elsewhere = sfu.event((calls) => calls.trackMuted({ ...BY_SID, room: 'RM_other' }));
    expect(elsewhere).not.toHaveProperty('participant.identity');
  });

  test('that a recorder was opened with gives its identity alone', () => {
    const sfu = standup();
    sfu.service.participants.seen({ sid: ROOM.sid }, { sid: ALICE.sid, identity: 'alice-2' });
    expect(
      sfu.webhook((calls) => calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid })),
    ).toHaveProperty('participant', { ...ALICE, identity: 'alice-2' });
  });
});

describe('a publisher', () => {
  test('by sid alone is told whole, as known', () => {
    const call = { ...BY_SID, participant: BOB.sid, publisher: ALICE.sid };
    expect(standup().event((calls) => calls.trackSubscribed(call))).toHaveProperty('publisher', ALICE);
  });

  test('who is not known is told with what the call brings', () => {
    const carol = { sid: 'PA_carol', identity: 'carol' };
    const sfu = standup();
    const call = { ...BY_SID, participant: BOB.sid };
    expect(sfu.event((calls) => calls.trackSubscribed({ ...call, publisher: carol }))).toHaveProperty(
      'publisher',
      carol,
    );
    expect(sfu.event((calls) => calls.trackSubscribed({ ...call, publisher: carol.sid }))).toHaveProperty(
      'publisher',
      { sid: carol.sid },
    );
  });
});

describe('a track', () => {
  const changed = { ...TRACK, name: 'screen', source: TrackSource.SCREEN_SHARE };
  const changedJson = { ...TRACK_JSON, name: 'screen', source: 'SCREEN_SHARE' };

  test.each(['trackPublishRequested', 'trackPublished', 'trackPublishedUpdate', 'trackMuted'] as const)(
    'that %s brings is told from then on',
    (call) => {
      const sfu = standup();
      sfu.calls[call]({ ...BY_SID, track: TRACK });
      sfu.calls[call]({ ...BY_SID, track: changed, sendEvent: false });
      expect(sfu.event((calls) => calls.trackUnpublished(BY_SID))).toHaveProperty('track', changedJson);
    },
  );

  test('that its publisher brought is told to a subscriber, and the other way round', () => {
    const sfu = standup();
    const bobs = { ...BY_SID, participant: BOB.sid };
    sfu.calls.trackPublished({ ...BY_SID, track: TRACK });
    expect(sfu.event((calls) => calls.trackSubscribeRequested(bobs))).toHaveProperty('track', TRACK_JSON);
    sfu.calls.trackSubscribed({ ...bobs, track: changed });
    expect(sfu.event((calls) => calls.trackMuted(BY_SID))).toHaveProperty('track', changedJson);
  });

  test('that a subscriber brings is remembered as its publisher’s', () => {
    const sfu = standup();
    const bobs = { ...BY_SID, participant: BOB.sid };
    sfu.calls.trackSubscribed({ ...bobs, track: TRACK, publisher: ALICE.sid });
    expect(sfu.event((calls) => calls.trackUnsubscribed(bobs))).toHaveProperty('track', TRACK_JSON);
    sfu.calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid });
    sfu.reap(1_000_000);
    expect(sfu.event((calls) => calls.trackUnsubscribed(bobs))).toHaveProperty('track', { sid: TRACK.sid });
  });

  test('of nobody who is known is not remembered', () => {
    const sfu = standup();
    sfu.calls.trackPublished({ ...BY_SID, participant: 'PA_ghost', track: TRACK });
    sfu.calls.trackSubscribed({ ...BY_SID, participant: BOB.sid, track: TRACK });
    expect(sfu.event((calls) => calls.trackMuted(BY_SID))).toHaveProperty('track', { sid: TRACK.sid });
  });
});

test('what was told stays as it was, whatever is seen later: it may still wait to be sent', () => {
  const sfu = standup();
  sfu.calls.trackPublished({ ...BY_SID, track: TRACK });
  sfu.calls.participantJoined({ room: ROOM.sid, participant: ALICE.sid });
  const then = sfu.told.map(({ json }) => json);
  sfu.service.participants.seen({ sid: ROOM.sid, name: 'retro' }, { sid: ALICE.sid, identity: 'alice-2' });
  sfu.calls.updateRoom({ ...ROOM, name: 'planning' });
  sfu.calls.updateParticipant(ROOM.sid, { ...ALICE, identity: 'alice-3' });
  sfu.calls.trackPublishedUpdate({ ...BY_SID, track: { ...TRACK, name: 'screen' }, sendEvent: false });
  expect(sfu.told.map(({ message }) => message.toJson())).toEqual(then);
  expect(sfu.event((calls) => calls.trackMuted(BY_SID))).toMatchObject({
    room: { ...SMALL_ROOM, name: 'planning' },
    participant: { identity: 'alice-3' },
    track: { name: 'screen' },
  });
});
