import {
  AnalyticsNodeRooms,
  APICallInfo,
  EgressInfo,
  IngressInfo,
  ParticipantInfo,
  ReconnectReason,
  ReportInfo,
  Room,
  RTPStats,
  TrackInfo,
  VideoQuality,
} from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import type { TraceLine } from '../../../dist/src/cli/trace/parse-line.js';
import { FULL, full, OPS, PARTICIPANT, parse, ROOM, refusalOf, TRACK } from './full-lines.js';

/** The fields that TRACE.md requires of each op, beside `t` and `op`. */
function requiredOf(op: string): string[] {
  const has = Object.keys(FULL[op]!);
  const always = ['room', 'participant', 'direction', 'bytes', 'streams', 'info'];
  const needsTrack = op === 'rtp' || op.startsWith('track_');
  return [...always.filter((field) => has.includes(field)), ...(needsTrack ? ['track'] : [])];
}

describe('an op', () => {
  test.each(OPS)('%s is read with every field it has, and knows them all', (op) => {
    const { line, unknown } = parse(full(op));
    expect(unknown).toEqual([]);
    expect(line.t).toBe(5);
    expect(line.op).toBe(op);
    expect(Object.keys(line).sort()).toEqual(Object.keys(full(op)).sort());
  });

  test.each(OPS)('%s is read with its required fields alone', (op) => {
    const given = requiredOf(op).map((field) => [field, FULL[op]![field]]);
    expect(parse({ t: 0, op, ...Object.fromEntries(given) }).line.op).toBe(op);
  });

  test.each(OPS.flatMap((op) => requiredOf(op).map((field) => [op, field] as const)))(
    '%s is refused without %s, by name',
    (op, field) => {
      const { [field]: _, ...rest } = full(op);
      expect(refusalOf(rest)).toMatch(new RegExp(`^7: ${field}: .+, got nothing$`));
    },
  );

  test.each(OPS.flatMap((op) => Object.keys(FULL[op]!).map((field) => [op, field] as const)))(
    '%s is refused when %s is of the wrong type, by name',
    (op, field) => {
      // No field of any op takes null, and none takes both true and an array.
      expect(refusalOf({ ...full(op), [field]: null })).toMatch(new RegExp(`^7: ${field}: .+, got null$`));
      const wrong = typeof FULL[op]![field] === 'boolean' ? [] : true;
      expect(refusalOf({ ...full(op), [field]: wrong })).toMatch(new RegExp(`^7: ${field}: `));
    },
  );

  test('takes a room, participant, publisher and track by sid or as an object', () => {
    const bySid = { room: 'RM_1', participant: 'PA_1', track: 'TR_1', publisher: 'PA_2' };
    expect(parse({ t: 0, op: 'track_subscribed', ...bySid }).line).toMatchObject(bySid);
    const { line } = parse(full('track_subscribed'));
    if (line.op !== 'track_subscribed') throw new Error(line.op);
    expect(line.room).toEqual(new Room(ROOM));
    expect(line.participant).toEqual(new ParticipantInfo(PARTICIPANT));
    expect(line.publisher).toEqual(new ParticipantInfo(PARTICIPANT));
    expect(line.track).toEqual(new TrackInfo({ sid: 'TR_1', type: 0 }));
  });

  test('reads infos into the messages of the protocol', () => {
    const classes = {
      egress_started: EgressInfo,
      ingress_created: IngressInfo,
      report: ReportInfo,
      api_call: APICallInfo,
      node_rooms: AnalyticsNodeRooms,
    };
    for (const [op, type] of Object.entries(classes)) {
      expect(parse(full(op)).line).toMatchObject({ info: expect.any(type) });
    }
    expect(parse(full('track_publish_rtp_stats')).line).toMatchObject({
      stats: new RTPStats({ packets: 3, bytes: 4n }),
    });
  });

  test('fills in what TRACE.md says is meant by an absent field', () => {
    const minimal = (op: string): TraceLine =>
      parse({
        t: 0,
        op,
        ...Object.fromEntries(requiredOf(op).map((field) => [field, FULL[op]![field]])),
      }).line;
    expect(minimal('participant_joined')).toMatchObject({ sendEvent: true, ref: 'media' });
    expect(minimal('participant_active')).toMatchObject({ ref: 'media' });
    expect(minimal('participant_left')).toMatchObject({ sendEvent: true, ref: 'media' });
    expect(minimal('track_unpublished')).toMatchObject({ sendEvent: true, wasPublishedLocally: true });
    expect(minimal('data')).toMatchObject({ messages: 1 });
    expect(minimal('data')).not.toHaveProperty('track');
    expect(minimal('rtp')).toMatchObject({ counters: 'cumulative' });
    expect(minimal('rtp')).not.toHaveProperty('score');
  });

  test('gives directions and enums as the API has them', () => {
    expect(parse(full('data')).line).toMatchObject({ direction: 0 });
    expect(parse(full('rtp')).line).toMatchObject({ direction: 1 });
    expect(parse(full('participant_resumed')).line).toMatchObject({
      reason: ReconnectReason.RR_SWITCH_CANDIDATE,
    });
    expect(parse(full('track_max_subscribed_video_quality')).line).toMatchObject({
      quality: VideoQuality.HIGH,
    });
    expect(parse({ ...full('participant_resumed'), reason: 2 }).line).toMatchObject({ reason: 2 });
  });
});

