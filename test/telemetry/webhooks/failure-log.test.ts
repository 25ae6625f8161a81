import { expect, test } from 'vitest';
import { FailureLog } from '../../../dist/src/telemetry/webhooks/failure-log.js';
import { outcomeOfUnqueued } from '../../../dist/src/telemetry/webhooks/line.js';

const failed = outcomeOfUnqueued('red', 'failed', 'status', 'HTTP status 404');
const dropped = outcomeOfUnqueued('red', 'dropped', 'full', '');
const sent = outcomeOfUnqueued('red', 'sent', '', '');

function logOf(): { log: FailureLog; lines: unknown[][]; clock: { nowMs: number } } {
  const lines: unknown[][] = [];
  const clock = { nowMs: 5 };
  const log = new FailureLog(
    'https://example.com/hook',
    (...line) => lines.push(line),
    () => clock.nowMs,
  );
  return { log, lines, clock };
}

test('the first failure is logged at once, with all that is known of it', () => {
  const { log, lines } = logOf();
  log.note('EV_1', failed);
  expect(lines).toEqual([
    [
      'warn',
      {
        url: 'https://example.com/hook',
        failed: 1,
        dropped: 0,
        eventId: 'EV_1',
        key: 'red',
        reason: 'status',
        error: 'HTTP status 404',
      },
      'webhooks were not delivered',
    ],
  ]);
});

test('further ones are counted, and logged together when 10 s have passed', () => {
  const { log, lines, clock } = logOf();
  log.note('EV_1', failed);
  for (let i = 0; i < 1_000; i++) {
    clock.nowMs += 9;
    log.note('EV_2', i % 4 === 0 ? failed : dropped);
  }
  expect(lines).toHaveLength(1);
  clock.nowMs = 10_005;
  log.note('EV_3', dropped);
  expect(lines).toHaveLength(2);
  expect(lines[1]![1]).toMatchObject({ failed: 250, dropped: 751, eventId: 'EV_3', reason: 'full' });
  clock.nowMs = 30_000;
  log.note('EV_4', failed);
  expect(lines[2]![1]).toMatchObject({ failed: 1, dropped: 0 });
});

test('what was sent is not logged', () => {
  const { log, lines } = logOf();
  log.note('EV_1', sent);
  expect(lines).toEqual([]);
});
