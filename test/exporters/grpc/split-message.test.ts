import { AnalyticsEvent, AnalyticsEvents, AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitMessage } from '../../../dist/src/exporters/grpc/split-message.js';

const statsOf = (lengths: readonly number[]): AnalyticsStats =>
  new AnalyticsStats({
    stats: lengths.map((length, n) => new AnalyticsStat({ id: `AS_${n}`, mime: 'x'.repeat(length) })),
  });

test('the parts hold the same stats, in the same order, and none is too long that need not be', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(300), fc.nat(40_000)), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 64, max: 50_000 }),
      (lengths, maxBytes) => {
        const whole = statsOf(lengths);
        const parts = splitMessage(whole.toBinary(), maxBytes);
        const decoded = parts.map((part) => AnalyticsStats.fromBinary(part).stats);
        expect(new AnalyticsStats({ stats: decoded.flat() }).equals(whole)).toBe(true);
        parts.forEach((part, n) => {
          expect(part.length).toBeGreaterThan(0);
          if (part.length > maxBytes) expect(decoded[n]).toHaveLength(1);
          // It was not cut for nothing.
          const next = parts[n + 1];
          if (next === undefined) return;
          const [first] = decoded[n + 1]!;
          expect(part.length + new AnalyticsStats({ stats: [first!] }).toBinary().length).toBeGreaterThan(
            maxBytes,
          );
        });
      },
    ),
  );
});

test('nothing is copied', () => {
  const bytes = statsOf([100, 100, 100]).toBinary();
  for (const part of splitMessage(bytes, 128)) expect(part.buffer).toBe(bytes.buffer);
});

test('a message that fits stays as it is', () => {
  const bytes = statsOf([100, 100]).toBinary();
  expect(splitMessage(bytes, bytes.length)).toEqual([bytes]);
  expect(splitMessage(new Uint8Array(0), 64)).toEqual([new Uint8Array(0)]);
});

test('events are split as stats are', () => {
  const events = Array.from({ length: 50 }, (_, n) => new AnalyticsEvent({ id: `AE_${n}` }));
  const parts = splitMessage(new AnalyticsEvents({ events }).toBinary(), 64);
  expect(parts.length).toBeGreaterThan(5);
  expect(parts.flatMap((part) => AnalyticsEvents.fromBinary(part).events.map(({ id }) => id))).toEqual(
    events.map(({ id }) => id),
  );
});

test('what is no list of items goes in one piece, whatever it is', () => {
  const good = statsOf([100, 100]).toBinary();
  const torn = good.subarray(0, good.length - 1);
  const otherField = Uint8Array.of(...good, 0x10, 1);
  const endlessLength = Uint8Array.of(...good, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  for (const bytes of [torn, otherField, endlessLength]) expect(splitMessage(bytes, 64)).toEqual([bytes]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(Buffer.concat(splitMessage(bytes, 64)).equals(bytes)).toBe(true);
    }),
  );
});
