import { Control, laneWord, Record, type ShardMemory, Stop } from '../memory/shard.js';
import { createApply } from './apply.js';
import { createCloseWindow, FlushResult } from './window.js';

const {
  I32_ANSWERED,
  I32_BEAT,
  I32_MERGED,
  I32_OWNER,
  I32_REQUEST,
  I32_SLEEPING,
  I32_STOP,
  I32_WAKE,
  I32_WINDOW,
} = Control;
const { LENGTH_MASK } = Record;
/** Records applied between two stores of APPLIED: how much room the writer sees late, and a successor redoes. */
const RECORDS_A_STORE = 64;
/** A drain that nobody wakes looks by itself this often, ms. */
const IDLE_WAIT_MS = 100;

/** One turn of a drain: applies what there is, then closes the window if that was asked for. */
export interface Drain {
  /** Returns how many records were applied. */
  step(): number;
}

/** The stats worker's side of one shard. At most one drain of a shard may run at a time (see runDrain). */
export function createDrain(memory: ShardMemory): Drain {
  const { buffer, layout } = memory;
  const ints = new Int32Array(buffer);
  const words = new Float64Array(buffer);
  const floats = new Float32Array(buffer);
  const apply = createApply(layout, ints, words, floats);
  const closeWindow = createCloseWindow(layout, ints, words, floats);
  const { lanes, ringWords, rings } = layout;
  const mask = ringWords - 1;
  const ringOf = Array.from({ length: lanes }, (_, lane) => rings + lane * ringWords);
  const publishedAt = Array.from({ length: lanes }, (_, lane) => laneWord(lane, Control.LANE_PUBLISHED));
  const appliedAt = Array.from({ length: lanes }, (_, lane) => laneWord(lane, Control.LANE_APPLIED));
  // D1: APPLIED is where a worker takes over: what its predecessor applied beyond it is applied once more.
  const positions = appliedAt.map((at) => Atomics.load(ints, at));

  function drainLane(lane: number, window: number): number {
    const to = Atomics.load(ints, publishedAt[lane]!); // D3
    const applied = appliedAt[lane]!;
    const ring = ringOf[lane]!;
    let position = positions[lane]!;
    let count = 0;
    while (position !== to) {
      const record = ring + (position & mask);
      apply(record, window);
      position = (position + (ints[2 * record]! & LENGTH_MASK)) | 0;
      if (++count % RECORDS_A_STORE === 0) Atomics.store(ints, applied, position); // D4
    }
    if (count > 0) {
      positions[lane] = position;
      Atomics.store(ints, applied, position);
    }
    return count;
  }

  return {
    step() {
      // D2: the request comes first: all that was published before it is then in the window it closes.
      const request = Atomics.load(ints, I32_REQUEST);
      const window = ints[I32_WINDOW]!;
      let count = 0;
      for (let lane = 0; lane < lanes; lane++) count += drainLane(lane, window);
      if (request !== ints[I32_ANSWERED] && closeWindow(request) === FlushResult.NO_ROOM) {
        // D6: the window goes on and merges with the next; when stopping, the next turn tries again.
        if (Atomics.load(ints, I32_STOP) !== Stop.NO_MERGING) {
          Atomics.add(ints, I32_MERGED, 1);
          Atomics.store(ints, I32_ANSWERED, request);
        }
      }
      return count;
    },
  };
}

/** How a drain ended. */
export const DrainEnd = { STOPPED: 'stopped', OWNED: 'owned' } as const;
export type DrainEnd = (typeof DrainEnd)[keyof typeof DrainEnd];

/**
 * Owns the shard and drains it until it is told to leave; blocks its thread. Returns at once when another
 * thread owns the shard. The ownership of a thread that dies is taken back by its supervisor.
 */
export function runDrain(memory: ShardMemory, threadId: number): DrainEnd {
  const ints = new Int32Array(memory.buffer);
  if (Atomics.compareExchange(ints, I32_OWNER, 0, threadId) !== 0) return DrainEnd.OWNED; // D5
  try {
    const drain = createDrain(memory);
    for (;;) {
      const wake = Atomics.load(ints, I32_WAKE);
      const count = drain.step();
      Atomics.add(ints, I32_BEAT, 1);
      if (count > 0 || Atomics.load(ints, I32_REQUEST) !== ints[I32_ANSWERED]) continue;
      if (Atomics.load(ints, I32_STOP) === Stop.LEAVE) return DrainEnd.STOPPED; // D7
      Atomics.store(ints, I32_SLEEPING, 1);
      Atomics.wait(ints, I32_WAKE, wake, IDLE_WAIT_MS);
      Atomics.store(ints, I32_SLEEPING, 0);
    }
  } finally {
    Atomics.compareExchange(ints, I32_OWNER, threadId, 0); // D8
  }
}
