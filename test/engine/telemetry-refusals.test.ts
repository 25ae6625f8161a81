import { Room } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../dist/src/engine/encode-message.js';
import { ErrorCode, SfuStatsError } from '../../dist/src/index.js';
import type { TelemetryCall } from '../../dist/src/memory/frames.js';
import { DirectCalls, type MakeCalls, sentBy } from '../helpers/telemetry.js';

const WHO = { room: 'RM', participant: 'PA' };
const TRACK = { ...WHO, track: 'TR' };

/** Something of no type that a call takes, as plain JavaScript may bring it. */
function wrong(value: unknown): never {
  return value as never;
}

/** The error that calls are refused with; nothing may have been sent. */
function refusalOf(make: MakeCalls): SfuStatsError {
  const sent: TelemetryCall[] = [];
  try {
    make(new DirectCalls((call) => sent.push(call)));
  } catch (error) {
    expect(sent).toEqual([]);
    if (error instanceof SfuStatsError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a call of the wrong shape is refused by field, rule and value', () => {
  const long = 'x'.repeat(1_025);
  const cases: readonly [field: string, rule: string, value: string | undefined, make: MakeCalls][] = [
    ['room', 'a sid or an object with a sid', 'undefined', (c) => c.roomStarted(wrong(undefined))],
    ['room', 'a sid or an object with a sid', 'null', (c) => c.roomStarted(wrong(null))],
    ['room', 'a sid or an object with a sid', '7', (c) => c.roomEnded(wrong(7))],
    ['room.sid', 'a string', 'undefined', (c) => c.roomStarted(wrong({ name: 'standup' }))],
    ['room.name', 'a string', '5', (c) => c.roomStarted(wrong({ sid: 'RM', name: 5 }))],
    ['room', 'at most 1024 characters long', `"${'x'.repeat(79)}…`, (c) => c.roomStarted(long)],
    [
      'room.name',
      'at most 1024 characters long',
      `"${'x'.repeat(79)}…`,
      (c) => c.roomStarted({ sid: '', name: long }),
    ],
    ['room', 'a livekit.Room', 'an object', (c) => c.roomStarted(wrong({ sid: 'RM', numParticipants: -1 }))],
    [
      'participant',
      'a sid or an object with a sid',
      'undefined',
      (c) => c.participantJoined(wrong({ room: 'RM' })),
    ],
    ['participant.sid', 'a string', '9', (c) => c.updateParticipant('RM', wrong({ sid: 9 }))],
    [
      'participant.identity',
      'at most 1024 characters long',
      `"${'x'.repeat(79)}…`,
      (c) => c.participantLeft({ room: 'RM', participant: { sid: 'PA', identity: long } }),
    ],
    ['publisher.sid', 'a string', '9', (c) => c.trackSubscribed({ ...TRACK, publisher: wrong({ sid: 9 }) })],
    [
      'publisher.identity',
      'at most 1024 characters long',
      `"${'x'.repeat(79)}…`,
      (c) => c.trackSubscribed({ ...TRACK, publisher: { sid: 'PA', identity: long } }),
    ],
    ['track', 'a sid or an object with a sid', 'null', (c) => c.trackMuted({ ...WHO, track: wrong(null) })],
    [
      'track',
      'a livekit.TrackInfo',
      'an object',
      (c) => c.trackMuted({ ...WHO, track: wrong({ sid: '', width: 1.5 }) }),
    ],
    [
      'ref',
      'a string of at most 1024 characters',
      '1',
      (c) => c.participantJoined({ ...WHO, ref: wrong(1) }),
    ],
    [
      'ref',
      'a string of at most 1024 characters',
      `"${'x'.repeat(79)}…`,
      (c) => c.participantLeft({ ...WHO, ref: long }),
    ],
    [
      'node',
      'a string of at most 1024 characters',
      'null',
      (c) => c.participantResumed({ ...WHO, node: wrong(null) }),
    ],
    [
      'reason',
      'a whole number of 32 bits',
      '"RR_UNKNOWN"',
      (c) => c.participantResumed({ ...WHO, reason: wrong('RR_UNKNOWN') }),
    ],
    [
      'error',
      'a string of at most 1024 characters',
      'an object',
      (c) => c.trackSubscribeFailed({ ...TRACK, error: wrong(new Error('no')) }),
    ],
    [
      'mimeType',
      'a string of at most 1024 characters',
      '0',
      (c) => c.trackPublishRtpStats({ ...TRACK, mimeType: wrong(0) }),
    ],
    [
      'quality',
      'a whole number of 32 bits',
      '"HIGH"',
      (c) => c.trackMaxSubscribedVideoQuality({ ...TRACK, quality: wrong('HIGH') }),
    ],
    [
      'quality',
      'a whole number of 32 bits',
      'NaN',
      (c) => c.trackMaxSubscribedVideoQuality({ ...TRACK, quality: NaN }),
    ],
    [
      'layer',
      'a whole number of 32 bits',
      '2147483648',
      (c) => c.trackSubscribeRtpStats({ ...TRACK, layer: 2 ** 31 }),
    ],
    ['layer', 'a whole number of 32 bits', '0.5', (c) => c.trackPublishRtpStats({ ...TRACK, layer: 0.5 })],
    [
      'stats',
      'a livekit.RTPStats',
      '"many"',
      (c) => c.trackPublishRtpStats({ ...TRACK, stats: wrong('many') }),
    ],
    ['client', 'a livekit.ClientInfo', '1', (c) => c.participantJoined({ ...WHO, client: wrong(1) })],
    [
      'clientMeta',
      'a livekit.AnalyticsClientMeta',
      'null',
      (c) => c.participantActive({ ...WHO, clientMeta: wrong(null) }),
    ],
    ['info', 'a livekit.EgressInfo', 'undefined', (c) => c.egressEnded(wrong(undefined))],
  ];

  test.each(cases)('%s must be %s, got %s', (field, rule, value, make) => {
    const error = refusalOf(make);
    expect(error).toMatchObject({ code: ErrorCode.INVALID_ARGUMENT, field, rule, value });
    expect(error.message).toContain(`${field} must be ${rule}`);
    if (value !== undefined) expect(error.message).toContain(value);
  });

  test('what protobuf says of it is kept as the cause', () => {
    const error = refusalOf((c) => c.roomStarted(wrong({ sid: 'RM', numParticipants: -1 })));
    expect(error.cause).toEqual(new Error('invalid uint 32: -1'));
    expect(error.message).toContain('invalid uint 32: -1');
  });
});

describe('the size of a message', () => {
  /** A room of so many bytes of protobuf. */
  function roomOf(bytes: number): { sid: string; metadata: string } {
    const empty = new Room({ sid: 'RM', metadata: 'x'.repeat(bytes - 100) }).toBinary().length;
    return { sid: 'RM', metadata: 'x'.repeat(bytes - 100 + bytes - empty) };
  }

  test('is at most 65,536 bytes', () => {
    expect(MAX_MESSAGE_BYTES).toBe(65_536);
    const [sent] = sentBy((calls) => calls.roomStarted(roomOf(65_536)));
    expect(sent).toHaveProperty('room.message.length', 65_536);
  });

  test('beyond that is refused by field, rule and value, and nothing is sent', () => {
    expect(refusalOf((calls) => calls.roomStarted(roomOf(65_537)))).toMatchObject({
      code: ErrorCode.INVALID_ARGUMENT,
      field: 'room',
      rule: 'at most 65536 bytes of protobuf',
      value: '65537',
      message: 'room must be at most 65536 bytes of protobuf, got 65537',
    });
    for (const [field, make] of [
      ['participant', (c) => c.updateParticipant('RM', { sid: 'PA', metadata: 'x'.repeat(70_000) })],
      [
        'publisher',
        (c) => c.trackSubscribed({ ...TRACK, publisher: { sid: 'PA', name: 'x'.repeat(70_000) } }),
      ],
      ['track', (c) => c.trackMuted({ ...WHO, track: { sid: 'TR', name: 'x'.repeat(70_000) } })],
      ['info', (c) => c.egressStarted({ error: 'x'.repeat(70_000) })],
    ] as [string, MakeCalls][]) {
      expect(refusalOf(make)).toMatchObject({ field, rule: 'at most 65536 bytes of protobuf' });
    }
  });
});
