import { describe, expect, test } from 'vitest';
import { OPS } from '../../dist/src/cli/trace/ops.js';
import {
  ALICE,
  aliceInWebhook,
  byAlice,
  CAMERA,
  camera,
  EVERY_OP,
  EXPECTED,
  type Json,
  ofAlice,
  ROOM,
  SHORT_ALICE,
  traffic,
} from './every-op.js';
import { type ReplayOutput, readOutput, replayLines } from './run-cli.js';

/** A line of the output as `EXPECTED` has it: without what all messages have. */
function toldBy({ telemetry }: ReplayOutput): [second: number, name: unknown, rest: Json][] {
  return telemetry.map(({ t, type, event, webhook }) => {
    if (type === 'webhook') {
      const { id: _, event: name, createdAt, ...rest } = webhook!;
      expect(createdAt).toBe(String(Date.UTC(2026, 0, 1) / 1000 + t / 1000));
      return [t / 1000, name, rest];
    }
    const { id: _, type: name = 'ROOM_CREATED', timestamp, nodeId, ...rest } = event!;
    expect(nodeId).toBe('ND_replay');
    const isNow = timestamp === new Date(Date.UTC(2026, 0, 1) + t).toISOString().replace('.000Z', 'Z');
    return [t / 1000, name, isNow ? rest : { ...rest, timestamp }];
  });
}

/** Replays lines a second apart, without a word on standard error. */
async function replay(lines: readonly Json[]): Promise<ReplayOutput> {
  const { status, stdout, stderr } = await replayLines(lines.map((line, n) => ({ t: 1000 * n, ...line })));
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return readOutput(stdout);
}

/** What lines lead to, by name. */
async function namesOf(lines: readonly Json[]): Promise<unknown[]> {
  return toldBy(await replay(lines)).map(([second, name]) => `${second} ${name}`);
}

describe('every op of the trace format', () => {
  test('leads to its webhook and its event, the webhook first, and to nothing else', async () => {
    expect(new Set(EVERY_OP.map(({ op }) => op))).toEqual(new Set(Object.keys(OPS)));
    const output = await replay(EVERY_OP);
    expect(toldBy(output)).toEqual(EXPECTED);
    expect(output.nodeRooms).toEqual([
      {
        t: 28_000,
        type: 'node_rooms',
        nodeRooms: { nodeId: 'ND_1', sequenceNumber: '7', rooms: [{ id: 'RM_1' }] },
      },
    ]);
    expect(output.flushes.map(({ t, stats }) => [t, stats.length])).toEqual([
      [30_000, 1],
      [32_000, 2],
    ]);
  });

  test('is numbered in its room; what belongs to no room is numbered for itself', async () => {
    const { telemetry } = await replay(EVERY_OP);
    const ofNoRoom = telemetry.filter(({ event }) => event?.type === 'REPORT' || event?.type === 'API_CALL');
    expect(ofNoRoom.map(({ seq }) => seq)).toEqual([1, 2]);
    const ofRoom = telemetry.filter((line) => !ofNoRoom.includes(line));
    expect(ofRoom.map(({ seq }) => seq)).toEqual(ofRoom.map((_, n) => n + 1));
  });

  test('keeps its line: events before what the flush at the same time reports, rooms where they were told', async () => {
    const { stdout } = await replayLines([
      { t: 0, op: 'participant_active', ...byAlice },
      { t: 1, op: 'node_rooms', info: {} },
      { t: 1, op: 'track_muted', ...byAlice, ...camera },
      { t: 2, op: 'data', ...traffic },
      { t: 30_000, op: 'track_unmuted', ...byAlice, ...camera },
      { t: 30_000, op: 'data', ...traffic },
      { t: 30_000, op: 'flush' },
    ]);
    const lines = stdout.trimEnd().split('\n').slice(0, -1);
    const order = lines.map((line) => JSON.parse(line) as { t: number; type: string; event?: Json });
    expect(order.map(({ t, type, event }) => `${t} ${event?.type ?? type}`)).toEqual([
      '0 webhook',
      '0 PARTICIPANT_ACTIVE',
      '1 node_rooms',
      '1 TRACK_MUTED',
      '30000 stats',
      '30000 TRACK_UNMUTED',
      '30000 stats',
    ]);
  });
});

