import { describe, expect, test } from 'vitest';
import { createBoard } from '../../dist/src/memory/board.js';
import { createCells } from '../../dist/src/memory/cells.js';
import { countryCode } from '../../dist/src/memory/countries.js';
import { createEventRing, EventRingReader } from '../../dist/src/memory/event-ring.js';
import { Settled } from '../../dist/src/memory/packet-counts.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { PacketCounter } from '../../dist/src/snapshot/packet-counter.js';
import { Life, outlives } from '../helpers/death.js';
import { countsOf, PacketLife } from '../helpers/packet-life.js';
import type { PacketThreadAnswer, PacketThreadTask } from '../helpers/packet-thread.js';
import { flatCounts, namedCounts, PacketTruth } from '../helpers/packet-truth.js';
import { RecordingBench } from '../helpers/recording.js';
import { SeededRandom } from '../helpers/seeded-random.js';
import { ShardBench } from '../helpers/shard.js';
import { startThread } from '../helpers/thread.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const WHOSE = { room: 'RM_1', participant: 'PA_1', track: 'TR_1' };
const STREAM = {
  primaryPackets: 10,
  primaryBytes: 1000,
  paddingPackets: 3,
  paddingBytes: 30,
  retransmitPackets: 2,
  retransmitBytes: 200,
  nacks: 5,
  plis: 4,
  firs: 1,
};

const counterOf = (bench: RecordingBench): PacketCounter =>
  new PacketCounter(bench.memory.shards, [{ cells: bench.memory.cells }]);

describe('the packets of a recording thread', () => {
  test('are counted as LiveKit does: padding counts, retransmits are told apart downstream alone', () => {
    const bench = new RecordingBench();
    const counter = counterOf(bench);
    for (const direction of [UPSTREAM, DOWNSTREAM]) {
      bench.thread.openTrack({ ...WHOSE, direction, country: 'de' }).recordDelta({ streams: [STREAM] });
    }
    const counts = counter.read().get(countryCode('DE'));
    expect(namedCounts(counts, UPSTREAM)).toEqual({
      packets: 15,
      bytes: 1230,
      retransmitPackets: 0,
      retransmitBytes: 0,
      nacks: 5,
      plis: 4,
      firs: 1,
    });
    expect(namedCounts(counts, DOWNSTREAM)).toEqual(countsOf(STREAM, DOWNSTREAM));
    expect(namedCounts(counts, DOWNSTREAM)).toMatchObject({ packets: 13, bytes: 1030, retransmitPackets: 2 });
  });

  test('count messages of data and signalling, those of a signal recorder once it is known whose they were', () => {
    const bench = new RecordingBench();
    const counter = counterOf(bench);
    const data = bench.thread.openData({ room: 'RM_1', participant: 'PA_1', country: 'FR' });
    data.addBytes(DOWNSTREAM, 100, 4);
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 7);
    expect(flatCounts(counter.read())).toEqual({ 'FR 1 packets': 4, 'FR 1 bytes': 100 });
    signal.resolve({ room: 'RM_1', participant: 'PA_1', country: 'FR' });
    signal.addBytes(UPSTREAM, 1);
    expect(flatCounts(counter.read())).toEqual({
      'FR 0 packets': 2,
      'FR 0 bytes': 8,
      'FR 1 packets': 4,
      'FR 1 bytes': 100,
    });
  });

  test('stay when the slot is given back, and go on with its next owner, of another country', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const counter = counterOf(bench);
    const countries = ['DE', 'FR', 'DE'];
    for (const [n, country] of countries.entries()) {
      const track = bench.thread.openTrack({ ...WHOSE, track: `TR_${n}`, direction: UPSTREAM, country });
      track.recordDelta({ streams: [{ primaryPackets: 10 ** n, primaryBytes: 5 }] });
      track.close();
      bench.flush();
    }
    const all = {
      'DE 0 packets': 101,
      'DE 0 bytes': 10,
      'FR 0 packets': 10,
      'FR 0 bytes': 5,
    };
    expect(flatCounts(counter.read())).toEqual(all);
    bench.thread.publishAll();
    expect(bench.thread.slots.inUse).toBe(0);
    expect(flatCounts(counter.read())).toEqual(all);
    expect(flatCounts(counterOf(bench).read()), 'for a reader that starts anew, too').toEqual(all);
  });

  test('include what was unattributed at the door, not what was invalid', () => {
    const bench = new RecordingBench();
    const counter = counterOf(bench);
    const track = bench.openTrack({ direction: DOWNSTREAM });
    const data = bench.openData();
    data.addBytes(UPSTREAM, 1);
    bench.thread.publishAll();
    bench.directory.setKnown('PA_1', false);
    track.recordDelta({ streams: [STREAM] });
    track.recordDelta({ streams: [{ ...STREAM, frames: -1 }] });
    data.addBytes(UPSTREAM, 20);
    const before = flatCounts(counter.read());
    bench.thread.publishAll();
    expect(flatCounts(counter.read()), 'moved out of the cells').toEqual(before);
    bench.directory.setKnown('PA_1', true);
    track.recordDelta({ streams: [{ ...STREAM, frames: -1 }] });
    data.addBytes(UPSTREAM, -1);
    const counts = counter.read().get(0);
    expect(namedCounts(counts, DOWNSTREAM)).toEqual(countsOf(STREAM, DOWNSTREAM));
    expect(namedCounts(counts, UPSTREAM)).toMatchObject({ packets: 2, bytes: 21 });
    data.addBytes(UPSTREAM, 300);
    expect(namedCounts(counter.read().get(0), UPSTREAM)).toMatchObject({ packets: 3, bytes: 321 });
  });

  test('of countries beyond the 62 that came first are counted together, and how often that was', () => {
    const bench = new RecordingBench({ laneSlots: 128, streams: 128 });
    const counter = counterOf(bench);
    const codes = Array.from({ length: 66 }, (_, n) =>
      String.fromCharCode(65 + (n % 26), 65 + Math.floor(n / 26)),
    );
    for (const [n, country] of [...codes, codes[0]!, codes[65]!].entries()) {
      const track = bench.thread.openTrack({ ...WHOSE, track: `TR_${n}`, direction: UPSTREAM, country });
      track.recordDelta({ streams: [{ primaryPackets: 1 }] });
    }
    const counts = flatCounts(counter.read());
    expect(Object.keys(counts)).toHaveLength(63);
    expect(counts).toMatchObject({ 'AA 0 packets': 2, 'other 0 packets': 5 });
    expect(counter.overflowed).toBe(5);
  });
});

