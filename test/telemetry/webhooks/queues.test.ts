import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fifo } from '../../../dist/src/telemetry/webhooks/fifo.js';
import { Turns } from '../../../dist/src/telemetry/webhooks/turns.js';
import { type Waiter, WaitingList } from '../../../dist/src/telemetry/webhooks/waiting-list.js';

describe('a fifo', () => {
  test('gives back what it took, in order, as an array would', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer())), (steps) => {
        const fifo = new Fifo<number>();
        const array: number[] = [];
        for (const entry of steps) {
          if (entry === null) {
            expect(fifo.shift()).toBe(array.shift());
          } else {
            fifo.push(entry);
            array.push(entry);
          }
          expect(fifo.length).toBe(array.length);
          expect(fifo.first).toBe(array[0]);
        }
      }),
    );
  });
});

describe('a waiting list', () => {
  interface Waiting extends Waiter<Waiting> {
    readonly name: number;
  }
  const waiting = (name: number): Waiting => ({ name, queuedAt: 0, before: undefined, behind: undefined });

  test('knows the oldest, whoever leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat())), (steps) => {
        const list = new WaitingList<Waiting>();
        const array: Waiting[] = [];
        for (const [name, leaver] of steps.entries()) {
          if (leaver === null || array.length === 0) {
            array.push(waiting(name));
            list.push(array.at(-1)!);
          } else {
            const [left] = array.splice(leaver % array.length, 1);
            list.remove(left!);
          }
          expect(list.size).toBe(array.length);
          expect(list.oldest).toBe(array[0]);
        }
        // The rest leaves in order: no link was lost.
        for (const rest of array) {
          expect(list.oldest).toBe(rest);
          list.remove(rest);
        }
        expect(list.oldest).toBeUndefined();
      }),
    );
  });
});

describe('turns', () => {
  test('come in the order they were asked for', () => {
    const turns = new Turns<{ slow: boolean; name: string }>();
    for (const name of ['a', 'B', 'c', 'D', 'e']) turns.push({ name, slow: name < 'a' });
    expect([1, 2, 3, 4, 5].map(() => turns.take(true)!.name)).toEqual(['a', 'B', 'c', 'D', 'e']);
    expect(turns.take(true)).toBeUndefined();
  });

  test('pass over the slow when none of them may go, and give them their old place later', () => {
    const turns = new Turns<{ slow: boolean; name: string }>();
    for (const name of ['A', 'b', 'C', 'd', 'e']) turns.push({ name, slow: name < 'a' });
    expect(turns.take(false)!.name).toBe('b');
    expect(turns.take(false)!.name).toBe('d');
    expect(turns.take(true)!.name).toBe('A');
    expect(turns.take(true)!.name).toBe('C');
    expect(turns.take(false)!.name).toBe('e');
    expect(turns.take(false)).toBeUndefined();
  });
});
