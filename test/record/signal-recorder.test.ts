import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const somebody = { room: 'RM_1', participant: 'PA_1' };

describe('a signal recorder', () => {
  test('reports nothing before it is resolved, and then everything it counted', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 100);
    signal.addBytes(DOWNSTREAM, 30, 3);
    expect(bench.flush()).toEqual([]);
    signal.addBytes(UPSTREAM, 1);
    expect(signal.isResolved).toBe(false);
    signal.resolve(somebody);
    expect(signal.isResolved).toBe(true);
    signal.addBytes(UPSTREAM, 10);
    expect(bench.flush()).toMatchObject([
      {
        identity: { room: { sid: 'RM_1' }, participant: { sid: 'PA_1' }, track: 'TR_SGPA_1' },
        deltas: { samples: 3, primaryPackets: 3, primaryBytes: 111 },
      },
      { track: 'TR_SGPA_1', deltas: { samples: 1, primaryPackets: 3, primaryBytes: 30 } },
    ]);
  });

  test('reports under the track it was resolved with', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 1);
    signal.resolve({ ...somebody, track: 'TR_signal' });
    expect(bench.flush()).toMatchObject([{ track: 'TR_signal' }]);
  });

  test('does not keep the thread from being settled, nor others from being reported, while it waits', () => {
    const bench = new RecordingBench();
    bench.openSignal().addBytes(UPSTREAM, 1);
    bench.openData().addBytes(UPSTREAM, 2);
    expect(bench.flush()).toMatchObject([{ track: 'TR_DTPA_1' }]);
    expect(bench.thread.isSettled()).toBe(true);
    expect(bench.thread.hasRoom()).toBe(true);
  });

  test('of somebody who is not known is unattributed from the beginning', () => {
    const bench = new RecordingBench();
    bench.directory.setKnown('PA_1', false);
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 100);
    signal.resolve(somebody);
    expect(bench.flush()).toEqual([]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED)).toMatchObject({ samples: 1, messages: 1, bytes: 100 });
    bench.directory.setKnown('PA_1', true);
    signal.addBytes(UPSTREAM, 3);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryBytes: 3 } }]);
  });

  test('can be resolved once', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    signal.resolve(somebody);
    expect(() => signal.resolve({ ...somebody, participant: 'PA_2' })).toThrow(
      expect.objectContaining({ code: 'SFU_STATS_CLOSED' }),
    );
    signal.addBytes(UPSTREAM, 1);
    expect(bench.flush()).toMatchObject([{ track: 'TR_SGPA_1' }]);
  });

  test('refuses a bad sid by name, and can still be resolved', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 1);
    expect(() => signal.resolve({ ...somebody, participant: 5 as never })).toThrow(
      expect.objectContaining({ code: 'SFU_STATS_INVALID_ARGUMENT', field: 'participant' }),
    );
    expect(signal.isResolved).toBe(false);
    signal.resolve(somebody);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1 } }]);
  });

  test('that is closed unresolved is counted as unattributed, and gives its slots back', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const signal = bench.openSignal();
    signal.addBytes(UPSTREAM, 100, 2);
    signal.addBytes(DOWNSTREAM, 30);
    signal.close();
    expect(bench.booked(ThreadBooks.UNATTRIBUTED, UPSTREAM)).toMatchObject({ messages: 2, bytes: 100 });
    expect(bench.booked(ThreadBooks.UNATTRIBUTED, DOWNSTREAM)).toMatchObject({ messages: 1, bytes: 30 });
    expect(bench.thread.isSettled()).toBe(true);
    expect(bench.flush()).toEqual([]);
    bench.thread.publishAll();
    expect(bench.thread.slots.inUse).toBe(0);
    expect(signal.getTrafficTotals()).toMatchObject({ receivedBytes: 100, sentBytes: 30 });
  });

  test('that was closed cannot be resolved any more: its slots may be somebody else’s', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    bench.directory.setKnown('PA_2', false);
    const signal = bench.openSignal();
    signal.close();
    const other = bench.openData({ participant: 'PA_2' });
    other.addBytes(UPSTREAM, 7);
    expect(() => signal.resolve(somebody)).toThrow(expect.objectContaining({ code: 'SFU_STATS_CLOSED' }));
    expect(bench.flush()).toEqual([]);
    expect(bench.booked(ThreadBooks.UNATTRIBUTED).bytes).toBe(7);
    expect(bench.directory.following).toBe(1);
  });

  test('that was resolved has its last window in the next flush after its close', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    signal.resolve(somebody);
    signal.addBytes(UPSTREAM, 100);
    signal.close();
    expect(signal.addBytes(UPSTREAM, 1)).toBe(RecordResult.CLOSED);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryBytes: 100 } }]);
    expect(bench.directory.following).toBe(0);
  });

  test('counts by handle too, resolved or not', () => {
    const bench = new RecordingBench();
    const signal = bench.openSignal();
    expect(bench.thread.counters.add(signal.handle(DOWNSTREAM), 5)).toBe(RecordResult.RECORDED);
    expect(signal.getTrafficTotals()).toMatchObject({ sentBytes: 5, sentMessages: 1 });
  });
});