describe('a recording thread that dies while it moves counts out of a slot', () => {
  /** A thread that is about to give a slot back, and to take another's messages out as unattributed. */
  function aboutToMove(): RecordingBench {
    const bench = new RecordingBench();
    const track = bench.thread.openTrack({ ...WHOSE, direction: DOWNSTREAM, country: 'NZ' });
    track.recordDelta({ streams: [STREAM] });
    const data = bench.openData();
    data.addBytes(UPSTREAM, 1000);
    bench.thread.publishAll();
    track.close();
    bench.flush();
    bench.directory.setKnown('PA_1', false);
    data.addBytes(UPSTREAM, 20);
    return bench;
  }

  test('before any of its stores, leaves every count where it was: not lost, not doubled', () => {
    const all = { ...countsOf(STREAM, DOWNSTREAM) };
    let deaths = 0;
    for (let stores = 0; ; stores++) {
      const bench = aboutToMove();
      const life = new Life(stores);
      const survived = outlives(life, () => dyingAtFills(life, () => bench.thread.publishAll()));
      const counts = counterOf(bench).read();
      expect(namedCounts(counts.get(countryCode('NZ')), DOWNSTREAM), `after ${stores} stores`).toEqual(all);
      expect(namedCounts(counts.get(0), UPSTREAM), `after ${stores} stores`).toMatchObject({
        packets: 2,
        bytes: 1020,
      });
      if (survived) break;
      deaths++;
    }
    expect(deaths).toBeGreaterThanOrEqual(6);
  });
});

/** Clearing a slot's cells is a store, too. */
function dyingAtFills(life: Life, work: () => void): void {
  const { fill } = Float64Array.prototype;
  Float64Array.prototype.fill = function (this: Float64Array, ...args: Parameters<typeof fill>) {
    life.store();
    return fill.apply(this, args);
  };
  try {
    work();
  } finally {
    Float64Array.prototype.fill = fill;
  }
}

/** Does something once, in the moment after a word was first loaded. */
function afterLoad(memory: RecordingBench['memory'], word: number, work: () => void): Disposable {
  const { load } = Atomics;
  let isDone = false;
  Object.assign(Atomics, {
    load(ints: Int32Array, at: number) {
      const value = load(ints, at);
      if (at !== word || ints.buffer !== memory.cells.buffer || isDone) return value;
      isDone = true;
      work();
      return value;
    },
  });
  return {
    [Symbol.dispose]() {
      Object.assign(Atomics, { load });
    },
  };
}

