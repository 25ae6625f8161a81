import { expect, test } from 'vitest';
import { sumOfCounts } from '../../../dist/src/telemetry/webhooks/delivery-counts.js';

const one = {
  notified: 31,
  sent: 1,
  failed: 2,
  dropped: { full: 3, age: 4, closed: 5 },
  queued: 6,
  inFlight: 10,
  retries: 7,
  untold: 8,
};

test('counts of several URLs are added up, each with its like', () => {
  expect(sumOfCounts([one, one, one])).toEqual({
    notified: 93,
    sent: 3,
    failed: 6,
    dropped: { full: 9, age: 12, closed: 15 },
    queued: 18,
    inFlight: 30,
    retries: 21,
    untold: 24,
  });
});

test('without a URL they are all 0', () => {
  expect(sumOfCounts([])).toMatchObject({ notified: 0, dropped: { full: 0, age: 0, closed: 0 }, untold: 0 });
});
