import { parentPort, threadId, workerData } from 'node:worker_threads';
import { type DrainEnd, runDrain } from '../../dist/src/aggregate/drain.js';
import type { ShardMemory } from '../../dist/src/memory/shard.js';

/** How the drain ended. */
export type DrainAnswer = DrainEnd;

const end: DrainAnswer = runDrain(workerData as ShardMemory, threadId);
parentPort?.postMessage(end);
