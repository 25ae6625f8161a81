import { createDrain, type Drain } from '../../src/aggregate/drain.js';
import { createMemory, type EngineMemory } from '../../src/engine/memory-plan.js';
import { MetaCells } from '../../src/memory/cells.js';
import { EventRingReader } from '../../src/memory/event-ring.js';
import { Control, Entry, entryOf } from '../../src/memory/shard.js';
import { Direction, Totals } from '../../src/memory/totals.js';
import { everybodyKnown } from '../../src/record/attribution.js';
import type { Lane } from '../../src/record/lane.js';
import { RecordingThread } from '../../src/record/recording-thread.js';
import type { TrackRecorder } from '../../src/record/track-recorder.js';

export const RING_BYTES = 2 ** 20;

export interface RigSizes {
  readonly tracks: number;
  /** @default twice `tracks` */
  readonly streams?: number;
  readonly scoreBlocks?: number;
}

/**
 * A recording thread and the stats worker of its one shard, both in this thread, without a timer thread: each step
 * can be timed apart from the others.
 */
export class RecordingRig {
  readonly memory: EngineMemory;
  readonly thread: RecordingThread;
  readonly drain: Drain;
  readonly #ints: Int32Array;
  readonly #words: Float64Array;
  readonly #events: EventRingReader;
  #flush = 0;

  constructor({ tracks, ...sizes }: RigSizes) {
    this.memory = createMemory({
      shards: 1,
      tracks,
      streams: 2 * tracks,
      ports: 0,
      ringBytes: RING_BYTES,
      eventRingBytes: RING_BYTES,
      scoreBlocks: Math.ceil(tracks / 4),
      ...sizes,
    });
    const [shard, own] = [this.memory.shards[0]!, this.memory.threads[0]!];
    const recording = { lane: 0, shards: this.memory.shards, board: this.memory.board, ...own };
    this.thread = new RecordingThread(recording, everybodyKnown);
    this.drain = createDrain(shard);
    this.#ints = new Int32Array(shard.buffer);
    this.#words = new Float64Array(shard.buffer);
    this.#events = new EventRingReader(own.events);
  }

  get lane(): Lane {
    return this.thread.lanes[0]!;
  }

  /** Opens slots with nobody's name on them, for records that no recorder makes. */
  openSlots(count: number, counters: boolean): Int32Array {
    const owner = { identity: undefined };
    const nobody = { excluded() {} };
    return Int32Array.from({ length: count }, () => {
      const slot = this.thread.slots.open(owner, Direction.UPSTREAM, counters ? MetaCells.COUNTER : 0);
      if (counters) {
        this.thread.counters.open(slot, nobody);
        this.thread.counters.attribute(slot, nobody, true);
      }
      return slot;
    });
  }

  openTracks(count: number): TrackRecorder[] {
    const recorders: TrackRecorder[] = [];
    for (let n = 0; n < count; n++) {
      const track = { room: 'RM_bench', participant: `PA_${n}`, track: `TR_${n}` };
      recorders.push(this.thread.openTrack({ ...track, direction: Direction.UPSTREAM }));
      if (n % 512 === 0) this.settleEvents();
    }
    this.settleEvents();
    return recorders;
  }

  /** Stands in for the timer thread, which takes what the event ring holds. */
  settleEvents(): void {
    do {
      this.#events.drain(() => {});
      this.thread.events.flush();
    } while (this.thread.events.waiting > 0);
    this.#events.drain(() => {});
  }

  /** Puts one sample of a slot as its recorder would, all totals as they stand in its cells but one more sample. */
  putSample(slot: number, layers: number, score: number, scoreNumber: number): boolean {
    const { slots, cells } = this.thread;
    const totals = slots.totalsOf(slot);
    cells[totals + Totals.SAMPLES]! += 1;
    return this.lane.putSample(slot, 1, 1_000, totals, layers, 1, 20, 900, score, scoreNumber);
  }

  /** Applies all that was put. */
  apply(): void {
    this.lane.publish();
    this.drain.step();
  }

  /** Closes the window; returns how many rows it has. The caller gives them back with `release`. */
  closeWindow(): number {
    this.#words[Control.REQUEST_TIME] = 1_000 * ++this.#flush;
    Atomics.store(this.#ints, Control.I32_REQUEST, this.#flush);
    this.drain.step();
    const { layout } = this.memory.shards[0]!;
    return this.#words[entryOf(layout, this.#ints[Control.I32_WINDOW]! - 1) + Entry.ROWS]!;
  }

  get flushNumber(): number {
    return this.#flush;
  }

  release(): void {
    Atomics.store(this.#ints, Control.I32_RELEASED, this.#ints[Control.I32_WINDOW]!);
  }
}
