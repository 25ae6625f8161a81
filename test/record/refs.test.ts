import { describe, expect, test } from 'vitest';
import { SAID_BEFORE } from '../../dist/src/memory/frames.js';
import { MAX_NAME_LENGTH, participantName, roomName, trackSid } from '../../dist/src/record/refs.js';
import { RecordingBench } from '../helpers/recording.js';

const tooLong = 'x'.repeat(MAX_NAME_LENGTH + 1);

describe('a room, participant or track', () => {
  test('can be named by its sid alone', () => {
    expect(roomName('RM_1')).toEqual({ sid: 'RM_1' });
    expect(participantName('PA_1')).toEqual({ sid: 'PA_1' });
    expect(trackSid('TR_1')).toBe('TR_1');
  });

  test('can be an object, of which sid, name and identity count', () => {
    expect(roomName({ sid: 'RM_1', name: 'a room' })).toEqual({ sid: 'RM_1', name: 'a room' });
    expect(roomName({ sid: 'RM_1' })).toEqual({ sid: 'RM_1' });
    expect(participantName({ sid: 'PA_1', identity: 'me' })).toEqual({ sid: 'PA_1', identity: 'me' });
    const withMore = { sid: 'TR_1', muted: true };
    expect(trackSid(withMore)).toBe('TR_1');
  });

  test('can have any text as its sid, the empty one too', () => {
    for (const sid of ['', '✓ 🎥', 'a b', 'x'.repeat(MAX_NAME_LENGTH)]) {
      expect(roomName(sid)).toEqual({ sid });
    }
  });

  test.each([
    ['room', () => roomName(5 as never)],
    ['room', () => roomName(null as never)],
    ['room', () => roomName(tooLong)],
    ['room.sid', () => roomName({} as never)],
    ['room.sid', () => roomName({ sid: 7 as never })],
    ['room.name', () => roomName({ sid: 'RM_1', name: 7 as never })],
    ['room.name', () => roomName({ sid: 'RM_1', name: tooLong })],
    ['participant', () => participantName(undefined as never)],
    ['participant.sid', () => participantName({ sid: tooLong })],
    ['participant.identity', () => participantName({ sid: 'PA_1', identity: {} as never })],
    ['track', () => trackSid(Symbol('TR_1') as never)],
    ['track.sid', () => trackSid({ sid: null as never })],
  ])('is refused by name where it is none: %s', (field, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'SFU_STATS_INVALID_ARGUMENT', field }));
  });
});

describe('opening a recorder for a bad name', () => {
  test('takes no slot, follows nobody and tells the timer thread nothing', () => {
    const bench = new RecordingBench();
    const bad = 7 as never;
    expect(() => bench.openTrack({ room: bad })).toThrow();
    expect(() => bench.openTrack({ participant: bad })).toThrow();
    expect(() => bench.openTrack({ track: bad })).toThrow();
    expect(() => bench.openData({ participant: bad })).toThrow();
    expect(() => bench.openData({ track: bad })).toThrow();
    expect(bench.thread.slots.inUse).toBe(0);
    expect(bench.directory.following).toBe(0);
    expect(bench.readEvents()).toEqual([]);
  });
});

describe('the owners of slots', () => {
  test('can be told to a timer thread that starts anew: those in use, with their generation', () => {
    const bench = new RecordingBench({ laneSlots: 4 });
    const signal = bench.openSignal();
    bench.openTrack({ track: 'TR_1' }).close();
    bench.thread.publishAll();
    const track = bench.openTrack({ track: 'TR_2' });
    const told = bench.readEvents();
    const [, repeated] = told;
    expect(bench.thread.slotFrames()).toEqual([[...repeated!, SAID_BEFORE]]);
    signal.resolve({ room: 'RM_1', participant: 'PA_1' });
    expect(bench.thread.slotFrames()).toHaveLength(3);
    track.close();
    bench.flush();
    bench.thread.publishAll();
    expect(bench.thread.slotFrames()).toHaveLength(2);
  });
});