describe('sendEvent: false', () => {
  const silent = { sendEvent: false };
  test('silences webhook and event of its line', async () => {
    const tracks = Object.entries(OPS).filter(
      ([op, fields]) => op.startsWith('track_') && 'sendEvent' in fields,
    );
    expect(tracks).toHaveLength(10);
    const lines = tracks.map(([op]) => ({ op, ...byAlice, track: CAMERA, ...silent }));
    expect(await namesOf([{ op: 'participant_joined', ...byAlice, ...silent }, ...lines])).toEqual([]);
  });

  test('of a joined leaves the event to the next one, of a left the end of the session', async () => {
    expect(
      await namesOf([
        { op: 'participant_joined', ...byAlice, ref: 'signal', ...silent },
        { op: 'participant_joined', ...byAlice },
        { op: 'participant_left', ...byAlice, ref: 'signal', ...silent },
        { op: 'participant_left', ...byAlice },
      ]),
    ).toEqual([
      '1 PARTICIPANT_JOINED',
      '3 participant_connection_aborted',
      '3 PARTICIPANT_CONNECTION_ABORTED',
    ]);
  });

  test('never silences what its line says of room, participant or track, nor its effect', async () => {
    const output = await replay([
      { op: 'participant_joined', room: ROOM, participant: ALICE, ...silent },
      { op: 'track_published', ...byAlice, track: CAMERA, ...silent },
      { op: 'track_muted', ...byAlice, ...camera },
      { op: 'data', ...traffic },
      { op: 'participant_left', ...byAlice, ...silent },
      { op: 'flush' },
      { t: 300_000, op: 'data', ...traffic },
    ]);
    expect(toldBy(output)).toEqual([[2, 'TRACK_MUTED', { ...ofAlice, track: CAMERA }]]);
    expect(output.flushes[0]?.stats[0]).toMatchObject({ roomName: 'standup', participantId: 'PA_1' });
    // She left, and was forgotten meanwhile.
    expect(output.summary.dropped.unattributed?.UPSTREAM.messages).toBe(1);
  });
});

describe('somebody unknown', () => {
  test('is told of with what the line itself brings', async () => {
    const output = await replay([
      { op: 'track_published', room: ROOM, participant: ALICE, track: CAMERA },
      { op: 'track_published', ...byAlice, ...camera },
    ]);
    expect(toldBy(output)).toEqual([
      [0, 'track_published', { ...aliceInWebhook, track: CAMERA }],
      [0, 'TRACK_PUBLISHED', { ...ofAlice, track: CAMERA }],
      [1, 'track_published', { room: { sid: 'RM_1' }, participant: { sid: 'PA_1' }, track: { sid: 'TR_1' } }],
      [
        1,
        'TRACK_PUBLISHED',
        {
          roomId: 'RM_1',
          room: { sid: 'RM_1' },
          participantId: 'PA_1',
          participant: { sid: 'PA_1' },
          trackId: 'TR_1',
          track: { sid: 'TR_1' },
        },
      ],
    ]);
  });

  test('cannot leave, but a room nobody saw start can end', async () => {
    expect(
      await namesOf([
        { op: 'participant_left', ...byAlice },
        { op: 'room_ended', room: 'RM_1' },
      ]),
    ).toEqual(['1 room_finished', '1 ROOM_ENDED']);
  });
});

describe('names', () => {
  test('are the latest that any line brought, whatever it was about', async () => {
    const data = { op: 'data', direction: 'UPSTREAM', bytes: 1 };
    const output = await replay([
      { op: 'participant_active', room: ROOM, participant: ALICE },
      { ...data, room: { ...ROOM, name: 'renamed' }, participant: 'PA_1' },
      { op: 'track_muted', ...byAlice, ...camera },
      {
        ...data,
        op: 'signal',
        room: { ...ROOM, name: 'again' },
        participant: { ...ALICE, identity: 'alicia' },
      },
      { op: 'room_ended', room: 'RM_1' },
      { op: 'participant_left', ...byAlice },
    ]);
    const renamed = (name: string): Json => ({ ...ROOM, name });
    const alicia = { ...ALICE, identity: 'alicia' };
    const told = toldBy(output).slice(2);
    expect(told).toMatchObject([
      [2, 'TRACK_MUTED', { room: { name: 'renamed' }, participant: SHORT_ALICE }],
      [4, 'room_finished', { room: renamed('again') }],
      [4, 'ROOM_ENDED', { room: renamed('again') }],
      [5, 'participant_left', { room: renamed('again'), participant: alicia }],
      [5, 'PARTICIPANT_LEFT', { room: renamed('again'), participant: alicia }],
    ]);
    expect(output.flushes.flatMap(({ stats }) => stats.map(({ roomName }) => roomName))).toEqual([
      'again',
      'again',
    ]);
  });
});
