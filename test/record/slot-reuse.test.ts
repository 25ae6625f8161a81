import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { HANDLE_SLOTS } from '../../dist/src/record/slot-table.js';
import { RecordingBench } from '../helpers/recording.js';

const aSample = { streams: [{ primaryPackets: 1, primaryBytes: 100 }] };
const directions = [Direction.UPSTREAM, Direction.DOWNSTREAM];
const slotOf = (handle: number): number => handle % HANDLE_SLOTS;

describe('the slot of a closed track', () => {
  test('is not used again before a window that covers its close was taken', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const track = bench.openTrack();
    track.record(aSample);
    bench.thread.publishAll();
    track.close();
    const reopen = () => bench.openTrack({ track: 'TR_2' });
    expect(reopen).toThrow('no free slot');
    bench.drain();
    expect(reopen).toThrow('no free slot');
    bench.shard.request();
    bench.drain();
    // The window is closed now, and its row is still to be read.
    expect(reopen).toThrow('no free slot');
    expect(bench.take().map(({ track: sid }) => sid)).toEqual(['TR_1']);
    expect(slotOf(reopen().handle)).toBe(slotOf(track.handle));
  });

  test('waits for the window that holds its last record, not for one that was closed before', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const track = bench.openTrack();
    track.record(aSample);
    bench.thread.publishAll();
    bench.shard.request();
    bench.drain();
    track.record(aSample);
    track.close();
    bench.take();
    expect(() => bench.openTrack({ track: 'TR_2' })).toThrow('no free slot');
    expect(bench.flush()).toMatchObject([{ track: 'TR_1', deltas: { samples: 1 } }]);
    bench.openTrack({ track: 'TR_2' });
  });

  test('that never had a record is free at once', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    bench.openTrack().close();
    expect(bench.openTrack({ track: 'TR_2' }).identity.track).toBe('TR_2');
  });

  test.each([
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
  ])('comes back in time where the positions pass %s', (_, edge) => {
    const bench = new RecordingBench({ laneSlots: 2, ringWords: 64, position: (edge - 400) | 0 });
    for (let n = 0; n < 40; n++) {
      const track = bench.openTrack({ track: `TR_${n}` });
      track.recordDelta(aSample);
      track.close();
      expect(bench.flush()).toMatchObject([{ track: `TR_${n}`, deltas: { samples: 1 } }]);
    }
  });

  test('starts from nothing for its next owner', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const first = bench.openTrack();
    const streams = [{ primaryPackets: 500, packetsLost: 50, layers: [{ layer: 3, bytes: 9 }] }];
    first.record({ mimeType: 'video/VP8', score: 2, streams });
    first.close();
    bench.flush();
    bench.nowMs = 7000;
    const second = bench.openTrack({ track: 'TR_2', direction: Direction.DOWNSTREAM });
    second.record({ streams: [{ primaryPackets: 3, packetsLost: 4 }] });
    expect(bench.flush()).toMatchObject([
      {
        track: 'TR_2',
        generation: 2,
        deltas: { samples: 1, primaryPackets: 3, packetsLost: 4 },
        layersBrought: 0,
        scores: 0,
        mime: undefined,
        startMs: 7000,
        endMs: 7000,
      },
    ]);
  });

  test('has its last window in the next flush, exactly once, though others wait for slots', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const rows: string[] = [];
    for (let n = 0; n < 10; n++) {
      const track = bench.openTrack({ track: `TR_${n}` });
      for (let samples = 0; samples <= n; samples++) track.recordDelta(aSample);
      track.close();
      rows.push(...bench.flush().map(({ track: sid, deltas }) => `${sid} ${deltas.samples}`));
    }
    expect(rows).toEqual(Array.from({ length: 10 }, (_, n) => `TR_${n} ${n + 1}`));
  });

  test('may be a data track’s next, and the other way round, without a trace of the one before', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    for (let n = 0; n < 3; n++) {
      const data = bench.openData({ track: `TR_D${n}` });
      data.addBytes(Direction.UPSTREAM, 1000, 7);
      data.addBytes(Direction.DOWNSTREAM, 2000);
      data.close();
      expect(bench.flush()).toMatchObject([{ track: `TR_D${n}` }, { track: `TR_D${n}` }]);
      const tracks = ['a', 'b'].map((name) => bench.openTrack({ track: `TR_${name}${n}` }));
      for (const track of tracks) track.record(aSample);
      expect(bench.flush().map(({ deltas }) => deltas)).toMatchObject([
        { samples: 1, primaryPackets: 1, primaryBytes: 100 },
        { samples: 1, primaryPackets: 1, primaryBytes: 100 },
      ]);
      for (const track of tracks) track.close();
      expect(bench.flush()).toEqual([]);
    }
  });

  test('that was given back is never reported again', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    data.addBytes(Direction.UPSTREAM, 100);
    bench.flush();
    data.close();
    for (let n = 0; n < 3; n++) expect(bench.flush()).toEqual([]);
    expect(bench.thread.slots.inUse).toBe(0);
  });
});

