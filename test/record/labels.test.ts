import { TrackInfo, TrackSource, TrackType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { FrameType, type SlotIdentity } from '../../dist/src/memory/frames.js';
import { Direction } from '../../dist/src/memory/totals.js';
import type { TrackRecorderOptions } from '../../dist/src/record/recording-thread.js';
import { RecordingBench } from '../helpers/recording.js';

const WHOSE = { room: 'RM', participant: 'PA', direction: Direction.UPSTREAM };

function identityOf(options: Partial<TrackRecorderOptions>): SlotIdentity {
  const bench = new RecordingBench();
  bench.thread.openTrack({ ...WHOSE, track: 'TR', ...options });
  const frame = bench.readEvents().find(([type]) => type === FrameType.SLOT);
  return frame![4] as SlotIdentity;
}

describe('a track recorder tells the timer thread', () => {
  test('country, source and type it was opened with', () => {
    expect(identityOf({ country: 'nz', source: TrackSource.MICROPHONE, type: TrackType.AUDIO })).toEqual({
      room: { sid: 'RM' },
      participant: { sid: 'PA' },
      track: 'TR',
      direction: Direction.UPSTREAM,
      country: 'NZ',
      source: 2,
      type: 0,
    });
  });

  test('source and type of the TrackInfo it was opened with, unless told otherwise', () => {
    const track = new TrackInfo({ sid: 'TR', source: TrackSource.SCREEN_SHARE, type: TrackType.VIDEO });
    expect(identityOf({ track })).toMatchObject({ source: 3, type: 1 });
    expect(identityOf({ track, source: TrackSource.CAMERA })).toMatchObject({ source: 1, type: 1 });
  });

  test('nothing that nobody said: an info without either says neither', () => {
    for (const track of ['TR', new TrackInfo({ sid: 'TR' }), { sid: 'TR', source: 99, type: 1 }]) {
      const identity = identityOf({ track, country: '' });
      expect(Object.keys(identity).sort()).toEqual(['direction', 'participant', 'room', 'track']);
    }
  });
});

describe('is refused, by field, rule and value, and no slot is taken', () => {
  const hostile: [string, Partial<Record<'country' | 'source' | 'type', unknown>>][] = [
    ['country', { country: 'Germany' }],
    ['country', { country: 'D1' }],
    ['country', { country: '"}\n{' }],
    ['country', { country: 49 }],
    ['country', { country: null }],
    ['source', { source: 5 }],
    ['source', { source: -1 }],
    ['source', { source: 'CAMERA' }],
    ['source', { source: Number.NaN }],
    ['type', { type: 3 }],
    ['type', { type: 0.5 }],
  ];
  test.each(hostile)('%s: %o', (field, options) => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const asked = { ...WHOSE, track: 'TR', ...options } as TrackRecorderOptions;
    const open = () => bench.thread.openTrack(asked);
    expect(open).toThrow(expect.objectContaining({ code: 'SFU_STATS_INVALID_ARGUMENT', field }));
    expect(bench.thread.slots.inUse).toBe(0);
  });

  test('a country of a data or signal recorder', () => {
    const bench = new RecordingBench({ laneSlots: 4 });
    const refused = expect.objectContaining({ code: 'SFU_STATS_INVALID_ARGUMENT', field: 'country' });
    expect(() => bench.thread.openData({ room: 'RM', participant: 'PA', country: 'XXX' })).toThrow(refused);
    expect(bench.thread.slots.inUse).toBe(0);
    const signal = bench.openSignal();
    expect(() => signal.resolve({ room: 'RM', participant: 'PA', country: 'XXX' })).toThrow(refused);
    signal.resolve({ room: 'RM', participant: 'PA', country: 'XK' });
    expect(signal.isResolved).toBe(true);
  });
});
