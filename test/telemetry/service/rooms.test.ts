import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  eventJson,
  ORIGIN_S,
  ROOM,
  ROOM_JSON,
  ServiceUnderTest,
  webhookJson,
} from '../../helpers/telemetry.js';

describe('a room', () => {
  test('that started is told with all that is known of it, dated by its creation', () => {
    const sfu = new ServiceUnderTest().at(1_500);
    expect(sfu.during((calls) => calls.roomStarted(ROOM))).toEqual([
      expect.objectContaining({
        kind: 'webhook',
        seq: 1,
        time: 1_500,
        json: webhookJson('room_started', ORIGIN_S + 1, { room: ROOM_JSON }),
      }),
      expect.objectContaining({
        kind: 'event',
        name: 'ROOM_CREATED',
        seq: 2,
        time: 1_500,
        json: eventJson('2025-12-31T00:00:00Z', { room: ROOM_JSON }),
      }),
    ]);
  });

  test('without a time of creation is dated by the call', () => {
    const sfu = new ServiceUnderTest().at(1_500);
    const event = sfu.event((calls) => calls.roomStarted({ sid: ROOM.sid }));
    expect(event).toEqual(eventJson('2026-01-01T00:00:01.500Z', { room: { sid: ROOM.sid } }));
  });

  test('that ended is told with all that is known of it and its id, dated by the call', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.at(60_000);
    expect(sfu.during((calls) => calls.roomEnded(ROOM.sid))).toEqual([
      expect.objectContaining({
        kind: 'webhook',
        seq: 3,
        time: 60_000,
        json: webhookJson('room_finished', ORIGIN_S + 60, { room: ROOM_JSON }),
      }),
      expect.objectContaining({
        kind: 'event',
        seq: 4,
        time: 60_000,
        json: eventJson('2026-01-01T00:01:00Z', { type: 'ROOM_ENDED', roomId: ROOM.sid, room: ROOM_JSON }),
      }),
    ]);
  });

  test('that nobody knows ends with what the call itself brings', () => {
    const sfu = new ServiceUnderTest();
    expect(sfu.webhook((calls) => calls.roomEnded({ sid: 'RM_ghost', name: 'ghost' }))).toEqual(
      webhookJson('room_finished', ORIGIN_S, { room: { sid: 'RM_ghost', name: 'ghost' } }),
    );
    expect(sfu.service.participants.roomCount).toBe(0);
  });

  test('that has ended is forgotten: a call that names it by sid alone knows no name', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.roomEnded(ROOM.sid);
    expect(sfu.webhook((calls) => calls.roomStarted(ROOM.sid))).toEqual(
      webhookJson('room_started', ORIGIN_S, { room: { sid: ROOM.sid } }),
    );
  });

  test('that is updated tells nobody, and is told as it was last seen from then on', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    expect(sfu.during((calls) => calls.updateRoom({ ...ROOM, metadata: 'new' }))).toEqual([]);
    expect(sfu.webhook((calls) => calls.roomEnded(ROOM.sid))).toMatchObject({
      room: { ...ROOM_JSON, metadata: 'new' },
    });
  });
});

describe('a room that ends while people are in it', () => {
  test('tells nothing of them: theirs goes on until their own left, which still names the room', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    for (const participant of [ALICE, BOB]) {
      sfu.calls.participantJoined({ room: ROOM.sid, participant });
      sfu.calls.participantActive({ room: ROOM.sid, participant });
    }
    expect(sfu.names((calls) => calls.roomEnded(ROOM.sid))).toEqual(['room_finished', 'ROOM_ENDED']);
    sfu.reap(10_000_000);
    const left = sfu.during((calls) => calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid }));
    expect(left).toMatchObject([
      { name: 'participant_left', json: { room: ROOM_JSON, participant: ALICE } },
      { name: 'PARTICIPANT_LEFT', json: { room: ROOM_JSON, participant: ALICE } },
    ]);
    sfu.reap(20_000_000);
    expect(
      sfu.webhook((calls) => calls.participantLeft({ room: ROOM.sid, participant: BOB.sid })),
      'Alice is reaped, Bob keeps the room',
    ).toMatchObject({ event: 'participant_left', room: ROOM_JSON, participant: BOB });
    sfu.reap(30_000_000);
    expect(sfu.service.participants.roomCount).toBe(0);
  });

  test('takes new people as any other', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.participantJoined({ room: ROOM.sid, participant: ALICE });
    sfu.calls.roomEnded(ROOM.sid);
    expect(sfu.event((calls) => calls.participantJoined({ room: ROOM.sid, participant: BOB }))).toMatchObject(
      { type: 'PARTICIPANT_JOINED', room: ROOM_JSON },
    );
  });
});
