import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status as Status } from '@grpc/grpc-js';
import {
  AnalyticsEvent,
  AnalyticsEvents,
  AnalyticsNodeRooms,
  AnalyticsStat,
  AnalyticsStats,
  AnalyticsStream,
} from '@livekit/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Batch, BatchKind, NO_TOTALS } from '../../../dist/src/exporters/batch.js';
import type { GrpcExporter } from '../../../dist/src/exporters/grpc/grpc-exporter.js';
import { BatchCounts, ExportDrop, ExporterWords } from '../../../dist/src/memory/exporter-books.js';
import { AnalyticsReceiver, behaviours, idsOnce, ReceiverProcess } from '../../helpers/analytics-receiver.js';
import { batchOf, idsOf } from '../../helpers/exporter-contract.js';
import { Mutant } from '../../helpers/mutant.js';
import { GrpcUnderTest } from './exporter-harness.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const batches = (count: number): Batch[] => range(count).map((n) => batchOf(n));
const PATIENCE = { timeout: 30_000, interval: 10 };

const drained = ({ exporter }: GrpcUnderTest): Promise<void> =>
  vi.waitFor(() => expect(exporter.queued).toBe(0), PATIENCE);

/** The batch's numbers, in its books and in its stats: packets and bytes that can be summed at the other end. */
function batchWithSums(n: number): Batch {
  const stats = range(20).map(
    (i) =>
      new AnalyticsStat({
        id: `AS_${n}_${i}`,
        streams: [new AnalyticsStream({ primaryPackets: n + i, primaryBytes: BigInt(1_000 * n + i) })],
      }),
  );
  const sum = (of: (i: number) => number): number => range(20).reduce((total, i) => total + of(i), 0);
  return new Batch({
    kind: BatchKind.STATS,
    bytes: new AnalyticsStats({ stats }).toBinary(),
    items: stats.length,
    timeMs: 0,
    totals: { samples: 20, messages: 20, packets: sum((i) => n + i), bytes: sum((i) => 1_000 * n + i) },
  });
}

/** Packets and bytes of stats, each id counted once. */
function sumsOf(stats: readonly AnalyticsStat[]): [packets: number, bytes: number] {
  const each = new Map(stats.map((stat) => [stat.id, stat.streams[0]!]));
  let packets = 0;
  let bytes = 0;
  for (const { primaryPackets, primaryBytes } of each.values()) {
    packets += primaryPackets;
    bytes += Number(primaryBytes);
  }
  return [packets, bytes];
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-grpc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'messages');
}

test('each kind arrives by its own call, in the order it was written', async () => {
  const receiver = await AnalyticsReceiver.start();
  const grpc = new GrpcUnderTest({ url: receiver.url });
  const events = new AnalyticsEvents({ events: [new AnalyticsEvent({ id: 'AE_1' })] });
  const rooms = new AnalyticsNodeRooms({ nodeId: 'ND', sequenceNumber: 7n });
  const other = (kind: BatchKind, bytes: Uint8Array): Batch =>
    new Batch({ kind, bytes, items: 1, timeMs: 0, totals: NO_TOTALS });
  grpc.exporter.write(batchOf(1));
  grpc.exporter.write(other(BatchKind.EVENTS, events.toBinary()));
  grpc.exporter.write(other(BatchKind.NODE_ROOMS, rooms.toBinary()));
  grpc.exporter.write(batchOf(2));
  await drained(grpc);
  expect(receiver.ingests.map(({ name }) => name)).toEqual([
    'IngestStats',
    'IngestEvents',
    'IngestNodeRoomStates',
    'IngestStats',
  ]);
  expect(receiver.stats.map(({ id }) => id)).toEqual(idsOf([1, 2]));
  expect([events.equals(receiver.messages[1] as AnalyticsEvents), receiver.messages[2]]).toEqual([
    true,
    rooms,
  ]);
});

test('a stream is used for many batches, and one connection for all streams', async () => {
  const receiver = await AnalyticsReceiver.start();
  const grpc = new GrpcUnderTest({ url: receiver.url, ackEveryBatches: 10, ackEveryMs: 600_000 });
  grpc.writeAll(batches(100));
  await drained(grpc);
  expect(receiver.ingests.map(({ messages }) => messages.length)).toEqual(range(10).map(() => 10));
  expect([grpc.sent, grpc.resent, grpc.errors]).toEqual([100, 0, 0]);
});

