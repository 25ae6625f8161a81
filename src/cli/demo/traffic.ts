import type { BookTotals, Direction, DirectionTotals } from '../../index.js';

type Sums = { -readonly [Number in keyof BookTotals]: number };

const DIRECTIONS = ['UPSTREAM', 'DOWNSTREAM'] as const satisfies readonly (keyof DirectionTotals)[];

/** Counts what was played, as the engine's books count it, but without the engine. */
export class Traffic implements DirectionTotals {
  readonly UPSTREAM: Sums = { samples: 0, messages: 0, packets: 0, bytes: 0 };
  readonly DOWNSTREAM: Sums = { samples: 0, messages: 0, packets: 0, bytes: 0 };

  addPackets(direction: Direction, packets: number, bytes: number): void {
    const sums = this[DIRECTIONS[direction]];
    sums.samples++;
    sums.packets += packets;
    sums.bytes += bytes;
  }

  addMessages(direction: Direction, messages: number, bytes: number): void {
    const sums = this[DIRECTIONS[direction]];
    sums.samples++;
    sums.messages += messages;
    sums.bytes += bytes;
  }

  copy(): Traffic {
    const copy = new Traffic();
    for (const direction of DIRECTIONS) Object.assign(copy[direction], this[direction]);
    return copy;
  }
}

/** Whether both say the same, number by number. */
export function isSameTraffic(a: DirectionTotals, b: DirectionTotals): boolean {
  return DIRECTIONS.every((direction) => {
    const left = a[direction];
    const right = b[direction];
    return (
      left.samples === right.samples &&
      left.messages === right.messages &&
      left.packets === right.packets &&
      left.bytes === right.bytes
    );
  });
}