describe('a late record', () => {
  test('of a closed track is refused and counted, and never reaches the next owner', () => {
    const bench = new RecordingBench({ laneSlots: 1 });
    const first = bench.openTrack();
    first.close();
    const second = bench.openTrack({ track: 'TR_2' });
    expect(first.record(aSample)).toBe(RecordResult.CLOSED);
    expect(first.recordDelta(aSample)).toBe(RecordResult.CLOSED);
    expect(bench.count(ThreadBooks.STALE)).toBe(2);
    second.record(aSample);
    expect(bench.flush()).toMatchObject([{ track: 'TR_2', deltas: { samples: 1, primaryPackets: 1 } }]);
  });

  test('of a closed data recorder is refused and counted, by handle and by recorder', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const first = bench.openData({ track: 'TR_D1' });
    const stale = directions.map((direction) => first.handle(direction));
    first.close();
    for (const handle of stale) expect(bench.thread.counters.add(handle, 100)).toBe(RecordResult.CLOSED);
    const second = bench.openData({ track: 'TR_D2' });
    expect(directions.map((direction) => slotOf(second.handle(direction))).sort()).toEqual(stale.map(slotOf));
    for (const handle of stale) expect(bench.thread.counters.add(handle, 100)).toBe(RecordResult.CLOSED);
    expect(first.addBytes(Direction.DOWNSTREAM, 5, 2)).toBe(RecordResult.CLOSED);
    expect(bench.count(ThreadBooks.STALE)).toBe(5);
    expect(bench.flush()).toEqual([]);
  });

  test('closing twice is closing once', () => {
    const bench = new RecordingBench({ laneSlots: 3 });
    const track = bench.openTrack();
    const data = bench.openData();
    for (let n = 0; n < 2; n++) {
      track.close();
      data.close();
    }
    bench.flush();
    expect(bench.thread.slots.inUse).toBe(0);
    expect(bench.directory.following).toBe(0);
  });
});

describe('handles', () => {
  test('rise with every owner of a slot, and no two are ever the same', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const seen = new Set<number>();
    for (let n = 0; n < 5; n++) {
      const data = bench.openData();
      seen.add(data.handle(Direction.UPSTREAM)).add(data.handle(Direction.DOWNSTREAM));
      data.close();
      bench.flush();
      const tracks = [bench.openTrack(), bench.openTrack()];
      for (const track of tracks) seen.add(track.handle);
      for (const track of tracks) track.close();
      bench.flush();
    }
    expect(seen.size).toBe(20);
  });

  test.each([0, -1, 5, Number.NaN, 1.5, 2 ** 24 + 7, -(2 ** 24), Number.POSITIVE_INFINITY])(
    'that nobody gave out are refused: %d',
    (handle) => {
      const bench = new RecordingBench();
      const data = bench.openData();
      expect(bench.thread.counters.add(handle, 100)).toBe(RecordResult.CLOSED);
      expect(bench.thread.counters.addMany(handle, 100, 2)).toBe(RecordResult.CLOSED);
      expect(bench.count(ThreadBooks.STALE)).toBe(2);
      expect(data.getTrafficTotals()).toMatchObject({ sentBytes: 0, receivedBytes: 0 });
    },
  );

  test('of slots that were never used, or are closed, are refused whatever their sign', () => {
    const bench = new RecordingBench();
    const { counters } = bench.thread;
    expect(counters.add(0, 100)).toBe(RecordResult.CLOSED);
    expect(counters.addMany(0, 100, 2)).toBe(RecordResult.CLOSED);
    const data = bench.openData();
    const handles = directions.map((direction) => data.handle(direction));
    data.close();
    for (const handle of handles) {
      expect(counters.add(-handle, 100)).toBe(RecordResult.CLOSED);
      expect(counters.addMany(-handle, 100, 2)).toBe(RecordResult.CLOSED);
    }
    expect(bench.count(ThreadBooks.STALE)).toBe(6);
    expect(bench.flush()).toEqual([]);
  });

  test('of tracks take no messages: their totals stay theirs', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    bench.openData();
    track.record({ streams: [{ primaryPackets: 10, primaryBytes: 1000 }] });
    expect(bench.thread.counters.add(track.handle, 5)).toBe(RecordResult.CLOSED);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryPackets: 10, primaryBytes: 1000 } }]);
    expect(bench.flush()).toEqual([]);
  });
});
