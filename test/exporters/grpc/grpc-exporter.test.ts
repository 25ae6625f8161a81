import { status as Status } from '@grpc/grpc-js';
import { AnalyticsStats } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { Batch, BatchKind, NO_TOTALS } from '../../../dist/src/exporters/batch.js';
import type { GrpcOptions } from '../../../dist/src/exporters/grpc/grpc-options.js';
import { ExportDrop } from '../../../dist/src/memory/exporter-books.js';
import { batchOf } from '../../helpers/exporter-contract.js';
import { GrpcUnderTest } from './exporter-harness.js';
import { FakeChannel, FakeTimers } from './fake-channel.js';

interface Given {
  readonly channel: FakeChannel;
  readonly timers: FakeTimers;
  readonly grpc: GrpcUnderTest;
}

function given(options: Partial<GrpcOptions> = {}, random = 0.5): Given {
  const channel = new FakeChannel();
  const timers = new FakeTimers();
  const limits = { ackEveryMs: 1_000, retryMinMs: 100, retryMaxMs: 10_000 };
  const grpc = new GrpcUnderTest(
    { url: 'grpc://receiver:443', ...limits, ...options },
    { channel, timers, random: () => random },
  );
  return { channel, timers, grpc };
}

const eventsOf = (n: number): Batch =>
  new Batch({ kind: BatchKind.EVENTS, bytes: batchOf(n).bytes, items: 1, timeMs: 0, totals: NO_TOTALS });
const batches = (count: number): Batch[] => Array.from({ length: count }, (_, n) => batchOf(n));
const delays = ({ timers }: Given): number[] => [...timers.waits].map(({ delayMs }) => delayMs);

describe('a stream', () => {
  test('is opened by the first batch, and not before', () => {
    const { channel, grpc } = given();
    expect(channel.calls).toHaveLength(0);
    grpc.exporter.write(batchOf(0));
    expect(channel.calls).toHaveLength(1);
    expect(channel.current!.messages).toEqual([batchOf(0).bytes]);
  });

  test('gets the next message when the connection has taken the one before', () => {
    const { channel, grpc } = given();
    grpc.writeAll(batches(3));
    const call = channel.current!;
    expect(call.messages).toHaveLength(1);
    call.take();
    expect(call.messages).toHaveLength(2);
    call.take();
    call.take();
    expect(call.messages).toEqual(batches(3).map(({ bytes }) => bytes));
    expect([call.isHalfClosed, call.breaches]).toEqual([false, 0]);
  });

  test('is half-closed with its last batch, and acknowledges all when it is answered', () => {
    const { channel, grpc } = given({ ackEveryBatches: 3 });
    grpc.writeAll(batches(4));
    const call = channel.current!;
    call.take();
    call.take();
    expect(call.messages).toHaveLength(3);
    expect(call.isHalfClosed).toBe(true);
    call.take();
    expect([call.messages.length, grpc.sent, grpc.exporter.queued]).toEqual([3, 0, 4]);
    call.endWith(Status.OK);
    expect([grpc.sent, grpc.exporter.queued]).toEqual([3, 1]);
    expect(channel.current!.messages).toEqual([batchOf(3).bytes]);
  });

  test('is half-closed when it has been open for its time, after the batch that is under way', () => {
    const { channel, timers, grpc } = given({ maxMessageBytes: 1_024 });
    const stats = AnalyticsStats.fromBinary(batchOf(0).bytes).stats;
    const long = new AnalyticsStats({ stats: Array.from({ length: 90 }, () => stats[0]!) }).toBinary();
    grpc.exporter.write(new Batch({ ...batchOf(0), bytes: long }));
    grpc.exporter.write(batchOf(1));
    const call = channel.current!;
    timers.advance();
    expect(call.isHalfClosed).toBe(false);
    call.takeAll();
    expect(call.isHalfClosed).toBe(true);
    expect(call.messages.length).toBeGreaterThan(1);
    expect(Buffer.concat(call.messages).equals(long)).toBe(true);
    call.endWith(Status.OK);
    expect([grpc.sent, grpc.exporter.queued]).toEqual([1, 1]);
  });

  test('with nothing to send is half-closed when its time is over', () => {
    const { channel, timers, grpc } = given();
    grpc.exporter.write(batchOf(0));
    channel.current!.take();
    expect(channel.current!.isHalfClosed).toBe(false);
    timers.advance();
    expect(channel.current!.isHalfClosed).toBe(true);
    channel.current!.endWith(Status.OK);
    expect([grpc.sent, timers.waits.size]).toEqual([1, 0]);
  });

  test('holds one kind: a batch of another waits for its answer, so that their order stays', () => {
    const { channel, grpc } = given();
    grpc.writeAll([batchOf(0), batchOf(1), eventsOf(2), batchOf(3)]);
    const call = channel.current!;
    call.takeAll();
    expect([call.kind, call.messages.length, call.isHalfClosed]).toEqual([BatchKind.STATS, 2, true]);
    call.endWith(Status.OK);
    channel.current!.takeAll();
    expect([channel.current!.kind, channel.current!.isHalfClosed]).toEqual([BatchKind.EVENTS, true]);
    channel.current!.endWith(Status.OK);
    expect(channel.current!.messages).toEqual([batchOf(3).bytes]);
    expect(channel.calls).toHaveLength(3);
  });

  test('that is answered before it was half-closed acknowledges nothing', () => {
    const { channel, timers, grpc } = given();
    grpc.writeAll(batches(2));
    channel.current!.takeAll();
    channel.current!.endWith(Status.OK);
    expect([grpc.sent, grpc.exporter.queued, grpc.report.state]).toEqual([0, 2, 'failing']);
    timers.advance();
    // From now on each is half-closed at once, so that there is nothing to answer too early.
    channel.current!.endWith(Status.OK);
    channel.current!.endWith(Status.OK);
    expect([grpc.sent, grpc.exporter.queued, grpc.report.state]).toEqual([2, 0, 'running']);
  });
});

