import { threadId } from 'node:worker_threads';
import { type DrainEnd, runDrain } from '../src/aggregate/drain.js';
import type { ShardMemory } from '../src/memory/shard.js';

/** The task of a stats worker: drains one shard until it is told to leave. */
export default function drainShard(shard: ShardMemory): DrainEnd {
  return runDrain(shard, threadId);
}
