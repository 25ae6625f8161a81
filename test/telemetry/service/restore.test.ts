import { describe, expect, test } from 'vitest';
import { ALICE, DirectCalls, ROOM, ROOM_JSON, ServiceUnderTest } from '../../helpers/telemetry.js';

const WHO = { room: ROOM.sid, participant: ALICE.sid };

/** A service that takes over from one before it, which had heard these calls. */
function takingOver(before: (calls: DirectCalls) => void): ServiceUnderTest {
  const sfu = new ServiceUnderTest();
  let number = 0;
  before(new DirectCalls((call) => sfu.service.restore(call, 0, ++number)));
  return sfu;
}

describe('a service that takes over from one before it', () => {
  test('tells nothing again, and knows the room and who is in it', () => {
    const sfu = takingOver((calls) => {
      calls.roomStarted(ROOM);
      calls.participantJoined({ room: ROOM, participant: ALICE });
      calls.participantActive(WHO);
    });
    expect(sfu.told).toEqual([]);
    expect(sfu.service.participants).toMatchObject({ roomCount: 1, openCount: 1 });
    expect(sfu.during((calls) => calls.participantLeft(WHO))).toMatchObject([
      { name: 'participant_left', json: { room: ROOM_JSON, participant: ALICE } },
      { name: 'PARTICIPANT_LEFT', json: { room: ROOM_JSON, participant: ALICE } },
    ]);
  });

  test('does not say again what the session has said', () => {
    const sfu = takingOver((calls) => {
      calls.participantJoined(WHO);
      calls.participantActive(WHO);
    });
    expect(sfu.names((calls) => calls.participantJoined({ ...WHO, ref: 'signal' }))).toEqual([]);
    expect(sfu.names((calls) => calls.participantActive(WHO))).toEqual(['PARTICIPANT_ACTIVE']);
  });

  test('ends somebody who was never connected as aborted', () => {
    const sfu = takingOver((calls) => calls.participantJoined(WHO));
    expect(sfu.names((calls) => calls.participantLeft(WHO))).toEqual([
      'participant_connection_aborted',
      'PARTICIPANT_CONNECTION_ABORTED',
    ]);
  });

  test('takes a repeated left for impossible, and names somebody who left for as long as the one before', () => {
    const sfu = takingOver((calls) => {
      calls.participantActive({ room: ROOM, participant: ALICE });
      calls.participantLeft(WHO);
    });
    expect(sfu.names((calls) => calls.participantLeft(WHO))).toEqual([]);
    expect(sfu.service.participants.leavesIgnored).toBe(1);
    const unpublished = (calls: DirectCalls): void => calls.trackUnpublished({ ...WHO, track: 'TR' });
    sfu.reap(180_000);
    expect(sfu.event(unpublished)).toMatchObject({ participant: { identity: ALICE.identity } });
    sfu.reap(180_001);
    expect(sfu.event(unpublished)).not.toHaveProperty('participant.identity');
  });

  test('passes over calls that change nothing it keeps', () => {
    const sfu = takingOver((calls) => {
      calls.trackPublished({ ...WHO, track: 'TR' });
      calls.report({});
      calls.egressStarted({ egressId: 'EG' });
    });
    expect(sfu.told).toEqual([]);
    expect(sfu.service.participants.roomCount).toBe(0);
  });
});