test('the token and the metadata come with every stream', async () => {
  const receiver = await AnalyticsReceiver.start();
  const metadata = { 'x-tenant': 'seven' };
  const grpc = new GrpcUnderTest({ url: receiver.url, token: 'topsecret', metadata, ackEveryBatches: 1 });
  grpc.writeAll(batches(3));
  await drained(grpc);
  for (const { metadata: sent } of receiver.ingests)
    expect([sent.get('authorization'), sent.get('x-tenant')]).toEqual([['Bearer topsecret'], ['seven']]);
  expect(receiver.ingests).toHaveLength(3);
});

test('10 MB of stats are split, arrive whole, and count as one batch', async () => {
  const receiver = await AnalyticsReceiver.start();
  const grpc = new GrpcUnderTest({ url: receiver.url });
  const stats = range(20_000).map((n) => new AnalyticsStat({ id: `AS_${n}`, mime: 'x'.repeat(500) }));
  const bytes = new AnalyticsStats({ stats }).toBinary();
  expect(bytes.length).toBeGreaterThan(10_000_000);
  grpc.exporter.write(new Batch({ ...batchOf(0), bytes, items: stats.length }));
  await drained(grpc);
  expect(receiver.messages).toHaveLength(3);
  expect(new AnalyticsStats({ stats: receiver.stats }).equals(new AnalyticsStats({ stats }))).toBe(true);
  expect([grpc.sent, grpc.words[ExporterWords.SENT + BatchCounts.ITEMS]]).toEqual([1, 20_000]);
});

/** A receiver in a process of its own is killed again and again; what it has stored is whole, and the books say so. */
async function killReceivers(Exporter?: typeof GrpcExporter): Promise<void> {
  const receiver = new ReceiverProcess(temporaryFile());
  await receiver.start();
  const grpc = new GrpcUnderTest({ url: receiver.url, ackEveryBatches: 3 }, {}, Exporter);
  let written = 0;
  const writeSome = (): void => {
    for (let n = 0; n < 40; n++) grpc.exporter.write(batchWithSums(written++));
  };
  for (let kills = 0; kills < 4; kills++) {
    const before = receiver.messages().length;
    writeSome();
    await vi.waitFor(() => expect(receiver.messages().length).toBeGreaterThan(before + 5), {
      ...PATIENCE,
      interval: 1,
    });
    await receiver.kill();
    writeSome();
    await vi.waitFor(() => expect(grpc.report.state).toBe('failing'), PATIENCE);
    await receiver.start();
  }
  await drained(grpc);
  const stats = receiver.stats();
  expect(written).toBe(320);
  expect(idsOnce(stats), 'what is stored').toEqual(
    range(written).flatMap((n) => range(20).map((i) => `AS_${n}_${i}`)),
  );
  expect(sumsOf(stats)).toEqual([
    grpc.words[ExporterWords.ACCEPTED + BatchCounts.PACKETS],
    grpc.words[ExporterWords.ACCEPTED + BatchCounts.BYTES],
  ]);
  expect([grpc.sent, grpc.dropped()]).toEqual([written, 0]);
  expect((stats.length - 20 * written) / 20).toBeLessThanOrEqual(grpc.resent);
}