describe('a reader', () => {
  test('that meets a slot which changes hands leaves it out, rather than count it for another country', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const open = (country: string) => bench.thread.openTrack({ ...WHOSE, direction: UPSTREAM, country });
    const first = open('DE');
    first.recordDelta({ streams: [STREAM] });
    first.close();
    bench.flush();
    const flags = 2 * bench.memory.cells.layout.meta;
    const counter = counterOf(bench);
    using _ = afterLoad(bench.memory, flags, () => {
      open('FR').recordDelta({ streams: [{ primaryPackets: 1_000_000 }] });
    });
    expect(namedCounts(counter.read().get(countryCode('DE')), UPSTREAM).packets).toBeLessThanOrEqual(15);
    expect(flatCounts(counter.read())).toMatchObject({ 'DE 0 packets': 15, 'FR 0 packets': 1_000_000 });
  });

  test('that copies the table while it is written copies it again', () => {
    const bench = new RecordingBench();
    for (const track of ['TR_1', 'TR_2']) {
      const recorder = bench.openTrack({ track });
      recorder.recordDelta({ streams: [STREAM] });
      recorder.close();
    }
    bench.flush();
    const commits = 2 * bench.memory.cells.layout.settled + Settled.I32_COMMITS;
    const counter = counterOf(bench);
    using _ = afterLoad(bench.memory, commits, () => {
      // One slot is moved, and the other one is about to be: its counts stand in what was the valid half.
      expect(outlives(new Life(3), () => bench.thread.publishAll())).toBe(false);
    });
    expect(namedCounts(counter.read().get(0), UPSTREAM).packets).toBe(30);
  });

  test('that never finds the table at rest waits for nobody, and shows what it showed before', () => {
    const bench = new RecordingBench();
    bench.openTrack().recordDelta({ streams: [STREAM] });
    counterOf(bench).read();
    const restless = counterOf(bench);
    const { load } = Atomics;
    const commits = 2 * bench.memory.cells.layout.settled + Settled.I32_COMMITS;
    let reads = 0;
    Object.assign(Atomics, {
      load: (ints: Int32Array, at: number) =>
        load(ints, at) + (at === commits && ints.buffer === bench.memory.cells.buffer ? reads++ : 0),
    });
    try {
      expect(namedCounts(restless.read().get(0), UPSTREAM)).toEqual(countsOf(STREAM, UPSTREAM));
    } finally {
      Object.assign(Atomics, { load });
    }
    expect(reads).toBeLessThan(20);
  });
});

test.each([1, 2, 3])(
  'while slots open and close at random in another thread no counter falls or says too much (seed %i)',
  async (seed) => {
    const shards = [0, 1].map(() => new ShardBench({ laneSlots: 12, ringWords: 512, scoreBlocks: 8 }));
    const truth = new PacketTruth();
    const state = new Int32Array(new SharedArrayBuffer(8));
    const memory = {
      lane: 0,
      shards: shards.map((shard) => shard.memory),
      cells: createCells(24, 64),
      events: createEventRing(65_536),
      board: createBoard(),
    };
    const events = new EventRingReader(memory.events);
    const task: PacketThreadTask = {
      memory,
      truth: truth.buffer,
      seed,
      state: state.buffer as SharedArrayBuffer,
    };
    const thread = await startThread<PacketThreadAnswer>('./packet-thread.ts', task);
    const flush = (): void => {
      events.drain(() => {});
      for (const shard of shards) shard.flush();
    };
    try {
      const counter = new PacketCounter(memory.shards, [{ cells: memory.cells }]);
      let before = new Map<number, Float64Array>();
      let rises = 0;
      while (rises < 1_000 || Atomics.load(state, 1) < 1_000) {
        flush();
        // A timer thread that took over a moment ago shows no less than the one before it.
        const reader =
          rises % 7 === 0 ? new PacketCounter(memory.shards, [{ cells: memory.cells }]) : counter;
        const counts = new Map([...reader.read()].map(([country, values]) => [country, values.slice()]));
        const recorded = truth.reading();
        for (const [country, values] of counts) {
          values.forEach((value, i) => {
            const last = before.get(country)?.[i] ?? 0;
            if (value < last) throw new Error(`${country} ${i} fell from ${last} to ${value} (seed ${seed})`);
            if (value > recorded.get(country)![i]!)
              throw new Error(`${country} ${i} says ${value} (seed ${seed})`);
            if (value > last) rises++;
          });
        }
        before = counts;
      }
      Atomics.store(state, 0, 1);
      while (Atomics.load(state, 0) !== 2) {
        flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (let n = 0; n < 20; n++) {
        flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      Atomics.store(state, 0, 3);
      const { opened } = await thread.answer;
      expect(flatCounts(counter.read())).toEqual(flatCounts(truth.reading()));
      expect(opened).toBeGreaterThanOrEqual(1_000);
    } finally {
      await thread.stop();
    }
  },
);

test('a life in one thread ends with what was recorded, whatever was closed, unknown or refused', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bench = new RecordingBench({ shards: 2, laneSlots: 6, ringWords: 512, streams: 40 });
    const truth = new PacketTruth();
    const life = new PacketLife(bench.memory, new SeededRandom(seed), truth);
    const counter = counterOf(bench);
    for (let n = 0; n < 500; n++) {
      life.step();
      if (n % 50 === 0) {
        bench.readEvents();
        for (const shard of bench.shards) shard.flush();
      }
    }
    life.closeAll();
    for (let n = 0; n < 4; n++) {
      life.thread.publishAll();
      bench.readEvents();
      for (const shard of bench.shards) shard.flush();
    }
    expect(flatCounts(counter.read()), `seed ${seed}`).toEqual(flatCounts(truth.reading()));
  }
});
