import { Control, laneWord, type ShardMemory } from './shard.js';

export interface RingFill {
  readonly shard: number;
  readonly lane: number;
  /** Share of the ring that waits to be applied, 0 to 1. */
  readonly fill: number;
}

/** How full every ring is, shard by shard. Any thread. */
export function ringFills(shards: readonly ShardMemory[]): RingFill[] {
  return shards.flatMap(({ buffer, layout }, shard) => {
    const ints = new Int32Array(buffer);
    return Array.from({ length: layout.lanes }, (_, lane) => {
      const published = Atomics.load(ints, laneWord(lane, Control.LANE_PUBLISHED));
      const applied = Atomics.load(ints, laneWord(lane, Control.LANE_APPLIED));
      return { shard, lane, fill: ((published - applied) | 0) / layout.ringWords };
    });
  });
}
