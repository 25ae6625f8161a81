import { status as Status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { retryDelayMs, slowRetryDelayMs } from '../../../dist/src/exporters/grpc/retry-delay.js';
import { shownStatus, verdictOf } from '../../../dist/src/exporters/grpc/stream-status.js';

const VERDICTS: Readonly<Record<keyof typeof Status, string>> = {
  OK: 'sent',
  CANCELLED: 'retry',
  UNKNOWN: 'retry',
  INVALID_ARGUMENT: 'refused',
  DEADLINE_EXCEEDED: 'retry',
  NOT_FOUND: 'refused',
  ALREADY_EXISTS: 'refused',
  PERMISSION_DENIED: 'retrySlowly',
  RESOURCE_EXHAUSTED: 'retry',
  FAILED_PRECONDITION: 'refused',
  ABORTED: 'retry',
  OUT_OF_RANGE: 'refused',
  UNIMPLEMENTED: 'refused',
  INTERNAL: 'retry',
  UNAVAILABLE: 'retry',
  DATA_LOSS: 'retry',
  UNAUTHENTICATED: 'retrySlowly',
};

test.each(Object.entries(VERDICTS))('%s means: %s', (name, verdict) => {
  expect(verdictOf({ code: Status[name as keyof typeof Status], details: '' })).toBe(verdict);
});

test('a code that no version of gRPC has may go better later', () => {
  for (const code of [17, 99, -1, Number.NaN]) expect(verdictOf({ code, details: '' })).toBe('retry');
});

test.each([
  'Received message larger than max (4194305 vs 4194304)',
  'grpc: received message larger than max (4194305 vs. 4194304)',
])('a message that is too large for the receiver is refused: %s', (details) => {
  const status = { code: Status.RESOURCE_EXHAUSTED, details };
  expect(verdictOf(status)).toBe('refused');
  expect(shownStatus(status)).toBe(
    'RESOURCE_EXHAUSTED: the receiver takes smaller messages only (maxMessageBytes)',
  );
});

describe('a status is shown', () => {
  test.each([
    ['No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'],
    ['No connection established. Last error: Error: getaddrinfo ENOTFOUND x', 'ENOTFOUND'],
    ['Name resolution failed for target dns:x:1', 'its name is unknown'],
    ['Last error: Error: self-signed certificate', 'its certificate is not trusted, or it asks for one'],
    ["Hostname/IP does not match certificate's altnames", "its certificate's name is another"],
  ])('with its cause: %s', (details, cause) => {
    expect(shownStatus({ code: Status.UNAVAILABLE, details })).toBe(
      `UNAVAILABLE: the receiver cannot be reached (${cause})`,
    );
  });

  test.each(Object.keys(VERDICTS))('as %s, with words of ours and none of the receiver', (name) => {
    const text = shownStatus({
      code: Status[name as keyof typeof Status],
      details: 'bad token topsecret\n\u001b[31m<script>',
    });
    expect(text).toMatch(new RegExp(`^${name}: [a-z ]+$`));
  });

  test('also if its code is unknown', () => {
    expect(shownStatus({ code: 99, details: '' })).toBe('CODE_99: the receiver failed');
  });
});

describe('a wait', () => {
  const delays = { retryMinMs: 100, retryMaxMs: 5_000 };

  test('is anything between the shortest and a limit that doubles', () => {
    for (const [failures, limit] of [
      [1, 200],
      [2, 400],
      [5, 3_200],
      [6, 5_000],
      [5_000, 5_000],
    ] as const) {
      expect(retryDelayMs(delays, failures, 0)).toBe(100);
      expect(retryDelayMs(delays, failures, 1)).toBe(limit);
      expect(retryDelayMs(delays, failures, 0.5)).toBe((100 + limit) / 2);
    }
  });

  test('for people lasts at least half of the longest', () => {
    expect([0, 0.5, 1].map((random) => slowRetryDelayMs(delays, random))).toEqual([2_500, 3_750, 5_000]);
    expect(slowRetryDelayMs({ retryMinMs: 100, retryMaxMs: 120 }, 0)).toBe(100);
  });
});
