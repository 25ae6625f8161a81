import { ClientInfo_SDK, ReconnectReason } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import {
  ALICE,
  eventJson,
  ORIGIN_S,
  ROOM,
  ROOM_JSON,
  ServiceUnderTest,
  webhookJson,
} from '../../helpers/telemetry.js';

const WHO = { room: ROOM, participant: ALICE };
const CLIENT = { sdk: ClientInfo_SDK.JS, version: '2.1.0', browser: 'chrome' };
const CLIENT_META = { region: 'eu', node: 'ND_edge', clientAddr: '192.0.2.1', clientConnectTime: 420 };
const AT = '2026-01-01T00:00:02Z';
/** What an event about Alice says of where and who: both whole. */
const WHOLE = { roomId: ROOM.sid, room: ROOM_JSON, participantId: ALICE.sid, participant: ALICE };

function inTwoSeconds(): ServiceUnderTest {
  return new ServiceUnderTest().at(2_000);
}

describe('joined', () => {
  test('is an event with client and client meta, and no webhook', () => {
    const sfu = inTwoSeconds();
    const told = sfu.during((calls) =>
      calls.participantJoined({ ...WHO, client: CLIENT, clientMeta: CLIENT_META }),
    );
    expect(told.map(({ json }) => json)).toEqual([
      eventJson(AT, {
        type: 'PARTICIPANT_JOINED',
        ...WHOLE,
        clientInfo: { sdk: 'JS', version: '2.1.0', browser: 'chrome' },
        clientMeta: CLIENT_META,
      }),
    ]);
  });

  test('without client and client meta has neither', () => {
    const sfu = inTwoSeconds();
    expect(sfu.event((calls) => calls.participantJoined(WHO))).toEqual(
      eventJson(AT, { type: 'PARTICIPANT_JOINED', ...WHOLE }),
    );
  });

  test('that is not to be told opens the participant all the same', () => {
    const sfu = inTwoSeconds();
    expect(sfu.during((calls) => calls.participantJoined({ ...WHO, sendEvent: false }))).toEqual([]);
    expect(sfu.service.participants.openCount).toBe(1);
    expect(sfu.names((calls) => calls.participantLeft(WHO))).toEqual([
      'participant_connection_aborted',
      'PARTICIPANT_CONNECTION_ABORTED',
    ]);
  });
});

describe('active', () => {
  test('is the webhook participant_joined, then an event with client meta', () => {
    const sfu = inTwoSeconds();
    const told = sfu.during((calls) => calls.participantActive({ ...WHO, clientMeta: CLIENT_META }));
    expect(told.map(({ json }) => json)).toEqual([
      webhookJson('participant_joined', ORIGIN_S + 2, { room: ROOM_JSON, participant: ALICE }),
      eventJson(AT, { type: 'PARTICIPANT_ACTIVE', ...WHOLE, clientMeta: CLIENT_META }),
    ]);
  });

  test('of somebody who comes from another node is no webhook, and an event', () => {
    const sfu = inTwoSeconds();
    const told = sfu.during((calls) => calls.participantActive({ ...WHO, isMigration: true }));
    expect(told.map(({ json }) => json)).toEqual([eventJson(AT, { type: 'PARTICIPANT_ACTIVE', ...WHOLE })]);
  });

  test('over warp is told as any other', () => {
    const names = inTwoSeconds().names((calls) => calls.participantActive({ ...WHO, isWarp: true }));
    expect(names).toEqual(['participant_joined', 'PARTICIPANT_ACTIVE']);
  });

  test('again is an event with the client meta of that call', () => {
    const sfu = inTwoSeconds();
    sfu.calls.participantActive({ ...WHO, clientMeta: CLIENT_META });
    const told = sfu.during((calls) => calls.participantActive({ ...WHO, clientMeta: { region: 'us' } }));
    expect(told.map(({ json }) => json)).toEqual([
      eventJson(AT, { type: 'PARTICIPANT_ACTIVE', ...WHOLE, clientMeta: { region: 'us' } }),
    ]);
  });
});

describe('resumed', () => {
  test('is an event with the node and the reason as client meta, and no webhook', () => {
    const sfu = inTwoSeconds();
    const reason = ReconnectReason.RR_SIGNAL_DISCONNECTED;
    const told = sfu.during((calls) => calls.participantResumed({ ...WHO, node: 'ND_other', reason }));
    expect(told.map(({ json }) => json)).toEqual([
      eventJson(AT, {
        type: 'PARTICIPANT_RESUMED',
        ...WHOLE,
        clientMeta: { node: 'ND_other', reconnectReason: 'RR_SIGNAL_DISCONNECTED' },
      }),
    ]);
  });

  test('without node and reason has a client meta that says nothing', () => {
    expect(inTwoSeconds().event((calls) => calls.participantResumed(WHO))).toEqual(
      eventJson(AT, { type: 'PARTICIPANT_RESUMED', ...WHOLE, clientMeta: {} }),
    );
  });
});

describe('left', () => {
  test('of somebody who was connected is participant_left, as webhook and as event', () => {
    const sfu = inTwoSeconds();
    sfu.calls.participantActive(WHO);
    const told = sfu.during((calls) => calls.participantLeft(WHO));
    expect(told.map(({ json }) => json)).toEqual([
      webhookJson('participant_left', ORIGIN_S + 2, { room: ROOM_JSON, participant: ALICE }),
      eventJson(AT, { type: 'PARTICIPANT_LEFT', ...WHOLE }),
    ]);
  });

  test('of somebody who never was is participant_connection_aborted, as webhook and as event', () => {
    const sfu = inTwoSeconds();
    sfu.calls.participantJoined(WHO);
    const told = sfu.during((calls) => calls.participantLeft(WHO));
    expect(told.map(({ json }) => json)).toEqual([
      webhookJson('participant_connection_aborted', ORIGIN_S + 2, { room: ROOM_JSON, participant: ALICE }),
      eventJson(AT, { type: 'PARTICIPANT_CONNECTION_ABORTED', ...WHOLE }),
    ]);
  });

  test('that is not to be told closes the participant all the same', () => {
    const sfu = inTwoSeconds();
    sfu.calls.participantActive(WHO);
    expect(sfu.during((calls) => calls.participantLeft({ ...WHO, sendEvent: false }))).toEqual([]);
    expect(sfu.service.participants.openCount).toBe(0);
  });
});

describe('an update of a participant', () => {
  test('tells nobody, and is told as last seen from then on', () => {
    const sfu = inTwoSeconds();
    sfu.calls.participantActive(WHO);
    const update = { ...ALICE, name: 'Alice B.' };
    expect(sfu.during((calls) => calls.updateParticipant(ROOM.sid, update))).toEqual([]);
    expect(
      sfu.webhook((calls) => calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid })),
    ).toMatchObject({ participant: update });
  });
});
