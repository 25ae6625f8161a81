import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventId } from '../../dist/src/telemetry/event-ids.js';

const prefix = fc.constantFrom('AE_' as const, 'EV_' as const);
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('an id', () => {
  test('is its prefix and twelve of LiveKit’s characters, none of which looks like another', () => {
    fc.assert(
      fc.property(prefix, fc.string({ unit: 'binary' }), number, (prefix, seed, number) => {
        const id = eventId(prefix, seed, number);
        expect(id).toHaveLength(15);
        expect(id.startsWith(prefix)).toBe(true);
        expect(id.slice(3)).toMatch(/^[2-9A-HJ-NP-Za-km-z]{12}$/);
      }),
    );
  });

  test('repeats for the same prefix, seed and number', () => {
    expect(eventId('AE_', 'replay', 7)).toBe(eventId('AE_', 'replay', 7));
  });

  test('is another for another number, another seed, another prefix', () => {
    const all: string[] = [];
    for (let number = 1; number <= 2_000; number++) {
      for (const seed of ['', 'replay', '1', ' 1']) {
        for (const prefix of ['AE_', 'EV_'] as const) all.push(eventId(prefix, seed, number).slice(3));
      }
    }
    expect(new Set(all).size).toBe(all.length);
  });

  test('does not mistake the end of a number for the beginning of a seed', () => {
    expect(eventId('AE_', '1', 1)).not.toBe(eventId('AE_', '', 11));
    expect(eventId('AE_', '2 x', 1)).not.toBe(eventId('AE_', 'x', 12));
  });

  test('stays what it is from version to version: receivers have kept some', () => {
    expect(eventId('AE_', 'replay', 1)).toBe('AE_8wzSy3Yxw6X8');
    expect(eventId('EV_', 'replay', 1)).toBe('EV_RnMTa4262x7N');
  });

  test('uses every character about as often as any other', () => {
    const uses = new Map<string, number>();
    for (let number = 0; number < 5_000; number++) {
      for (const character of eventId('EV_', 'seed', number).slice(3)) {
        uses.set(character, (uses.get(character) ?? 0) + 1);
      }
    }
    const expected = (5_000 * 12) / 57;
    expect(uses.size).toBe(57);
    for (const count of uses.values()) expect(Math.abs(count / expected - 1)).toBeLessThan(0.2);
  });
});
