import {
  AnalyticsClientMeta,
  ClientInfo,
  EgressInfo,
  ParticipantInfo,
  Room,
  RTPStats,
  TrackInfo,
  VideoQuality,
} from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { waitsForRoom } from '../../dist/src/memory/frames.js';
import { DirectCalls, type MakeCalls, sentBy } from '../helpers/telemetry.js';

const ROOM = { sid: 'RM', name: 'standup', metadata: 'x' };
const ALICE = { sid: 'PA', identity: 'alice', name: 'Alice' };
const WHO = { room: 'RM', participant: 'PA' };
const NAMED = { room: { sid: 'RM' }, participant: { sid: 'PA' } };
const TRACK = { ...WHO, track: 'TR' };
const TRACK_SENT = { ...NAMED, track: { sid: 'TR' }, sendEvent: true };

describe('what a call names', () => {
  test('by sid is sent as that sid', () => {
    expect(sentBy((calls) => calls.trackMuted(TRACK))).toEqual([{ call: 'trackMuted', ...TRACK_SENT }]);
  });

  test('as an object is sent with its name, and whole', () => {
    const track = { sid: 'TR', name: 'camera' };
    expect(sentBy((calls) => calls.trackMuted({ room: ROOM, participant: ALICE, track }))).toEqual([
      {
        call: 'trackMuted',
        room: { sid: 'RM', name: 'standup', message: new Room(ROOM).toBinary() },
        participant: { sid: 'PA', identity: 'alice', message: new ParticipantInfo(ALICE).toBinary() },
        track: { sid: 'TR', message: new TrackInfo(track).toBinary() },
        sendEvent: true,
      },
    ]);
  });

  test('as livekit’s own message is the same as its fields', () => {
    const asFields = sentBy((calls) => calls.participantJoined({ room: ROOM, participant: ALICE }));
    const asMessages = sentBy((calls) =>
      calls.participantJoined({ room: new Room(ROOM), participant: new ParticipantInfo(ALICE) }),
    );
    expect(asMessages).toEqual(asFields);
  });

  test('is copied: what the caller changes later was not said', () => {
    const room = new Room(ROOM);
    const [sent] = sentBy((calls) => {
      calls.roomStarted(room);
      room.name = 'changed';
    });
    expect(sent).toEqual({
      call: 'roomStarted',
      room: { sid: 'RM', name: 'standup', message: new Room(ROOM).toBinary() },
    });
  });
});

