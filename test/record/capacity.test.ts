import { describe, expect, test } from 'vitest';
import { SfuStatsError } from '../../dist/src/errors.js';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { InvalidReason, RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';

function errorOf(call: () => unknown): SfuStatsError {
  try {
    call();
  } catch (error) {
    if (error instanceof SfuStatsError) return error;
  }
  throw new Error('no SfuStatsError was thrown');
}

const aPacket = { primaryPackets: 1 };

describe('running out of slots', () => {
  test('is a named error that says what to raise', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    bench.openTrack();
    bench.openTrack({ track: 'TR_2' });
    const error = errorOf(() => bench.openTrack({ track: 'TR_3' }));
    expect(error).toMatchObject({ code: 'SFU_STATS_NO_SLOT', field: 'capacity.tracks' });
    expect(error.message).toContain('2 are open');
  });

  test('never touches what is open', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const tracks = ['TR_1', 'TR_2'].map((track) => bench.openTrack({ track }));
    for (const track of tracks) track.recordDelta({ streams: [aPacket] });
    expect(() => bench.openTrack({ track: 'TR_3' })).toThrow();
    expect(() => bench.openData()).toThrow();
    for (const track of tracks) track.recordDelta({ streams: [aPacket] });
    expect(bench.flush().map(({ track, deltas }) => [track, deltas.primaryPackets])).toEqual([
      ['TR_1', 2],
      ['TR_2', 2],
    ]);
  });

  test('for a data recorder, which needs two, leaves the one that was free to others', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    bench.openTrack();
    expect(errorOf(() => bench.openData()).code).toBe('SFU_STATS_NO_SLOT');
    expect(errorOf(() => bench.openSignal()).code).toBe('SFU_STATS_NO_SLOT');
    bench.openTrack({ track: 'TR_2' }).recordDelta({ streams: [aPacket] });
    expect(bench.flush()).toMatchObject([{ track: 'TR_2', deltas: { primaryPackets: 1 } }]);
    expect(bench.directory.following).toBe(2);
  });

  test('leaves nobody followed by the recorder that was not opened', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    bench.openTrack();
    expect(() => bench.openTrack()).toThrow();
    expect(() => bench.openData()).toThrow();
    expect(bench.directory.following).toBe(1);
  });

  test('comes only when every shard is full: slots are taken from the shards in turn', () => {
    const bench = new RecordingBench({ shards: 3, laneSlots: 2 });
    const tracks = Array.from({ length: 6 }, (_, n) => bench.openTrack({ track: `TR_${n}` }));
    expect(() => bench.openTrack()).toThrow();
    for (const track of tracks) track.recordDelta({ streams: [aPacket] });
    bench.thread.publishAll();
    expect(bench.shards.map((shard) => shard.step())).toEqual([2, 2, 2]);
    // A shard that is full is passed over, not waited for.
    tracks[1]!.close();
    bench.flush();
    expect(bench.openTrack({ track: 'TR_6' }).identity.track).toBe('TR_6');
    expect(() => bench.openTrack()).toThrow();
  });

  test('counts slots that wait for their window as in use, and gives them back by itself', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const track = bench.openTrack();
    track.recordDelta({ streams: [aPacket] });
    track.close();
    expect(bench.thread.slots.inUse).toBe(1);
    bench.flush();
    bench.thread.publishAll();
    expect(bench.thread.slots.inUse).toBe(0);
  });
});

describe('running out of streams', () => {
  const streamsOf = (...ssrcs: number[]) => ssrcs.map((ssrc) => ({ ssrc, ...aPacket }));

  test('makes a sample with a new SSRC invalid, by name', () => {
    const bench = new RecordingBench({ streams: 2 });
    const track = bench.openTrack();
    expect(track.recordDelta({ streams: streamsOf(1, 2) })).toBe(RecordResult.RECORDED);
    expect(track.recordDelta({ streams: streamsOf(1, 2, 3) })).toBe(RecordResult.INVALID);
    expect(bench.invalidReasons).toEqual({ NO_STREAM: 1 });
    expect(bench.count(ThreadBooks.INVALID_REASONS + InvalidReason.NO_STREAM)).toBe(1);
  });

  test('leaves every SSRC that is known as it was', () => {
    const bench = new RecordingBench({ streams: 2 });
    const [one, two] = ['TR_1', 'TR_2'].map((track) => bench.openTrack({ track }));
    one!.record({ streams: streamsOf(1) });
    two!.record({ streams: streamsOf(1) });
    two!.record({ streams: streamsOf(2) });
    expect(one!.record({ streams: [{ ssrc: 1, primaryPackets: 5 }] })).toBe(RecordResult.RECORDED);
    expect(two!.record({ streams: [{ ssrc: 1, primaryPackets: 7 }] })).toBe(RecordResult.RECORDED);
    expect(bench.flush().map(({ deltas }) => deltas.primaryPackets)).toEqual([5, 7]);
  });

  test('ends when a track that had some was closed and its window taken', () => {
    const bench = new RecordingBench({ streams: 2 });
    const first = bench.openTrack();
    first.record({ streams: streamsOf(1, 2) });
    first.close();
    const second = bench.openTrack({ track: 'TR_2' });
    expect(second.record({ streams: streamsOf(1) })).toBe(RecordResult.INVALID);
    bench.flush();
    bench.thread.publishAll();
    expect(bench.thread.streams.inUse).toBe(0);
    expect(second.record({ streams: streamsOf(3, 4) })).toBe(RecordResult.RECORDED);
  });

  test('is no matter of data and signalling: they have none', () => {
    const bench = new RecordingBench({ streams: 1 });
    bench.openTrack().record({ streams: streamsOf(1) });
    const data = bench.openData();
    expect(data.addBytes(Direction.UPSTREAM, 100)).toBe(RecordResult.RECORDED);
    expect(bench.flush()).toHaveLength(2);
  });
});
