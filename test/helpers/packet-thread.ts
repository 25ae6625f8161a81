import { parentPort, workerData } from 'node:worker_threads';
import type { RecordingMemory } from '../../dist/src/record/recording-thread.js';
import { PacketLife } from './packet-life.js';
import { PacketTruth } from './packet-truth.js';
import { SeededRandom } from './seeded-random.js';

/** What the recording thread is told: it records until `stop` is set, closes all, and publishes until it is 2. */
export interface PacketThreadTask {
  memory: RecordingMemory;
  truth: SharedArrayBuffer;
  seed: number;
  /** 0: recording; 1, set from outside: to end; 2, set by the thread: all is closed; 3: to leave. Then: recorders opened. */
  state: SharedArrayBuffer;
}
export interface PacketThreadAnswer {
  opened: number;
}

const task = workerData as PacketThreadTask;
const state = new Int32Array(task.state);
const life = new PacketLife(task.memory, new SeededRandom(task.seed), new PacketTruth(task.truth));
while (Atomics.load(state, 0) === 0) {
  life.step();
  Atomics.store(state, 1, life.opened);
}
life.closeAll();
Atomics.store(state, 0, 2);
while (Atomics.load(state, 0) === 2) life.thread.publishAll();
parentPort?.postMessage({ opened: life.opened } satisfies PacketThreadAnswer);
