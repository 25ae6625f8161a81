import { describe, expect, test } from 'vitest';
import {
  hashStatId,
  STAT_ID_BYTES,
  type StatIdSource,
  writeStatId,
} from '../../dist/src/snapshot/stat-id.js';

const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const SOURCE: StatIdSource = {
  seed: 'seed',
  roomSid: 'RM_1',
  participantSid: 'PA_1',
  trackSid: 'TR_1',
  direction: 0,
};

const latin1 = new TextDecoder('latin1');
const scratch = new Uint8Array(STAT_ID_BYTES);

function idOf(over: Partial<StatIdSource> = {}, flush = 1): string {
  writeStatId(scratch, 0, hashStatId({ ...SOURCE, ...over }), flush);
  return latin1.decode(scratch);
}

/** How many of the twelve characters differ. */
function differingCharacters(a: string, b: string): number {
  let differing = 0;
  for (let i = 3; i < STAT_ID_BYTES; i++) if (a[i] !== b[i]) differing++;
  return differing;
}

describe('a stat id', () => {
  test('is AS_ and twelve characters of the base57 alphabet', () => {
    for (let flush = 0; flush < 200; flush++)
      expect(idOf({}, flush)).toMatch(new RegExp(`^AS_[${ALPHABET}]{12}$`));
  });

  test('repeats for the same seed, room, participant, track, direction and flush', () => {
    expect(idOf({}, 42)).toBe(idOf({}, 42));
  });

  test('never changes from version to version: replays are compared', () => {
    expect(idOf()).toBe('AS_cgD3QdDAAtWk');
    expect(idOf({ direction: 1, seed: 'ß🎥', trackSid: '' }, 2 ** 32 - 1)).toBe('AS_WSbpVanjNkGo');
  });

  test.each<[string, Partial<StatIdSource>]>([
    ['seed', { seed: 'seee' }],
    ['room', { roomSid: 'RM_2' }],
    ['participant', { participantSid: 'PA_2' }],
    ['track', { trackSid: 'TR_2' }],
    ['direction', { direction: 1 }],
  ])('depends on the %s', (_name, over) => {
    expect(differingCharacters(idOf(over), idOf())).toBeGreaterThan(6);
  });

  test('knows where one part ends and the next begins', () => {
    expect(idOf({ roomSid: 'RM_1P', participantSid: 'A_1' })).not.toBe(idOf());
    expect(idOf({ participantSid: '', trackSid: 'PA_1TR_1' })).not.toBe(idOf());
    expect(idOf({ participantSid: 'PA_1TR_1', trackSid: '' })).not.toBe(idOf());
  });

  test('a million of them, of neighbouring tracks and flushes, are all different', () => {
    const ids = new Set<string>();
    for (let track = 0; track < 10_000; track++) {
      const hash = hashStatId({
        ...SOURCE,
        trackSid: `TR_${track >> 1}`,
        direction: track % 2 === 0 ? 0 : 1,
      });
      for (let flush = 0; flush < 100; flush++) {
        writeStatId(scratch, 0, hash, flush);
        ids.add(latin1.decode(scratch));
      }
    }
    expect(ids.size).toBe(1_000_000);
  });

  test('one step of the flush number, or one bit of a sid, moves nearly every character', () => {
    const expectedOfTwelve = 12 * (1 - 1 / 57);
    let byFlush = 0;
    let bySid = 0;
    const runs = 5000;
    for (let i = 0; i < runs; i++) {
      byFlush += differingCharacters(idOf({}, i), idOf({}, i + 1));
      const trackSid = `TR_${i}`;
      const flipped =
        trackSid.slice(0, -1) + String.fromCharCode(trackSid.charCodeAt(trackSid.length - 1) ^ 1);
      bySid += differingCharacters(idOf({ trackSid }), idOf({ trackSid: flipped }));
    }
    expect(byFlush / runs).toBeCloseTo(expectedOfTwelve, 1);
    expect(bySid / runs).toBeCloseTo(expectedOfTwelve, 1);
  });

  test('uses every character about equally often in every place', () => {
    const runs = 57 * 400;
    const counts = Array.from({ length: 12 }, () => new Map<string, number>());
    for (let flush = 0; flush < runs; flush++) {
      const id = idOf({}, flush);
      counts.forEach((count, place) => {
        const character = id[place + 3]!;
        count.set(character, (count.get(character) ?? 0) + 1);
      });
    }
    for (const count of counts) {
      expect(count.size).toBe(57);
      // Five standard deviations and more: about 20 each side of 400.
      for (const times of count.values()) expect(Math.abs(times - 400)).toBeLessThan(120);
    }
  });
});
