import {
  AnalyticsNodeRooms,
  EgressStatus,
  IngressState_Status,
  ReportInfo,
  Timestamp,
  WebhookInfo,
} from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import {
  eventJson,
  type MakeCalls,
  ORIGIN_S,
  ROOM,
  ServiceUnderTest,
  webhookJson,
} from '../../helpers/telemetry.js';

const AT = '2026-01-01T00:00:04Z';
const EGRESS = {
  egressId: 'EG_1',
  roomId: ROOM.sid,
  roomName: ROOM.name,
  status: EgressStatus.EGRESS_ACTIVE,
  startedAt: 1_767_225_600_000_000_000n,
};
const EGRESS_JSON = { ...EGRESS, status: 'EGRESS_ACTIVE', startedAt: '1767225600000000000' };
const INGRESS = {
  ingressId: 'IN_1',
  roomName: ROOM.name,
  state: { status: IngressState_Status.ENDPOINT_PUBLISHING, roomId: ROOM.sid },
};
const INGRESS_JSON = { ...INGRESS, state: { status: 'ENDPOINT_PUBLISHING', roomId: ROOM.sid } };

function inFourSeconds(): ServiceUnderTest {
  return new ServiceUnderTest().at(4_000);
}

describe('egress', () => {
  const cases: readonly (readonly [name: string, call: MakeCalls])[] = [
    ['egress_started', (calls) => calls.egressStarted(EGRESS)],
    ['egress_updated', (calls) => calls.egressUpdated(EGRESS)],
    ['egress_ended', (calls) => calls.egressEnded(EGRESS)],
  ];

  test.each(cases)('%s is a webhook, then an event with its id and its room’s', (name, call) => {
    const told = inFourSeconds().during(call);
    expect(told.map(({ seq, json }) => [seq, json])).toEqual([
      [1, webhookJson(name, ORIGIN_S + 4, { egressInfo: EGRESS_JSON })],
      [
        2,
        eventJson(AT, {
          type: name.toUpperCase(),
          egressId: 'EG_1',
          roomId: ROOM.sid,
          egress: EGRESS_JSON,
        }),
      ],
    ]);
  });

  test('is numbered with its room', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    expect(sfu.during((calls) => calls.egressStarted(EGRESS)).map(({ seq }) => seq)).toEqual([3, 4]);
  });
});

describe('ingress', () => {
  const json = (type: string): object =>
    eventJson(AT, { type, ingressId: 'IN_1', roomId: ROOM.sid, ingress: INGRESS_JSON });

  test.each<readonly [string, MakeCalls]>([
    ['ingress_started', (calls) => calls.ingressStarted(INGRESS)],
    ['ingress_ended', (calls) => calls.ingressEnded(INGRESS)],
  ])('%s is a webhook, then an event', (name, call) => {
    const told = inFourSeconds().during(call);
    expect(told.map((one) => [one.seq, one.json])).toEqual([
      [1, webhookJson(name, ORIGIN_S + 4, { ingressInfo: INGRESS_JSON })],
      [2, json(name.toUpperCase())],
    ]);
  });

  test.each<readonly [string, MakeCalls]>([
    ['INGRESS_CREATED', (calls) => calls.ingressCreated(INGRESS)],
    ['INGRESS_UPDATED', (calls) => calls.ingressUpdated(INGRESS)],
    ['INGRESS_DELETED', (calls) => calls.ingressDeleted(INGRESS)],
  ])('%s is an event alone', (type, call) => {
    expect(
      inFourSeconds()
        .during(call)
        .map(({ json }) => json),
    ).toEqual([json(type)]);
  });

  test('that has no state yet is told without a room', () => {
    expect(inFourSeconds().event((calls) => calls.ingressCreated({ ingressId: 'IN_2' }))).toEqual(
      eventJson(AT, { type: 'INGRESS_CREATED', ingressId: 'IN_2', ingress: { ingressId: 'IN_2' } }),
    );
  });
});

describe('what is of no room', () => {
  test('a report is an event alone', () => {
    const report = new ReportInfo({ message: { case: 'featureUsage', value: { roomName: 'standup' } } });
    const told = inFourSeconds().during((calls) => calls.report(report));
    expect(told.map(({ json }) => json)).toEqual([
      eventJson(AT, { type: 'REPORT', report: { featureUsage: { roomName: 'standup' } } }),
    ]);
  });

  test('an API call is an event alone', () => {
    const call = { service: 'RoomService', method: 'ListRooms', status: 200, durationNs: 5n };
    const told = inFourSeconds().during((calls) => calls.apiCall(call));
    expect(told.map(({ json }) => json)).toEqual([
      eventJson(AT, { type: 'API_CALL', apiCall: { ...call, durationNs: '5' } }),
    ]);
  });

  test('is numbered by itself', () => {
    const sfu = inFourSeconds();
    sfu.calls.roomStarted(ROOM);
    const told = sfu.during((calls) => {
      calls.report({});
      calls.apiCall({});
    });
    expect(told.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('node rooms go to a place of their own, as they came', () => {
    const rooms = new AnalyticsNodeRooms({
      nodeId: 'ND_other',
      sequenceNumber: 7n,
      timestamp: Timestamp.fromDate(new Date(0)),
      rooms: [{ id: ROOM.sid, name: ROOM.name }],
    });
    const told = inFourSeconds().during((calls) => calls.nodeRooms(rooms));
    expect(told).toEqual([
      { kind: 'nodeRooms', name: 'nodeRooms', seq: 0, time: 4_000, json: rooms.toJson(), message: rooms },
    ]);
  });
});

describe('what became of a webhook', () => {
  const webhook = new WebhookInfo({
    eventId: 'EV_1',
    event: 'room_started',
    roomId: ROOM.sid,
    url: 'http://localhost/a',
    httpStatusCode: 200,
  });
  /** The ids of what becomes of webhooks, by the service of one seed. */
  const idsOf = (seed: string, ...webhooks: WebhookInfo[]): string[] => {
    const sfu = new ServiceUnderTest({ seed });
    sfu.calls.roomStarted(ROOM);
    for (const info of webhooks) sfu.service.webhookProcessed(info, 0);
    return sfu.told.map(({ json }) => (json as { id: string }).id);
  };

  test('is an event of its room, numbered with it', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    expect(sfu.during(() => sfu.service.webhookProcessed(webhook, 4_000))).toEqual([
      expect.objectContaining({
        kind: 'event',
        seq: 3,
        time: 4_000,
        json: eventJson(AT, { type: 'WEBHOOK', roomId: ROOM.sid, webhook: webhook.toJson() }),
      }),
    ]);
  });

  test('has an id of its own for each webhook and URL, that repeats', () => {
    const elsewhere = new WebhookInfo({ ...webhook, url: 'http://localhost/b' });
    const another = new WebhookInfo({ ...webhook, eventId: 'EV_2' });
    const ids = idsOf('one', webhook, elsewhere, another);
    expect(new Set(ids).size).toBe(5);
    expect(idsOf('one', webhook, elsewhere, another)).toEqual(ids);
    expect(idsOf('two', webhook)).not.toContain(ids[2]);
  });
});