describe('after a failure', () => {
  test('everything that was in the stream goes again, one batch a stream, with the same bytes', () => {
    const { channel, timers, grpc } = given();
    grpc.writeAll(batches(3));
    channel.current!.takeAll();
    channel.current!.endWith(Status.UNAVAILABLE);
    expect([grpc.sent, grpc.exporter.queued, channel.current]).toEqual([0, 3, undefined]);
    timers.advance();
    for (const batch of batches(3)) {
      expect(channel.current!.messages).toEqual([batch.bytes]);
      expect(channel.current!.isHalfClosed).toBe(true);
      channel.current!.take();
      channel.current!.endWith(Status.OK);
    }
    expect([grpc.sent, grpc.exporter.queued, grpc.retries, grpc.errors]).toEqual([3, 0, 1, 1]);
    expect(grpc.resent).toBe(3);
  });

  test('what never left is not called resent', () => {
    const { channel, timers, grpc } = given();
    grpc.writeAll(batches(2));
    // Nothing was taken: there was no connection.
    channel.current!.endWith(Status.UNAVAILABLE);
    timers.advance();
    channel.current!.take();
    channel.current!.endWith(Status.UNAVAILABLE);
    timers.advance();
    expect([grpc.resent, grpc.retries, grpc.errors]).toEqual([1, 2, 2]);
  });

  test('the connection is given up, and the wait doubles up to its limit', () => {
    const all = given({}, 1);
    const { channel, timers, grpc } = all;
    grpc.exporter.write(batchOf(0));
    const waits: number[] = [];
    for (let n = 1; n <= 8; n++) {
      channel.current!.endWith(Status.UNAVAILABLE);
      expect([channel.resets, channel.current]).toEqual([n, undefined]);
      waits.push(...delays(all));
      timers.advance();
    }
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  test('a success makes the next wait a short one again', () => {
    const all = given({}, 1);
    const { channel, timers, grpc } = all;
    grpc.writeAll(batches(2));
    for (const code of [Status.UNAVAILABLE, Status.UNAVAILABLE, Status.OK, Status.UNAVAILABLE]) {
      channel.current!.endWith(code);
      if (code === Status.OK) expect(delays(all)).not.toContain(200);
      else if (grpc.sent === 0) timers.advance();
    }
    expect(delays(all)).toEqual([200]);
  });

  test.each([Status.UNAUTHENTICATED, Status.PERMISSION_DENIED])('with code %i the wait is long', (code) => {
    for (const [random, delayMs] of [
      [0, 5_000],
      [1, 10_000],
    ] as const) {
      const all = given({}, random);
      all.grpc.exporter.write(batchOf(0));
      all.channel.current!.endWith(code);
      expect(delays(all)).toEqual([delayMs]);
      expect(all.grpc.report.state).toBe('failing');
    }
  });

  test('new batches wait too', () => {
    const { channel, grpc } = given();
    grpc.exporter.write(batchOf(0));
    channel.current!.endWith(Status.UNAVAILABLE);
    grpc.exporter.write(batchOf(1));
    expect(channel.calls).toHaveLength(1);
  });
});

describe('a refusal', () => {
  test('of one batch drops it for good, and the next goes at once', () => {
    const { channel, timers, grpc } = given({ ackEveryBatches: 1 });
    grpc.writeAll(batches(2));
    channel.current!.endWith(Status.INVALID_ARGUMENT);
    expect([grpc.dropped(ExportDrop.REFUSED), grpc.sent, grpc.retries]).toEqual([1, 0, 0]);
    expect(grpc.report.state).toBe('failing');
    expect(channel.current!.messages).toEqual([batchOf(1).bytes]);
    channel.current!.endWith(Status.OK);
    expect([grpc.sent, grpc.report.state, timers.waits.size]).toEqual([1, 'running', 0]);
  });

  test('of several sends each alone, and only the bad one is dropped', () => {
    const { channel, grpc } = given({ ackEveryBatches: 3 });
    grpc.writeAll(batches(5));
    channel.current!.takeAll();
    channel.current!.endWith(Status.INVALID_ARGUMENT);
    expect(grpc.dropped()).toBe(0);
    for (const code of [Status.OK, Status.INVALID_ARGUMENT, Status.OK]) {
      expect(channel.current!.messages).toHaveLength(1);
      channel.current!.take();
      channel.current!.endWith(code);
    }
    expect([grpc.sent, grpc.dropped(ExportDrop.REFUSED), grpc.exporter.queued]).toEqual([2, 1, 2]);
    // The rest was not in that stream, and shares one.
    channel.current!.takeAll();
    expect(channel.current!.messages).toHaveLength(2);
    expect([grpc.retries, grpc.resent, channel.resets]).toEqual([1, 3, 0]);
  });
});

describe('close', () => {
  test('half-closes the stream at once, waits for its answer and gives everything up', async () => {
    const { channel, timers, grpc } = given();
    grpc.writeAll(batches(2));
    const closing = grpc.exporter.close(1_000);
    channel.current!.takeAll();
    expect(channel.current!.isHalfClosed).toBe(true);
    channel.current!.endWith(Status.OK);
    expect(await closing).toBe(0);
    expect([grpc.sent, grpc.report.state, timers.waits.size, channel.resets]).toEqual([2, 'closed', 0, 1]);
  });

  test('tries at once where a wait was on, and again until its deadline', async () => {
    const { channel, timers, grpc } = given({}, 0);
    grpc.exporter.write(batchOf(0));
    channel.current!.endWith(Status.UNAVAILABLE);
    const closing = grpc.exporter.close(150);
    expect(channel.calls).toHaveLength(2);
    channel.current!.endWith(Status.UNAVAILABLE);
    timers.advance();
    expect(channel.calls).toHaveLength(3);
    timers.advance();
    expect(await closing).toBe(1);
    expect(channel.calls[2]!.isCancelled).toBe(true);
    expect([grpc.dropped(ExportDrop.CLOSED), grpc.report.state, timers.waits.size]).toEqual([1, 'closed', 0]);
  });

  test('of one that was never used is done at once', async () => {
    const { channel, timers, grpc } = given();
    expect(await grpc.exporter.close(1_000)).toBe(0);
    expect([channel.calls.length, timers.waits.size, grpc.report.state]).toEqual([0, 0, 'closed']);
  });

  test('what a stream says after it changes nothing', async () => {
    const { channel, grpc, timers } = given();
    grpc.exporter.write(batchOf(0));
    const closing = grpc.exporter.close(0);
    timers.advance();
    expect(await closing).toBe(1);
    channel.calls[0]!.take();
    channel.calls[0]!.endWith(Status.OK);
    expect([grpc.sent, grpc.dropped(), grpc.report.state]).toEqual([0, 1, 'closed']);
  });
});

test('it is told how it is when that changes, and only then', () => {
  const { channel, timers, grpc } = given();
  grpc.exporter.write(batchOf(0));
  for (let n = 0; n < 3; n++) {
    channel.current!.endWith(Status.UNAVAILABLE, 'connect ECONNREFUSED 127.0.0.1:1');
    timers.advance();
  }
  channel.current!.endWith(Status.DEADLINE_EXCEEDED);
  timers.advance();
  for (let n = 1; n <= 3; n++) {
    channel.current!.endWith(Status.OK);
    grpc.exporter.write(batchOf(n));
    channel.current!.takeAll();
    timers.advance();
  }
  expect(grpc.reports.map(({ state, error }) => [state, error])).toEqual([
    ['starting', ''],
    ['failing', 'UNAVAILABLE: the receiver cannot be reached (ECONNREFUSED)'],
    ['failing', 'DEADLINE_EXCEEDED: no answer within the deadline'],
    ['running', ''],
  ]);
  expect(new Set(grpc.reports.map(({ address }) => address))).toEqual(new Set(['grpc://receiver:443']));
  expect(grpc.logged.map(({ level }) => level)).toEqual(['warn', 'warn', 'info']);
});
