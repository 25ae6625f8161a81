import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMeeting, type Meeting } from '../../../dist/src/cli/demo/meeting.js';
import { type RoomCounts, RoomPlayer } from '../../../dist/src/cli/demo/room-player.js';
import { Traffic } from '../../../dist/src/cli/demo/traffic.js';
import { StatsEngine } from '../../../dist/src/index.js';

let meeting: Meeting;
let engine: StatsEngine;
let counts: RoomCounts;

beforeEach(async () => {
  meeting = await loadMeeting();
  engine = await StatsEngine.start({ shards: 1, clock: { virtualStartMs: 0 }, reportIntervalMs: 30_000 });
  counts = {
    traffic: new Traffic(),
    opened: { audio: [0, 0], video: [0, 0], data: 0, signal: 0 },
    openRooms: 0,
    openTracks: 0,
  };
});
afterEach(() => engine.close());

/** Plays rooms side by side in virtual time, until a moment of the meeting. */
async function play(rooms: readonly RoomPlayer[], untilMs = Number.POSITIVE_INFINITY): Promise<void> {
  for (;;) {
    const nextMs = Math.min(...rooms.map((room) => room.nextAtMs));
    if (nextMs > untilMs || nextMs === Number.POSITIVE_INFINITY) return;
    await engine.advanceTo(nextMs);
    for (const room of rooms) while (room.nextAtMs <= nextMs) room.step();
  }
}

describe('the recorded meeting', () => {
  test('is three people, nine media tracks up and down each way, in order of time', () => {
    expect(meeting.participants.map(({ identity }) => identity)).toEqual(['alice', 'bob', 'carol']);
    const kinds = meeting.tracks.map(({ kind, direction }) => `${kind} ${direction}`);
    const count = (kind: string): number => kinds.filter((one) => one === kind).length;
    expect(['audio 0', 'video 0', 'audio 1', 'video 1'].map(count)).toEqual([3, 3, 6, 6]);
    const times = meeting.steps.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(meeting.durationMs).toBe(150_156);
  });
});

describe('a room player', () => {
  test('plays what the engine records and reports, to the last byte, and leaves nothing open', async () => {
    const rooms = ['_1', '_2'].map((suffix) => new RoomPlayer(meeting, engine, counts, suffix));
    await play(rooms);
    await engine.flush();
    const audit = await engine.audit();
    expect(audit.balanced).toBe(true);
    expect(audit.recorded).toEqual({ ...counts.traffic });
    expect(audit.reported).toEqual(audit.recorded);
    expect(counts.traffic.UPSTREAM).toEqual({
      samples: 2 * 1_301,
      messages: 2 * 508,
      packets: 2 * 55_480,
      bytes: 2 * 32_610_982,
    });
    expect(rooms.map(({ isOver }) => isOver)).toEqual([true, true]);
    expect(counts).toMatchObject({
      opened: { audio: [6, 12], video: [6, 12], data: 6, signal: 6 },
      openRooms: 0,
      openTracks: 0,
    });
  });

  test('gives each room names of its own', async () => {
    const named = new Set<string>();
    engine.onSnapshot(({ stats }) => {
      for (const { roomId, roomName, participantId, trackId } of stats) {
        named.add(roomId).add(roomName).add(participantId).add(trackId);
      }
    });
    await play([new RoomPlayer(meeting, engine, counts, '_9')]);
    await engine.flush();
    expect(named).toContain('RM_meeting7k2_9');
    expect(named).toContain('TR_a_mic_9');
    expect(named).toContain('TR_DTPA_a_9');
    for (const name of named) expect(name).toMatch(/_9$/);
  });

  test('closes recorders when a track or a participant goes', async () => {
    const room = new RoomPlayer(meeting, engine, counts, '');
    await play([room], 100_000);
    expect(counts.openTracks).toBe(30);
    // Bob's camera goes at 110 s: one track up, two down. Carol leaves at 125 s: her tracks, those she receives.
    await play([room], 111_000);
    expect(counts.openTracks).toBe(27);
    await play([room], 126_000);
    expect(counts.openTracks).toBe(16);
    expect(counts.openRooms).toBe(1);
  });

  test('ends where it stands when it is told to', async () => {
    const room = new RoomPlayer(meeting, engine, counts, '');
    await play([room], 60_000);
    room.end();
    room.end();
    expect(counts).toMatchObject({ openRooms: 0, openTracks: 0 });
    expect(room.isOver).toBe(true);
    await engine.flush();
    expect(engine.status().participants).toBe(0);
    const audit = await engine.audit();
    expect(audit.reported).toEqual({ ...counts.traffic });
  });
});
