import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SlotIdentity } from '../../dist/src/memory/frames.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { compareIdentity, SlotDirectory, type SlotEntry } from '../../dist/src/snapshot/slot-directory.js';

const { UPSTREAM, DOWNSTREAM } = Direction;

function identityOf(room: string, participant: string, direction: Direction, track: string): SlotIdentity {
  return { room: { sid: room }, participant: { sid: participant }, direction, track };
}

function entryOf(shard: number, slot: number, generation: number, track: string): SlotEntry {
  return { shard, slot, generation, identity: identityOf('RM', 'PA', UPSTREAM, track) };
}

const tracksOf = (entries: readonly SlotEntry[]): string[] => entries.map(({ identity }) => identity.track);

describe('the order of stats', () => {
  test('is by room, then participant, then upstream before downstream, then track', () => {
    const inOrder = [
      identityOf('RM_a', 'PA_a', UPSTREAM, 'TR_z'),
      identityOf('RM_a', 'PA_a', DOWNSTREAM, 'TR_a'),
      identityOf('RM_a', 'PA_b', UPSTREAM, 'TR_a'),
      identityOf('RM_a', 'PA_b', UPSTREAM, 'TR_b'),
      identityOf('RM_b', 'PA_a', UPSTREAM, 'TR_a'),
    ];
    expect([...inOrder].reverse().sort(compareIdentity)).toEqual(inOrder);
  });

  test('compares strings as JavaScript’s < does, by UTF-16 units', () => {
    // A code point above the BMP begins with a surrogate, which is less than U+FFFD.
    const order = ['', 'TR_B', 'TR_a', 'TR_ä', 'TR_\u{1F600}', 'TR_\uFFFD'];
    expect(order).toEqual([...order].sort());
    const identities = order.map((track) => identityOf('RM', 'PA', UPSTREAM, track));
    expect([...identities].reverse().sort(compareIdentity)).toEqual(identities);
  });

  test('takes no notice of names', () => {
    const named = { ...identityOf('RM', 'PA', UPSTREAM, 'TR'), room: { sid: 'RM', name: 'z' } };
    expect(compareIdentity(named, identityOf('RM', 'PA', UPSTREAM, 'TR'))).toBe(0);
  });
});

describe('a slot directory', () => {
  test('knows the owner of a slot by its generation, and nobody else’s', () => {
    const directory = new SlotDirectory(2);
    const entry = entryOf(1, 7, 3, 'TR_a');
    directory.set(entry);
    expect(directory.get(1, 7, 3)).toBe(entry);
    expect(directory.get(1, 7, 2)).toBeUndefined();
    expect(directory.get(1, 7, 4)).toBeUndefined();
    expect(directory.get(0, 7, 3)).toBeUndefined();
    expect(directory.get(1, 8, 3)).toBeUndefined();
    expect(directory.get(2, 7, 3)).toBeUndefined();
  });

  test('gives a slot to its next owner, and the one before is in no list any more', () => {
    const directory = new SlotDirectory(1);
    directory.set(entryOf(0, 0, 1, 'TR_old'));
    expect(tracksOf(directory.inOrder())).toEqual(['TR_old']);
    directory.set(entryOf(0, 0, 2, 'TR_new'));
    expect(directory.get(0, 0, 1)).toBeUndefined();
    expect(tracksOf(directory.inOrder())).toEqual(['TR_new']);
  });

  test('is not led astray by an announcement that comes again, or late', () => {
    const directory = new SlotDirectory(1);
    const current = entryOf(0, 0, 2, 'TR_current');
    directory.set(current);
    directory.set(entryOf(0, 0, 2, 'TR_again'));
    directory.set(entryOf(0, 0, 1, 'TR_before'));
    expect(directory.get(0, 0, 2)).toBe(current);
    expect(tracksOf(directory.inOrder())).toEqual(['TR_current']);
  });

  test('keeps several slots of one track beside each other', () => {
    const directory = new SlotDirectory(2);
    for (const [shard, track] of [
      [0, 'TR_b'],
      [0, 'TR_a'],
      [1, 'TR_b'],
      [1, 'TR_c'],
    ] as const) {
      directory.set(entryOf(shard, track === 'TR_b' ? 0 : 1, 1, track));
    }
    expect(tracksOf(directory.inOrder())).toEqual(['TR_a', 'TR_b', 'TR_b', 'TR_c']);
  });

  test('lists in order whatever came when, and lists nobody twice', () => {
    const text = fc.constantFrom('', 'a', 'b', 'ä', '\u{1F600}');
    const owner = fc.record({
      shard: fc.nat({ max: 2 }),
      slot: fc.nat({ max: 5 }),
      room: text,
      participant: text,
      direction: fc.constantFrom(UPSTREAM, DOWNSTREAM),
      track: text,
      listAfter: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(owner, { maxLength: 60 }), (owners) => {
        const directory = new SlotDirectory(3);
        const current = new Map<string, SlotEntry>();
        for (const { shard, slot, room, participant, direction, track, listAfter } of owners) {
          const generation = (current.get(`${shard}/${slot}`)?.generation ?? 0) + 1;
          const entry = {
            shard,
            slot,
            generation,
            identity: identityOf(room, participant, direction, track),
          };
          directory.set(entry);
          current.set(`${shard}/${slot}`, entry);
          if (!listAfter) continue;
          const listed = directory.inOrder();
          expect(new Set(listed)).toEqual(new Set(current.values()));
          expect(listed).toHaveLength(current.size);
          for (let i = 1; i < listed.length; i++) {
            expect(compareIdentity(listed[i - 1]!.identity, listed[i]!.identity)).toBeLessThanOrEqual(0);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
