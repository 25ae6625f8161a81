import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { AnalyticsEvent, WebhookEvent } from '@livekit/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { MEETING, readOutput, runCli, type TelemetryLine } from './run-cli.js';

interface Who {
  readonly sid: string;
  readonly identity?: string;
}
interface TraceLine {
  readonly t: number;
  readonly op: string;
  readonly participant?: string | Who;
  readonly track?: string | Who;
}
interface Message {
  readonly id: string;
  readonly room: Who & { readonly name: string };
  readonly participant: Who;
  readonly track: Who;
}

/** What LIVEKIT's table says of the ops that a meeting has. */
const EVENTS: Readonly<Record<string, string>> = {
  // The first value of its enum, which JSON leaves out.
  room_started: '',
  room_ended: 'ROOM_ENDED',
  participant_joined: 'PARTICIPANT_JOINED',
  participant_active: 'PARTICIPANT_ACTIVE',
  participant_left: 'PARTICIPANT_LEFT',
  track_published: 'TRACK_PUBLISHED',
  track_unpublished: 'TRACK_UNPUBLISHED',
  track_subscribed: 'TRACK_SUBSCRIBED',
  track_unsubscribed: 'TRACK_UNSUBSCRIBED',
  track_muted: 'TRACK_MUTED',
  track_unmuted: 'TRACK_UNMUTED',
};
const WEBHOOKS: Readonly<Record<string, string>> = {
  room_started: 'room_started',
  room_ended: 'room_finished',
  participant_active: 'participant_joined',
  participant_left: 'participant_left',
  track_published: 'track_published',
  track_unpublished: 'track_unpublished',
};
const IDENTITIES: Readonly<Record<string, string>> = { PA_a: 'alice', PA_b: 'bob', PA_c: 'carol' };

let stdout: string;
let told: readonly TelemetryLine[];
beforeAll(async () => {
  const result = await runCli(['replay', MEETING, '--shards', '1']);
  expect(result).toMatchObject({ status: 0, stderr: '' });
  stdout = result.stdout;
  told = readOutput(stdout).telemetry;
});

const messageOf = ({ event, webhook }: TelemetryLine): Message => (event ?? webhook) as unknown as Message;
const nameOf = ({ event, webhook }: TelemetryLine): unknown => webhook?.event ?? event?.type ?? '';
const linesNamed = (name: string): TelemetryLine[] => told.filter((line) => nameOf(line) === name);
const sidOf = (ref: string | Who | undefined): string | undefined =>
  typeof ref === 'object' ? ref.sid : ref;

