import { describe, expect, test } from 'vitest';
import {
  parseRetryAfterMs,
  retryDelayMs,
  verdictOf,
} from '../../../dist/src/telemetry/webhooks/retry-policy.js';

const delays = { retryMinMs: 1_000, retryMaxMs: 30_000 };
const NOW = Date.UTC(1994, 10, 6, 8, 49, 30);

describe('a status', () => {
  test.each([
    [200, 'sent'],
    [204, 'sent'],
    [299, 'sent'],
    [300, 'failed'],
    [302, 'failed'],
    [307, 'failed'],
    [400, 'failed'],
    [404, 'failed'],
    [413, 'failed'],
    [428, 'failed'],
    [429, 'retry'],
    [430, 'failed'],
    [500, 'retry'],
    [501, 'failed'],
    [502, 'retry'],
    [599, 'retry'],
  ])('%i means %s', (status, verdict) => {
    expect(verdictOf(status)).toBe(verdict);
  });
});

describe('Retry-After', () => {
  test.each([
    ['seconds', '120', 120_000],
    ['no seconds', '0', 0],
    ['seconds among spaces', ' 7 ', 7_000],
    ['a date', 'Sun, 06 Nov 1994 08:49:37 GMT', 7_000],
    ['a date of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', 7_000],
    ['a date of asctime', 'Sun Nov  6 08:49:37 1994', 7_000],
    ['a date gone by', 'Sun, 06 Nov 1994 08:49:20 GMT', -10_000],
    ['nothing', '', undefined],
    ['a fraction', '1.5', undefined],
    ['a negative number', '-1', undefined],
    ['words', 'tomorrow', undefined],
    ['another form of date', '1994-11-06T08:49:37Z', undefined],
    ['a date that is none', 'Sun, 99 Nov 1994 08:49:37 GMT', undefined],
    ['a year alone', '1994 GMT', undefined],
  ])('may be %s', (_, value, ms) => {
    expect(parseRetryAfterMs(value, NOW)).toBe(ms);
  });

  test('means the same wherever the machine stands', () => {
    const { TZ } = process.env;
    try {
      process.env.TZ = 'Asia/Tokyo';
      expect(parseRetryAfterMs('Sun Nov  6 08:49:37 1994', NOW)).toBe(7_000);
    } finally {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });
});

describe('the wait before a retry', () => {
  test('doubles from the shortest to the longest', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 60].map((attempts) => retryDelayMs(delays, attempts, undefined, NOW));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test.each([
    ['what was asked for', '5', 5_000],
    ['the shortest, if less was asked for', '0', 1_000],
    ['the shortest, if the date has gone by', 'Sun, 06 Nov 1994 08:00:00 GMT', 1_000],
    ['the longest, if more was asked for', '31', 30_000],
    ['the longest, for a number beyond all bounds', '9'.repeat(400), 30_000],
    ['its own, if what was asked for makes no sense', 'soon', 4_000],
  ])('is %s', (_, retryAfter, ms) => {
    expect(retryDelayMs(delays, 3, retryAfter, NOW)).toBe(ms);
  });
});
