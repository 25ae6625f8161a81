import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { FrameType } from '../../dist/src/memory/frames.js';
import { Control } from '../../dist/src/memory/shard.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordingBench } from '../helpers/recording.js';
import { until } from '../helpers/until.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
/** More than one turn looks at, and twice what one turn puts. */
const RECORDERS = 10_000;
const SLOTS_A_TURN = 16_384;
const PUTS_A_TURN = 8_192;

function manyRecorders() {
  const bench = new RecordingBench({
    laneSlots: 2 * RECORDERS,
    ringWords: 2 ** 18,
    eventRingBytes: 2 ** 23,
  });
  const recorders = Array.from({ length: RECORDERS }, (_, n) => bench.openData({ track: `TR_${n}` }));
  bench.readEvents();
  return { bench, recorders };
}

describe('the publish tick', () => {
  test('is done in turns of bounded length, each record put once', () => {
    const { bench, recorders } = manyRecorders();
    for (const data of recorders) {
      data.addBytes(UPSTREAM, 1);
      data.addBytes(DOWNSTREAM, 2);
    }
    const puts: number[] = [];
    until(() => {
      const isComplete = bench.thread.publishSome();
      puts.push(bench.drain());
      return isComplete;
    });
    expect(puts).toEqual([PUTS_A_TURN, PUTS_A_TURN, 2 * RECORDERS - 2 * PUTS_A_TURN]);
    const rows = bench.flush();
    expect(rows).toHaveLength(2 * RECORDERS);
    expect(rows.every(({ deltas }) => deltas.samples === 1)).toBe(true);
  });

  test('looks at a bounded number of slots a turn, though nothing has changed', () => {
    const { bench } = manyRecorders();
    expect(2 * RECORDERS).toBeGreaterThan(SLOTS_A_TURN);
    expect(bench.thread.publishSome()).toBe(false);
    expect(bench.thread.publishSome()).toBe(true);
    expect(bench.drain()).toBe(0);
  });

  test('puts what changed behind its place at the next tick', () => {
    const { bench, recorders } = manyRecorders();
    for (const data of recorders) data.addBytes(UPSTREAM, 1);
    expect(bench.thread.publishSome()).toBe(false);
    recorders[0]!.addBytes(UPSTREAM, 10);
    until(() => bench.thread.publishSome());
    expect(bench.drain()).toBe(RECORDERS);
    bench.thread.publishSome();
    expect(bench.drain()).toBe(1);
  });

  test('in one turn is complete, wherever the turns before it had come', () => {
    const { bench, recorders } = manyRecorders();
    for (const data of recorders) data.addBytes(UPSTREAM, 1);
    bench.thread.publishSome();
    recorders[0]!.addBytes(UPSTREAM, 10);
    bench.thread.publishAll();
    expect(bench.drain()).toBe(RECORDERS + 1);
    expect(bench.thread.publishSome()).toBe(false);
  });

  test('makes samples visible that were put since the last batch, in every shard', () => {
    const bench = new RecordingBench({ shards: 3 });
    for (const track of ['TR_1', 'TR_2', 'TR_3']) bench.openTrack({ track }).record({ streams: [] });
    expect(bench.drain()).toBe(0);
    bench.thread.publishSome();
    expect(bench.shards.map((shard) => shard.step())).toEqual([1, 1, 1]);
  });

  test('writes what waits for room in the event ring', () => {
    const bench = new RecordingBench({ eventRingBytes: 1024 });
    until(() => !bench.thread.events.send([FrameType.MIME, 60_000, 'x'.repeat(100)]));
    expect(bench.thread.isSettled()).toBe(false);
    bench.readEvents();
    bench.thread.publishSome();
    expect(bench.thread.isSettled()).toBe(true);
  });

  test('gives slots back whose last window was taken', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record({ streams: [] });
    track.close();
    bench.flush();
    expect(bench.thread.slots.inUse).toBe(1);
    bench.thread.publishSome();
    expect(bench.thread.slots.inUse).toBe(0);
  });

  test('brings the count of refused mimes up to date', () => {
    const bench = new RecordingBench();
    bench.openTrack().record({ mimeType: 'x'.repeat(1000), streams: [] });
    expect(bench.count(ThreadBooks.MIMES_REFUSED)).toBe(0);
    bench.thread.publishSome();
    expect(bench.count(ThreadBooks.MIMES_REFUSED)).toBe(1);
  });

  test('without anything new wakes no drain', () => {
    const bench = new RecordingBench();
    bench.openData().addBytes(UPSTREAM, 1);
    bench.thread.publishAll();
    const wakes = bench.shard.control(Control.I32_WAKE);
    for (let n = 0; n < 3; n++) bench.thread.publishAll();
    expect(bench.shard.control(Control.I32_WAKE)).toBe(wakes);
  });
});