describe('events and webhooks of the meeting', () => {
  test('are those of its lines, each once, in their order, a webhook before its event', () => {
    const expected = readTrace().flatMap(({ t, op, participant, track }) => {
      const about = [sidOf(participant), sidOf(track)];
      const webhook = WEBHOOKS[op] === undefined ? [] : [[t, 'webhook', WEBHOOKS[op], ...about]];
      return EVENTS[op] === undefined ? webhook : [...webhook, [t, 'event', EVENTS[op], ...about]];
    });
    expect(expected).toHaveLength(26 + 55);
    const printed = told.map((line) => {
      const { participant, track } = messageOf(line);
      return [line.t, line.type, nameOf(line), participant?.sid, track?.sid];
    });
    expect(printed).toEqual(expected);
  });

  test('are numbered from 1 without a gap, and time never falls, among the stats neither', () => {
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
    const times = stdout
      .split('\n')
      .slice(0, -2)
      .map((line) => (JSON.parse(line) as { t: number }).t);
    expect(times.length).toBeGreaterThan(told.length);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('have an id each, and the time of their call', () => {
    const ids = told.map((line) => messageOf(line).id);
    expect(new Set(ids).size).toBe(told.length);
    for (const { t, event, webhook } of told) {
      const epochMs = Date.UTC(2026, 0, 1) + t;
      if (webhook === undefined) expect(Date.parse(String(event?.timestamp))).toBe(epochMs);
      else expect(webhook.createdAt).toBe(String(Math.floor(epochMs / 1000)));
    }
  });

  test('name the room, and people by sid and identity', () => {
    for (const line of told) {
      const { room, participant } = messageOf(line);
      expect(room).toEqual({ sid: 'RM_meeting7k2', name: 'meeting' });
      if (participant !== undefined) expect(participant.identity).toBe(IDENTITIES[participant.sid]);
    }
  });

  test('pair up: whoever joined left once, and what was published was unpublished', () => {
    const sids = (name: string, whose: 'participant' | 'track'): string[] =>
      linesNamed(name)
        .map((line) => messageOf(line)[whose].sid)
        .sort();
    const everybody = Object.keys(IDENTITIES);
    for (const name of ['PARTICIPANT_JOINED', 'participant_joined', 'participant_left', 'PARTICIPANT_LEFT']) {
      expect(sids(name, 'participant'), name).toEqual(everybody);
    }
    expect(linesNamed('PARTICIPANT_CONNECTION_ABORTED')).toEqual([]);
    const published = sids('track_published', 'track');
    expect(new Set(published).size).toBe(9);
    for (const name of ['track_unpublished', 'TRACK_PUBLISHED', 'TRACK_UNPUBLISHED']) {
      expect(sids(name, 'track'), name).toEqual(published);
    }
  });

  test('still name room, carol and her camera, which was unpublished after she had left', () => {
    const camera = { sid: 'TR_c_cam', type: 'VIDEO', source: 'CAMERA', mimeType: 'video/VP8' };
    const left = linesNamed('participant_left').find((line) => messageOf(line).participant.sid === 'PA_c');
    for (const name of ['track_unpublished', 'TRACK_UNPUBLISHED']) {
      const line = linesNamed(name).find((other) => messageOf(other).track.sid === camera.sid)!;
      expect(line.t).toBeGreaterThan(left!.t);
      expect(messageOf(line)).toMatchObject({
        room: { sid: 'RM_meeting7k2', name: 'meeting' },
        participant: { sid: 'PA_c', identity: 'carol' },
        track: camera,
      });
    }
  });

  test("are JSON as LiveKit's library writes it", () => {
    for (const { event, webhook } of told) {
      if (event !== undefined) expect(AnalyticsEvent.fromJson(event as never).toJson()).toEqual(event);
      else expect(WebhookEvent.fromJson(webhook as never).toJson()).toEqual(webhook);
    }
  });
});

describe('the output with events and webhooks', () => {
  test.each([
    ['2 shards', ['--shards', '2']],
    ['4 shards', ['--shards', '4']],
    ['1 shard and 30 stats workers killed', ['--shards', '1', '--faults', '30:5']],
    ['4 shards and 30 stats workers killed', ['--shards', '4', '--faults', '30:5']],
  ])('is the same to the byte with %s', async (_, flags) => {
    const again = await runCli(['replay', MEETING, ...flags]);
    expect(again.status).toBe(0);
    if (flags.includes('--faults')) expect(again.stderr).toBe('stats workers terminated: 30 (seed 5)\n');
    expect(again.stdout).toBe(stdout);
  });

  test('keeps its ids, numbers and names when it begins at another time, on another node', async () => {
    const flags = ['--start', '2027-05-06T07:08:09Z', '--node', 'ND_other'];
    const other = readOutput((await runCli(['replay', MEETING, ...flags])).stdout).telemetry;
    const withoutTime = (line: TelemetryLine): unknown => {
      const { timestamp, createdAt, nodeId, ...rest } = messageOf(line) as unknown as Record<string, unknown>;
      return { t: line.t, seq: line.seq, rest };
    };
    expect(other.map(withoutTime)).toEqual(told.map(withoutTime));
    expect(other[1]?.event).toMatchObject({ timestamp: '2027-05-06T07:08:09Z', nodeId: 'ND_other' });
  });
});

function readTrace(): TraceLine[] {
  const lines = gunzipSync(readFileSync(MEETING)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as TraceLine);
}