describe('calls', () => {
  const client = { version: '1' };
  const clientMeta = { region: 'eu' };
  const stats = { packets: 1 };
  const cases: readonly { readonly make: MakeCalls; readonly sent: object; readonly waits: boolean }[] = [
    { make: (c) => c.roomStarted('RM'), sent: { call: 'roomStarted', room: { sid: 'RM' } }, waits: true },
    { make: (c) => c.roomEnded('RM'), sent: { call: 'roomEnded', room: { sid: 'RM' } }, waits: true },
    { make: (c) => c.updateRoom('RM'), sent: { call: 'roomUpdated', room: { sid: 'RM' } }, waits: true },
    {
      make: (c) => c.updateParticipant('RM', 'PA'),
      sent: { call: 'participantUpdated', ...NAMED },
      waits: true,
    },
    {
      make: (c) => c.participantJoined(WHO),
      sent: { call: 'participantJoined', ...NAMED, ref: 'media', sendEvent: true },
      waits: true,
    },
    {
      make: (c) => c.participantJoined({ ...WHO, ref: 'signal', sendEvent: false, client, clientMeta }),
      sent: {
        call: 'participantJoined',
        ...NAMED,
        ref: 'signal',
        sendEvent: false,
        client: new ClientInfo(client).toBinary(),
        clientMeta: new AnalyticsClientMeta(clientMeta).toBinary(),
      },
      waits: true,
    },
    {
      make: (c) => c.participantActive(WHO),
      sent: { call: 'participantActive', ...NAMED, ref: 'media', isMigration: false, isWarp: false },
      waits: true,
    },
    {
      make: (c) => c.participantActive({ ...WHO, ref: 's', isMigration: true, isWarp: true, clientMeta }),
      sent: {
        call: 'participantActive',
        ...NAMED,
        ref: 's',
        isMigration: true,
        isWarp: true,
        clientMeta: new AnalyticsClientMeta(clientMeta).toBinary(),
      },
      waits: true,
    },
    {
      make: (c) => c.participantResumed(WHO),
      sent: { call: 'participantResumed', ...NAMED },
      waits: true,
    },
    {
      make: (c) => c.participantResumed({ ...WHO, node: 'ND', reason: 2 }),
      sent: { call: 'participantResumed', ...NAMED, node: 'ND', reason: 2 },
      waits: true,
    },
    {
      make: (c) => c.participantLeft(WHO),
      sent: { call: 'participantLeft', ...NAMED, ref: 'media', sendEvent: true },
      waits: true,
    },
    {
      make: (c) => c.participantLeft({ ...WHO, ref: 'signal', sendEvent: false }),
      sent: { call: 'participantLeft', ...NAMED, ref: 'signal', sendEvent: false },
      waits: true,
    },
    ...(['trackPublished', 'trackSubscribed', 'trackUnsubscribed'] as const).map((call) => ({
      make: (c: DirectCalls) => c[call](TRACK),
      sent: { call, ...TRACK_SENT },
      waits: true,
    })),
    {
      make: (c) => c.trackUnpublished(TRACK),
      sent: { call: 'trackUnpublished', ...TRACK_SENT, wasPublishedLocally: true },
      waits: true,
    },
    {
      make: (c) => c.trackUnpublished({ ...TRACK, wasPublishedLocally: false, sendEvent: false }),
      sent: { call: 'trackUnpublished', ...TRACK_SENT, wasPublishedLocally: false, sendEvent: false },
      waits: true,
    },
    {
      make: (c) => c.trackSubscribed({ ...TRACK, publisher: 'PA_2' }),
      sent: { call: 'trackSubscribed', ...TRACK_SENT, publisher: { sid: 'PA_2' } },
      waits: true,
    },
    ...(
      [
        'trackPublishRequested',
        'trackPublishedUpdate',
        'trackMuted',
        'trackUnmuted',
        'trackSubscribeRequested',
      ] as const
    ).map((call) => ({
      make: (c: DirectCalls) => c[call](TRACK),
      sent: { call, ...TRACK_SENT },
      waits: false,
    })),
    {
      make: (c) => c.trackSubscribeFailed({ ...TRACK, error: 'gone', isUserError: true }),
      sent: { call: 'trackSubscribeFailed', ...TRACK_SENT, error: 'gone', isUserError: true },
      waits: false,
    },
    {
      make: (c) => c.trackSubscribeFailed(TRACK),
      sent: { call: 'trackSubscribeFailed', ...TRACK_SENT, error: '', isUserError: false },
      waits: false,
    },
    {
      make: (c) =>
        c.trackMaxSubscribedVideoQuality({ ...TRACK, mimeType: 'video/VP8', quality: VideoQuality.OFF }),
      sent: {
        call: 'trackMaxSubscribedVideoQuality',
        ...TRACK_SENT,
        mimeType: 'video/VP8',
        quality: VideoQuality.OFF,
      },
      waits: false,
    },
    ...(['trackPublishRtpStats', 'trackSubscribeRtpStats'] as const).map((call) => ({
      make: (c: DirectCalls) => c[call]({ ...TRACK, mimeType: 'video/VP8', layer: -1, stats }),
      sent: {
        call,
        ...TRACK_SENT,
        mimeType: 'video/VP8',
        layer: -1,
        stats: new RTPStats(stats).toBinary(),
      },
      waits: false,
    })),
    ...(['egressStarted', 'egressUpdated', 'egressEnded'] as const).map((call) => ({
      make: (c: DirectCalls) => c[call]({ egressId: 'EG' }),
      sent: { call, info: new EgressInfo({ egressId: 'EG' }).toBinary() },
      waits: false,
    })),
    { make: (c) => c.dataStream(7), sent: { call: 'dataStream', bytes: 7 }, waits: false },
    ...(
      [
        'ingressCreated',
        'ingressDeleted',
        'ingressStarted',
        'ingressUpdated',
        'ingressEnded',
        'report',
        'apiCall',
        'nodeRooms',
      ] as const
    ).map((call) => ({
      make: (c: DirectCalls) => c[call]({}),
      sent: { call, info: new Uint8Array() },
      waits: false,
    })),
  ];

  test.each(cases)('$sent.call (waits for room: $waits)', ({ make, sent, waits }) => {
    expect(sentBy(make)).toEqual([sent]);
    expect(waitsForRoom(sentBy(make)[0]!)).toBe(waits);
  });

  test('are all of them in the list above', () => {
    const { constructor: _, send: __, ...methods } = methodsOf(DirectCalls.prototype);
    const renamed = new Map([
      ['updateRoom', 'roomUpdated'],
      ['updateParticipant', 'participantUpdated'],
    ]);
    const calls = Object.keys(methods).map((name) => renamed.get(name) ?? name);
    const listed = new Set(cases.map(({ sent }) => (sent as { call: string }).call));
    expect([...listed].sort()).toEqual(calls.sort());
  });
});

/** Methods of a class and those it extends, by name. */
function methodsOf(prototype: object): Record<string, unknown> {
  const base = Object.getPrototypeOf(prototype);
  const own = Object.getOwnPropertyDescriptors(prototype);
  return base === Object.prototype ? own : { ...methodsOf(base), ...own };
}