describe('a receiver that is killed and started again', () => {
  test('gets everything, once when repeated ids are removed', async () => {
    const receivers = [await AnalyticsReceiver.start()];
    const grpc = new GrpcUnderTest({ url: receivers[0]!.url, ackEveryBatches: 4 });
    const { port } = receivers[0]!;
    const all = range(120).map((n) => batchWithSums(n));
    for (const n of range(4)) {
      const receiver = receivers.at(-1)!;
      // It stores what it gets, and dies before it has answered.
      receiver.behaviour = behaviours.hangs();
      grpc.writeAll(all.slice(30 * n, 30 * n + 30));
      await vi.waitFor(() => expect(receiver.messages.length).toBeGreaterThan(0), PATIENCE);
      receiver.kill();
      await vi.waitFor(() => expect(grpc.report.state).toBe('failing'), PATIENCE);
      receivers.push(await AnalyticsReceiver.start({ port }));
      await drained(grpc);
    }
    const stats = receivers.flatMap((receiver) => receiver.stats);
    expect(idsOnce(stats)).toEqual(range(120).flatMap((n) => range(20).map((i) => `AS_${n}_${i}`)));
    expect(sumsOf(stats)).toEqual([
      grpc.words[ExporterWords.SENT + BatchCounts.PACKETS],
      grpc.words[ExporterWords.SENT + BatchCounts.BYTES],
    ]);
    expect(stats.length).toBeGreaterThan(120 * 20);
    // Each that came again was counted.
    expect((stats.length - 120 * 20) / 20).toBeLessThanOrEqual(grpc.resent);
    expect([grpc.sent, grpc.dropped(), grpc.report.state]).toEqual([120, 0, 'running']);
    // What was acknowledged did not go again.
    expect(grpc.errors).toBeGreaterThanOrEqual(4);
  });

  test('also as a process, with SIGKILL, in the middle of what it stores', async () => {
    await killReceivers();
  });

  test('the control loses what was sent and not acknowledged', async () => {
    const file = 'src/exporters/grpc/grpc-exporter.js';
    using mutant = new Mutant([
      {
        file,
        from: 'this.#failed(batches, verdict);',
        to: '{ this.#queue.sent(batches); this.#settled(batches); this.#failed(0, verdict); }',
      },
    ]);
    const changed = await mutant.load<{ GrpcExporter: typeof GrpcExporter }>(file);
    await expect(killReceivers(changed.GrpcExporter)).rejects.toThrow(/^what is stored: /);
  });
});

