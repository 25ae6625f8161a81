import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { RecordingBench } from '../helpers/recording.js';

const { UPSTREAM, DOWNSTREAM } = Direction;

describe('a data recorder', () => {
  test('reports each direction by itself, under the track of its participant', () => {
    const bench = new RecordingBench();
    const data = bench.openData({ participant: 'PA_x' });
    data.addBytes(UPSTREAM, 100);
    data.addBytes(UPSTREAM, 50);
    data.addBytes(DOWNSTREAM, 7);
    expect(bench.flush()).toMatchObject([
      {
        identity: { participant: { sid: 'PA_x' }, track: 'TR_DTPA_x', direction: UPSTREAM },
        deltas: { samples: 2, primaryPackets: 2, primaryBytes: 150 },
      },
      {
        identity: { participant: { sid: 'PA_x' }, track: 'TR_DTPA_x', direction: DOWNSTREAM },
        deltas: { samples: 1, primaryPackets: 1, primaryBytes: 7 },
      },
    ]);
  });

  test('reports under the track it was given', () => {
    const bench = new RecordingBench();
    bench.openData({ track: 'TR_chat' }).addBytes(UPSTREAM, 1);
    expect(bench.flush().map(({ track }) => track)).toEqual(['TR_chat']);
  });

  test('counts a sample of many messages, or of none, as one sample', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    data.addBytes(UPSTREAM, 1000, 10);
    data.addBytes(UPSTREAM, 0, 0);
    data.addBytes(UPSTREAM, 500);
    data.addBytes(UPSTREAM, 300, 3);
    expect(bench.flush()).toMatchObject([
      { deltas: { samples: 4, primaryPackets: 14, primaryBytes: 1800, frames: 0, packetsLost: 0 } },
    ]);
  });

  test('reports what was added since, window by window', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    for (const bytes of [10, 20, 30]) {
      data.addBytes(UPSTREAM, bytes);
      expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryBytes: bytes } }]);
      expect(bench.flush()).toEqual([]);
    }
  });

  test('takes messages by the handle of a direction, alike', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    const { counters } = bench.thread;
    expect(counters.add(data.handle(UPSTREAM), 100)).toBe(RecordResult.RECORDED);
    expect(counters.addMany(data.handle(DOWNSTREAM), 40, 4)).toBe(RecordResult.RECORDED);
    data.addBytes(UPSTREAM, 1);
    expect(bench.flush().map(({ identity, deltas }) => [identity?.direction, deltas.primaryBytes])).toEqual([
      [UPSTREAM, 101],
      [DOWNSTREAM, 40],
    ]);
  });

  test('puts nothing into the ring before it is published', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    for (let n = 0; n < 1000; n++) data.addBytes(UPSTREAM, 1);
    expect(bench.thread.lanes[0]!.position).toBe(0);
    bench.thread.publishAll();
    bench.thread.publishAll();
    expect(bench.drain()).toBe(1);
  });

  test('is published on its own with the time of now', () => {
    const bench = new RecordingBench();
    const [one, two] = ['TR_1', 'TR_2'].map((track) => bench.openData({ track }));
    bench.nowMs = 100;
    one!.addBytes(UPSTREAM, 1);
    two!.addBytes(UPSTREAM, 1);
    one!.publish();
    expect(bench.drain()).toBe(1);
    bench.nowMs = 900;
    expect(bench.flush().map(({ track, startMs, endMs }) => [track, startMs, endMs])).toEqual([
      ['TR_1', 100, 100],
      ['TR_2', 900, 900],
    ]);
  });

  test('starts its second window where its first ended', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    for (const ms of [1000, 5000]) {
      bench.nowMs = ms;
      data.addBytes(UPSTREAM, 1);
      bench.thread.publishAll();
    }
    expect(bench.flush()).toMatchObject([{ startMs: 1000, endMs: 5000 }]);
    bench.nowMs = 9000;
    data.addBytes(UPSTREAM, 1);
    expect(bench.flush()).toMatchObject([{ startMs: 5000, endMs: 9000 }]);
  });

  test('has its last window in the next flush after its close', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    data.addBytes(DOWNSTREAM, 100);
    data.close();
    data.publish();
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryBytes: 100 } }]);
    expect(bench.flush()).toEqual([]);
  });

  test('of bytes or messages that are too many books what it refused', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    expect(data.addBytes(UPSTREAM, 2 ** 63, 3)).toBe(RecordResult.INVALID);
    expect(data.addBytes(DOWNSTREAM, 5, 2 ** 31)).toBe(RecordResult.INVALID);
    expect(data.addBytes(DOWNSTREAM, 5, -1)).toBe(RecordResult.INVALID);
    expect(data.addBytes(DOWNSTREAM, 0.5)).toBe(RecordResult.INVALID);
    expect(bench.invalidReasons).toEqual({ TOO_LARGE: 2, NEGATIVE: 1, NOT_WHOLE: 1 });
    expect(bench.booked(ThreadBooks.INVALID, UPSTREAM)).toEqual({
      samples: 1,
      messages: 3,
      packets: 0,
      bytes: 2 ** 63,
    });
    expect(bench.booked(ThreadBooks.INVALID, DOWNSTREAM)).toEqual({
      samples: 3,
      messages: 2 ** 31,
      packets: 0,
      bytes: 5,
    });
    expect(bench.flush()).toEqual([]);
  });

  test('takes the largest valid sizes', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    expect(data.addBytes(UPSTREAM, 2 ** 63 - 1024, 2 ** 31 - 1)).toBe(RecordResult.RECORDED);
    expect(bench.flush()).toMatchObject([
      { deltas: { samples: 1, primaryPackets: 2 ** 31 - 1, primaryBytes: 2 ** 63 - 1024 } },
    ]);
  });
});

describe('traffic totals', () => {
  test('are running totals of both directions, with a time', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    bench.nowMs = 1234;
    data.addBytes(UPSTREAM, 100, 3);
    data.addBytes(DOWNSTREAM, 7);
    const totals = {
      atMs: 1234,
      receivedBytes: 100,
      receivedMessages: 3,
      sentBytes: 7,
      sentMessages: 1,
    };
    expect(data.getTrafficTotals()).toEqual(totals);
    bench.flush();
    expect(data.getTrafficTotals()).toEqual(totals);
    data.addBytes(DOWNSTREAM, 3);
    expect(data.getTrafficTotals()).toEqual({ ...totals, sentBytes: 10, sentMessages: 2 });
  });

  test('count only what was taken', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    data.addBytes(UPSTREAM, -5);
    data.addBytes(UPSTREAM, 2 ** 63);
    expect(data.getTrafficTotals()).toMatchObject({ receivedBytes: 0, receivedMessages: 0 });
  });

  test('stay what they were at the close, though the slots have other owners', () => {
    const bench = new RecordingBench({ laneSlots: 2 });
    const first = bench.openData();
    first.addBytes(UPSTREAM, 100);
    first.addBytes(DOWNSTREAM, 30, 2);
    first.close();
    bench.flush();
    const second = bench.openData();
    second.addBytes(UPSTREAM, 9999);
    second.addBytes(DOWNSTREAM, 9999);
    first.addBytes(UPSTREAM, 1);
    expect(first.getTrafficTotals()).toMatchObject({
      receivedBytes: 100,
      receivedMessages: 1,
      sentBytes: 30,
      sentMessages: 2,
    });
  });
});