describe('a line', () => {
  test.each([
    ['', '7: line: one JSON object, got ""'],
    ['{"t":0,"op":"flush"', '7: line: one JSON object, got "{\\"t\\":0,\\"op\\":\\"flush\\""'],
    ['[]', '7: line: one JSON object, got an array'],
    ['null', '7: line: one JSON object, got null'],
    ['"flush"', '7: line: one JSON object, got "flush"'],
    ['{"op":"flush"}', '7: t: whole milliseconds since the trace began, got nothing'],
    ['{"t":0}', '7: op: an op of the trace format, got nothing'],
    ['{"t":0,"op":"bogus"}', '7: op: an op of the trace format, got "bogus"'],
    ['{"t":0,"op":"constructor"}', '7: op: an op of the trace format, got "constructor"'],
    ['{"t":0,"op":7}', '7: op: an op of the trace format, got 7'],
  ])('%j is refused by name', (text, message) => {
    expect(refusalOf(text)).toBe(message);
  });

  test.each([[-1], [0.5], ['0'], [null], [2 ** 53], [true]])('is refused with t = %j', (t) => {
    expect(refusalOf({ t, op: 'flush' })).toMatch(/^7: t: whole milliseconds since the trace began, got /);
  });

  test('shows no more of a long value than a message has room for', () => {
    const message = refusalOf({ t: 0, op: 'x'.repeat(10_000) });
    expect(message).toBe(`7: op: an op of the trace format, got "${'x'.repeat(80)}…"`);
  });

  test('shows nothing a terminal would take for more than text, in names neither, and no more of them either', () => {
    const room = { ...ROOM, name: '\u009b2J\u202e\u{e0041}' };
    expect(refusalOf({ ...full('data'), room, messages: room.name })).toBe(
      '7: messages: a whole number, not negative, got "\\u009b2J\\u202e\\udb40\\udc41"',
    );
    const attributes = { [`\u001b[2J${'x'.repeat(10_000)}`]: 7 };
    const message = refusalOf({ ...full('data'), participant: { ...PARTICIPANT, attributes } });
    expect(message).toMatch(/^7: participant\.attributes\.\\u001b\[2Jx{200,240}…: a string, got 7$/);
  });

  test('may have spaces around it, as a carriage return', () => {
    expect(parse('  {"t": 0, "op": "flush"} \r').line).toEqual({ t: 0, op: 'flush' });
  });
});

describe('an unknown field', () => {
  test('is named and left out, in the line, in a stream, in a layer and in a message', () => {
    const streams = [{ ssrc: 1, inStream: 1, videoLayers: [{ layer: 0, inLayer: 1 }] }];
    const room = { sid: 'RM_1', inRoom: 1, version: { inVersion: 1 }, enabledCodecs: [{ inCodec: 1 }] };
    const { line, unknown } = parse({ ...full('rtp'), inLine: 1, room, streams });
    expect(unknown.sort()).toEqual(['inCodec', 'inLayer', 'inLine', 'inRoom', 'inStream', 'inVersion']);
    expect(line).not.toHaveProperty('inLine');
    if (line.op !== 'rtp') throw new Error(line.op);
    expect(line.streams).toEqual([{ ssrc: 1, layers: [{ layer: 0 }] }]);
  });

  test('may be called like something every object has', () => {
    const text =
      '{"t":0,"op":"room_started","__proto__":1,"room":{"sid":"RM_1","constructor":{},"__proto__":[]}}';
    const { line, unknown } = parse(text);
    expect(unknown.sort()).toEqual(['__proto__', '__proto__', 'constructor']);
    expect(line).toEqual({ t: 0, op: 'room_started', room: new Room({ sid: 'RM_1' }) });
  });

  test('includes fields of other ops', () => {
    expect(parse({ t: 0, op: 'flush', room: 'RM_1' }).unknown).toEqual(['room']);
    expect(parse({ ...full('data'), score: 1 }).unknown).toEqual(['score']);
  });
});

describe('a sid', () => {
  test.each([
    [{ room: '' }, '7: room: a sid that is not empty, got ""'],
    [{ room: { name: 'r' } }, '7: room.sid: a sid that is not empty, got nothing'],
    [{ participant: '' }, '7: participant: a sid that is not empty, got ""'],
    [{ participant: { sid: '' } }, '7: participant.sid: a sid that is not empty, got ""'],
    [{ track: TRACK }, '7: track: a string, got an object'],
  ])('is refused in %j', (change, message) => {
    expect(refusalOf({ ...full('rtp'), ...change })).toBe(message);
  });

  test('of a track may be empty or missing', () => {
    expect(parse({ ...full('rtp'), track: '' }).line).toMatchObject({ track: '' });
    expect(parse({ ...full('track_published'), track: '' }).line).toMatchObject({ track: '' });
    const { line } = parse({ ...full('track_publish_requested'), track: { name: 'mic' } });
    expect(line).toMatchObject({ track: { sid: '', name: 'mic' } });
  });
});

describe('a message', () => {
  test.each([
    [{ room: { sid: 7 } }, '7: room.sid: a string, got 7'],
    [
      { room: { ...ROOM, maxParticipants: -1 } },
      '7: room.maxParticipants: a whole number from 0 to 4294967295, got -1',
    ],
    [{ room: { ...ROOM, creationTime: 0.5 } }, '7: room.creationTime: a whole number of 64 bits, got 0.5'],
    [{ room: { ...ROOM, activeRecording: 'yes' } }, '7: room.activeRecording: true or false, got "yes"'],
    [{ room: { ...ROOM, enabledCodecs: {} } }, '7: room.enabledCodecs: an array, got an object'],
    [
      { room: { ...ROOM, enabledCodecs: [{}, { mime: 1 }] } },
      '7: room.enabledCodecs[1].mime: a string, got 1',
    ],
    [{ room: { ...ROOM, version: 1 } }, '7: room.version: a valid livekit.TimedVersion, got 1'],
    [
      { participant: { ...PARTICIPANT, state: 'BUSY' } },
      /^7: participant\.state: JOINING or JOINED or .+, got "BUSY"$/,
    ],
    [{ participant: { ...PARTICIPANT, state: 1.5 } }, /^7: participant\.state: JOINING or .+, got 1\.5$/],
    [
      { participant: { ...PARTICIPANT, attributes: { a: 1 } } },
      '7: participant.attributes.a: a string, got 1',
    ],
    [{ participant: { ...PARTICIPANT, attributes: 1 } }, '7: participant.attributes: an object, got 1'],
    [
      { participant: { ...PARTICIPANT, tracks: [{ layers: [{ quality: 'ULTRA' }] }] } },
      /^7: participant\.tracks\[0\]\.layers\[0\]\.quality: LOW or MEDIUM or HIGH or OFF, got "ULTRA"$/,
    ],
  ])('is refused with the path to the field: %j', (change, message) => {
    expect(refusalOf({ ...full('rtp'), ...change })).toMatch(
      typeof message === 'string' ? new RegExp(`^${message.replace(/[.[\]]/g, '\\$&')}$`) : message,
    );
  });

  test('takes what the JSON form of protobuf takes: null for absent, names of the .proto, numbers of enums', () => {
    const room = { sid: 'RM_1', name: null, num_participants: 3, creationTime: '12' };
    const { line, unknown } = parse({ t: 0, op: 'room_started', room });
    expect(unknown).toEqual([]);
    expect(line).toMatchObject({ room: new Room({ sid: 'RM_1', numParticipants: 3, creationTime: 12n }) });
    const participant = { ...PARTICIPANT, state: 2, kind: 99 };
    expect(parse({ ...full('rtp'), participant }).unknown).toEqual([]);
  });
});