describe('a receiver that answers with', () => {
  test.each([
    'CANCELLED',
    'UNKNOWN',
    'DEADLINE_EXCEEDED',
    'RESOURCE_EXHAUSTED',
    'ABORTED',
    'INTERNAL',
  ] as const)('%s gets it again until it takes it', async (name) => {
    const receiver = await AnalyticsReceiver.start({ behaviour: behaviours.refuses(Status[name], 'no') });
    const grpc = new GrpcUnderTest({ url: receiver.url });
    grpc.writeAll(batches(3));
    await vi.waitFor(() => expect(grpc.retries).toBeGreaterThan(2), PATIENCE);
    expect([grpc.report.state, grpc.sent, grpc.dropped()]).toEqual(['failing', 0, 0]);
    expect(grpc.report.error).toMatch(new RegExp(`^${name}: `));
    receiver.recover();
    await drained(grpc);
    expect([grpc.sent, grpc.report.state, grpc.report.error]).toEqual([3, 'running', '']);
  });

  test.each(['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'FAILED_PRECONDITION', 'UNIMPLEMENTED'] as const)(
    '%s to one batch loses that one, and no other',
    async (name) => {
      const isBad = (message: unknown): boolean =>
        message instanceof AnalyticsStats && message.stats.some(({ id }) => id === 'AS_5_0');
      const receiver = await AnalyticsReceiver.start({
        behaviour: behaviours.refusesThose(isBad, Status[name]),
      });
      const grpc = new GrpcUnderTest({ url: receiver.url, ackEveryBatches: 8 });
      grpc.writeAll(batches(20));
      await drained(grpc);
      expect([grpc.sent, grpc.dropped(ExportDrop.REFUSED), grpc.dropped()]).toEqual([19, 1, 1]);
      expect(
        grpc.words[ExporterWords.DROPPED + ExportDrop.REFUSED * BatchCounts.WORDS + BatchCounts.PACKETS],
      ).toBe(10_005);
      expect(idsOnce(receiver.stats)).toEqual(idsOf(range(20)));
    },
  );

  test('Empty before it has read everything is not believed', async () => {
    const receiver = await AnalyticsReceiver.start({ behaviour: behaviours.answersEarly() });
    const grpc = new GrpcUnderTest({ url: receiver.url, ackEveryMs: 600_000 });
    grpc.writeAll(batches(8));
    await drained(grpc);
    expect(idsOnce(receiver.stats)).toEqual(idsOf(range(8)));
    expect([grpc.sent, grpc.dropped()]).toEqual([8, 0]);
  });
});

test('what a receiver takes as too large is refused, also where its limit is another', async () => {
  const receiver = await AnalyticsReceiver.start({ maxMessageBytes: 50_000 });
  const grpc = new GrpcUnderTest({ url: receiver.url, ackEveryBatches: 3 });
  const stat = new AnalyticsStat({ id: 'AS_big', mime: 'x'.repeat(60_000) });
  grpc.exporter.write(batchOf(0));
  grpc.exporter.write(new Batch({ ...batchOf(1), bytes: new AnalyticsStats({ stats: [stat] }).toBinary() }));
  grpc.exporter.write(batchOf(2));
  await drained(grpc);
  expect([grpc.sent, grpc.dropped(ExportDrop.REFUSED), grpc.dropped()]).toEqual([2, 1, 1]);
  expect(grpc.reports.map(({ error }) => error)).toContain(
    'RESOURCE_EXHAUSTED: the receiver takes smaller messages only (maxMessageBytes)',
  );
});

test('a wrong token is told without the token, and tried again slowly until it is right', async () => {
  const receiver = await AnalyticsReceiver.start({
    behaviour: behaviours.refuses(Status.UNAUTHENTICATED, 'Bearer topsecret is not known here'),
  });
  const grpc = new GrpcUnderTest({ url: receiver.url, token: 'topsecret', retryMaxMs: 20 });
  grpc.exporter.write(batchOf(0));
  await vi.waitFor(() => expect(receiver.ingests.length).toBeGreaterThan(2), PATIENCE);
  expect(grpc.report).toMatchObject({
    state: 'failing',
    error: 'UNAUTHENTICATED: the receiver does not accept the token or certificate',
  });
  expect(JSON.stringify([grpc.reports, grpc.logged])).not.toContain('topsecret');
  receiver.recover();
  await drained(grpc);
  expect([grpc.sent, grpc.report.state]).toEqual([1, 'running']);
});

test('a receiver that hangs is given up at the deadline, again and again, until it answers', async () => {
  const receiver = await AnalyticsReceiver.start({ behaviour: behaviours.hangs() });
  const grpc = new GrpcUnderTest({ url: receiver.url, deadlineMs: 150 });
  grpc.writeAll(batches(5));
  await vi.waitFor(() => expect(receiver.ingests.length).toBeGreaterThan(2), PATIENCE);
  expect(grpc.report.error).toBe('DEADLINE_EXCEEDED: no answer within the deadline');
  receiver.behaviour = behaviours.answers();
  await drained(grpc);
  expect([grpc.sent, grpc.dropped()]).toEqual([5, 0]);
  expect(grpc.resent).toBeGreaterThan(4);
});

test('a receiver that was never there is waited for', async () => {
  const receiver = await AnalyticsReceiver.start();
  const { port, url } = receiver;
  receiver.kill();
  const grpc = new GrpcUnderTest({ url });
  grpc.writeAll(batches(5));
  await vi.waitFor(() => expect(grpc.retries).toBeGreaterThan(1), PATIENCE);
  expect(grpc.report).toEqual({
    state: 'failing',
    address: url,
    error: 'UNAVAILABLE: the receiver cannot be reached (ECONNREFUSED)',
  });
  const late = await AnalyticsReceiver.start({ port });
  await drained(grpc);
  expect(late.stats.map(({ id }) => id)).toEqual(idsOf(range(5)));
  // Nothing had left before.
  expect(grpc.resent).toBe(0);
});

test('close gives up a receiver that is not there at its deadline', async () => {
  const receiver = await AnalyticsReceiver.start();
  receiver.kill();
  const grpc = new GrpcUnderTest({ url: receiver.url });
  grpc.writeAll(batches(5));
  expect(await grpc.exporter.close(100)).toBe(5);
  expect([grpc.dropped(ExportDrop.CLOSED), grpc.dropped(), grpc.report.state]).toEqual([5, 5, 'closed']);
});
