import { status as Status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, BatchKind, NO_TOTALS } from '../../../dist/src/exporters/batch.js';
import { ExportDrop } from '../../../dist/src/memory/exporter-books.js';
import { GrpcUnderTest } from './exporter-harness.js';
import { FakeChannel, FakeTimers } from './fake-channel.js';

type Step =
  | { readonly does: 'write'; readonly kind: BatchKind; readonly items: number; readonly times: number }
  | { readonly does: 'take'; readonly times: number }
  | { readonly does: 'end'; readonly code: number }
  | { readonly does: 'wait' };

const ITEM_BYTES = 514;
const ITEM = Buffer.concat([Buffer.from([0x0a, 0x80, 0x04]), Buffer.alloc(ITEM_BYTES - 3, 7)]);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('write' as const),
      kind: fc.constantFrom(...Object.values(BatchKind)),
      items: fc.integer({ min: 1, max: 6 }),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('take' as const), times: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('end' as const),
      code: fc.oneof(
        { weight: 3, arbitrary: fc.constant(Status.OK) },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 17 }) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ does: 'wait' as const }) },
);

/** What of a batch's bytes a stream carried, in order, found by what memory they are in. */
function wholeBatches(messages: readonly Uint8Array[], batches: readonly Batch[]): number[] {
  const found: number[] = [];
  let at = 0;
  while (at < messages.length) {
    const n = batches.findIndex(({ bytes }) => bytes.buffer === messages[at]!.buffer);
    let length = 0;
    while (at < messages.length && messages[at]!.buffer === batches[n]!.bytes.buffer)
      length += messages[at++]!.length;
    if (length === batches[n]!.bytes.length) found.push(n);
  }
  return found;
}

test('whatever a receiver does: accepted = sent + dropped + queued, in order, and sent is what was acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 120 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 12 }),
      async (steps, ackEveryBatches, maxQueuedBatches) => {
        const channel = new FakeChannel();
        const timers = new FakeTimers();
        const grpc = new GrpcUnderTest(
          {
            url: 'grpc://receiver:443',
            ackEveryBatches,
            ackEveryMs: 100,
            maxQueuedBatches,
            maxQueuedBytes: 20 * ITEM_BYTES,
            maxMessageBytes: 2 * ITEM_BYTES,
          },
          { channel, timers, random: () => 0.5 },
        );
        const taken: Batch[] = [];
        const acknowledged: number[] = [];
        const refused: number[] = [];

        const check = (): void => {
          const { accepted, sent, exporter } = grpc;
          expect(accepted).toBe(sent + grpc.dropped() + exporter.queued);
          expect(sent).toBe(acknowledged.length);
          expect(grpc.dropped(ExportDrop.REFUSED)).toBe(refused.length);
          expect(channel.calls.filter(({ isOver }) => !isOver).length).toBeLessThanOrEqual(1);
          expect(channel.calls.reduce((sum, { breaches }) => sum + breaches, 0)).toBe(0);
          // A wait before the next attempt, or one for the end of a stream.
          expect(timers.waits.size).toBeLessThanOrEqual(1);
        };
        const end = (code: number): void => {
          const call = channel.current;
          if (call === undefined) return;
          const inIt = wholeBatches(call.messages, taken);
          const isHalfClosed = call.isHalfClosed;
          const refusedBefore = grpc.dropped(ExportDrop.REFUSED);
          if (code === Status.OK && isHalfClosed) acknowledged.push(...inIt);
          call.endWith(code);
          if (grpc.dropped(ExportDrop.REFUSED) > refusedBefore)
            refused.push(acknowledged.length + refused.length);
        };

        for (const one of steps) {
          if (one.does === 'write') {
            for (let n = 0; n < one.times; n++) {
              const bytes = new Uint8Array(Buffer.concat(Array(one.items).fill(ITEM)));
              const batch = new Batch({ ...one, bytes, timeMs: 0, totals: NO_TOTALS });
              // Before it is written: it may go out at once.
              taken.push(batch);
              if (!grpc.exporter.write(batch)) taken.pop();
            }
          } else if (one.does === 'take') {
            for (let n = 0; n < one.times; n++) channel.current?.take();
          } else if (one.does === 'end') end(one.code);
          else timers.advance();
          check();
        }

        const closing = grpc.exporter.close(1_000_000);
        for (let n = 0; n < 1_000 && grpc.report.state !== 'closed'; n++) {
          channel.current?.takeAll();
          if (channel.current === undefined) timers.advance();
          else end(Status.OK);
        }
        expect(await closing).toBe(0);
        expect(grpc.exporter.queued).toBe(0);
        check();
        expect(timers.waits.size).toBe(0);
        // Every batch that was taken was acknowledged or refused, once; those acknowledged in order.
        expect([...acknowledged].sort((a, b) => a - b)).toEqual(acknowledged);
        expect([...acknowledged, ...refused].sort((a, b) => a - b)).toEqual(taken.map((_, n) => n));
        // No stream held two kinds.
        for (const call of channel.calls)
          expect(new Set(wholeBatches(call.messages, taken).map((n) => taken[n]!.kind)).size).toBeLessThan(2);
      },
    ),
    { numRuns: 150 },
  );
});
