import { describe, expect, test } from 'vitest';
import { SchedulerHarness, standardLimits } from './scheduler-harness.js';

const { maxInFlight, requestTimeoutMs, totalDeadlineMs, maxAgeMs } = standardLimits;
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** Numbers of a key's events, in the order of their attempts. */
const numbersOf = (harness: SchedulerHarness, key: string): number[] =>
  harness.attemptsOf(key).map(({ event }) => event.number);

/** Makes the attempt in flight of each key time out. */
async function timeOut(harness: SchedulerHarness): Promise<void> {
  await harness.advance(requestTimeoutMs);
}

describe('order', () => {
  test('events of one key go one after another, each when the one before is settled', async () => {
    const harness = new SchedulerHarness();
    harness.add('room', 3);
    expect(numbersOf(harness, 'room')).toEqual([1]);
    await harness.answer('room', 200);
    expect(numbersOf(harness, 'room')).toEqual([1, 2]);
    await harness.answer('room', 204);
    await harness.answer('room', 299);
    expect(harness.outcomesOf('room')).toEqual(['1 sent', '2 sent', '3 sent']);
  });

  test('an event that is tried again keeps those behind it waiting', async () => {
    const harness = new SchedulerHarness();
    harness.add('room', 2);
    await harness.answer('room', 503);
    await harness.advance(999);
    expect(harness.open).toEqual([]);
    await harness.advance(1);
    expect(numbersOf(harness, 'room')).toEqual([1, 1]);
    await harness.answer('room', 200);
    expect(numbersOf(harness, 'room')).toEqual([1, 1, 2]);
  });

  test('keys do not wait for each other', () => {
    const harness = new SchedulerHarness();
    harness.add('a', 2);
    harness.add('b', 2);
    expect(harness.openKeys).toEqual(['a', 'b']);
  });

  test('an event added while its key is idle again goes at once', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', 200);
    harness.add('room');
    expect(numbersOf(harness, 'room')).toEqual([1, 2]);
  });
});

test('how long its key’s queue is with it is told of every event that finds a place', async () => {
  const harness = new SchedulerHarness({ maxQueuePerKey: 2 });
  harness.add('a', 4);
  expect(harness.queued, 'the first is under way, the fourth finds no place').toEqual([1, 1, 2]);
  harness.add('b');
  await harness.answer('a', 200);
  harness.add('a');
  expect(harness.queued.slice(3)).toEqual([1, 2]);
});

describe('places', () => {
  test('at most 50 are in flight, and a place that is left is taken by the next key', async () => {
    const harness = new SchedulerHarness();
    for (const key of names('room', 60)) harness.add(key);
    expect(harness.open).toHaveLength(50);
    expect(harness.scheduler.counts()).toMatchObject({ inFlight: 50, queued: 10 });
    await harness.answer('room7', 200);
    expect(harness.open).toHaveLength(50);
    expect(harness.openKeys.at(-1)).toBe('room50');
  });

  test('keys take turns: one with many events goes to the back after each', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1 });
    harness.add('busy', 3);
    harness.add('a', 2);
    harness.add('b');
    const order: string[] = [];
    while (harness.open.length > 0) {
      const { key } = harness.open[0]!.event;
      order.push(key);
      await harness.answer(key, 200);
    }
    expect(order).toEqual(['busy', 'a', 'b', 'busy', 'a', 'busy']);
  });

  test('a retry waits outside the places', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1 });
    harness.add('failing');
    harness.add('other');
    await harness.answer('failing', 500);
    expect(harness.openKeys).toEqual(['other']);
    expect(harness.scheduler.counts()).toMatchObject({ inFlight: 1, queued: 1 });
  });

  test('a retry that is due takes its turn behind those who wait already', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1 });
    harness.add('failing');
    harness.add('a');
    harness.add('b');
    await harness.answer('failing', 500);
    await harness.advance(1_000);
    await harness.answer('a', 200);
    expect(harness.openKeys).toEqual(['b']);
    await harness.answer('b', 200);
    expect(harness.openKeys).toEqual(['failing']);
  });
});

describe('slow keys', () => {
  /** Every place was held by a key that timed out, and each waits for its retry. */
  async function fiftySlow(): Promise<SchedulerHarness> {
    const harness = new SchedulerHarness();
    for (const key of names('slow', maxInFlight)) harness.add(key);
    await timeOut(harness);
    expect(harness.open).toEqual([]);
    return harness;
  }

  test('keys whose last attempt timed out hold at most a tenth of the places', async () => {
    const harness = await fiftySlow();
    await harness.advance(1_000);
    expect(harness.open).toHaveLength(5);
    for (const key of names('quick', 60)) harness.add(key);
    expect(harness.openKeys.filter((key) => key.startsWith('quick'))).toHaveLength(45);
    // A quick one's place goes to the next quick one, though slow ones have waited longer.
    await harness.answer('quick0', 200);
    expect(harness.openKeys.at(-1)).toBe('quick45');
  });

  test('a slow key that ends its attempt makes place for another slow one', async () => {
    const harness = await fiftySlow();
    await harness.advance(1_000);
    await harness.answer('slow0', 200);
    expect(harness.open).toHaveLength(5);
    expect(harness.openKeys.at(-1)).toBe('slow5');
  });

  test('a key that answers in time is not slow any more', async () => {
    const harness = await fiftySlow();
    await harness.advance(1_000);
    for (const key of names('slow', 50)) {
      await harness.answer(key, 200);
      harness.add(key);
    }
    expect(harness.open.length).toBe(50);
  });

  test('a key stays slow though it had nothing to send for a while', async () => {
    const harness = new SchedulerHarness({ retries: 0 });
    for (const key of names('slow', 10)) harness.add(key);
    await timeOut(harness);
    expect(harness.scheduler.counts()).toMatchObject({ failed: 10, queued: 0, inFlight: 0 });
    for (const key of names('slow', 10)) harness.add(key);
    expect(harness.open).toHaveLength(5);
  });

  test('a refused connection or an error status makes no key slow', async () => {
    const harness = new SchedulerHarness({ retries: 0 });
    for (const [index, key] of names('room', 20).entries()) {
      harness.add(key);
      if (index % 2 === 0) await harness.break(key);
      else await harness.answer(key, 503);
      harness.add(key);
    }
    expect(harness.open).toHaveLength(20);
  });

  test('a connection that could not be made in time makes its key slow, as a timeout', async () => {
    const harness = new SchedulerHarness({ retries: 0 });
    for (const key of names('room', 10)) {
      harness.add(key);
      await harness.break(key, true);
    }
    expect(harness.told[0]!.outcome.reason).toBe('timeout');
    for (const key of names('room', 10)) harness.add(key);
    expect(harness.open).toHaveLength(5);
  });

  test('with fewer than ten places, slow keys may hold one', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 3, retries: 0 });
    for (const key of ['a', 'b', 'c']) harness.add(key);
    await timeOut(harness);
    for (const key of ['a', 'b', 'c']) harness.add(key);
    expect(harness.openKeys).toEqual(['a']);
  });

  test('one key that hangs leaves the others undisturbed', async () => {
    const harness = new SchedulerHarness();
    harness.add('hangs', 5);
    for (let round = 0; round < 20; round++) {
      for (const key of names('room', 100)) harness.add(key);
      for (const key of names('room', 100)) await harness.answer(key, 200);
    }
    expect(harness.scheduler.counts()).toMatchObject({ sent: 2_000, inFlight: 1, queued: 4 });
  });
});

describe('what waits', () => {
  test('of one key at most 200 wait, and the next is dropped as "full"', async () => {
    const harness = new SchedulerHarness();
    harness.add('room', 201);
    expect(harness.told).toEqual([]);
    harness.add('room');
    harness.add('other', 1);
    expect(harness.outcomesOf('room')).toEqual(['202 dropped full']);
    expect(harness.told[0]!.outcome).toMatchObject({ attempts: 0, queuedEpochMs: undefined, queueMs: 0 });
    await harness.answer('room', 200);
    harness.add('room');
    expect(harness.outcomesOf('room')).toEqual(['202 dropped full', '1 sent']);
    expect(harness.scheduler.counts()).toMatchObject({ notified: 204, queued: 200, inFlight: 2 });
  });

  test('an event older than 30 s at its first attempt is dropped as "age"; one of 30 s goes', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, requestTimeoutMs: maxAgeMs * 2 });
    harness.add('first');
    harness.add('old');
    await harness.advance(1);
    harness.add('just young enough');
    await harness.advance(maxAgeMs);
    await harness.answer('first', 200);
    expect(harness.outcomesOf('old')).toEqual(['1 dropped age']);
    expect(harness.openKeys).toEqual(['just young enough']);
    expect(harness.told.find(({ event }) => event.key === 'old')!.outcome).toMatchObject({
      queueMs: maxAgeMs + 1,
      sentEpochMs: undefined,
      sendMs: 0,
    });
  });

  test('an event whose attempts have begun does not age', async () => {
    const harness = new SchedulerHarness({ retryMinMs: 29_000 });
    harness.add('room');
    await harness.answer('room', 503);
    await harness.advance(29_000);
    await harness.answer('room', 503);
    await harness.advance(30_000);
    await harness.answer('room', 200);
    expect(harness.outcomesOf('room')).toEqual(['1 sent']);
  });

  test('what is too old makes way for what comes, though its key has no turn', async () => {
    const harness = new SchedulerHarness({ maxQueuePerKey: 2, requestTimeoutMs: maxAgeMs * 2 });
    harness.add('room', 3);
    await harness.advance(maxAgeMs + 1);
    harness.add('room');
    expect(harness.outcomesOf('room')).toEqual(['2 dropped age', '3 dropped age']);
    await harness.answer('room', 200);
    expect(numbersOf(harness, 'room')).toEqual([1, 4]);
  });

  test('a total deadline shorter than the age counts as age for what was never tried', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, totalDeadlineMs: 5_000 });
    harness.add('first');
    harness.add('late');
    await harness.advance(5_000);
    expect(harness.outcomesOf('late')).toEqual(['1 dropped age']);
  });
});

describe('retries', () => {
  test('four times, after 1, 2, 4 and 8 s, and then it has failed', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
      await harness.answer('room', 503);
      expect(harness.clock.nextDueInMs).toBe(waitMs);
      await harness.advance(waitMs);
    }
    await harness.answer('room', 502);
    expect(harness.attempts).toHaveLength(5);
    expect(harness.told).toHaveLength(1);
    expect(harness.told[0]!.outcome).toMatchObject({
      result: 'failed',
      reason: 'status',
      attempts: 5,
      status: 502,
      error: 'HTTP status 502',
      queueMs: 0,
      sendMs: 15_000,
    });
    expect(harness.scheduler.counts()).toMatchObject({ failed: 1, retries: 4, queued: 0 });
    expect(harness.clock.pendingTimers).toBe(0);
  });

  test('the wait is never longer than 30 s', async () => {
    const harness = new SchedulerHarness({ retries: 8, totalDeadlineMs: 10 * totalDeadlineMs });
    harness.add('room');
    const waits: number[] = [];
    for (let retry = 0; retry < 8; retry++) {
      await harness.break('room');
      const waitMs = harness.clock.nextDueInMs!;
      waits.push(waitMs);
      await harness.advance(waitMs);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('a broken connection is tried again, and reported if it was the last attempt', async () => {
    const harness = new SchedulerHarness({ retries: 1 });
    harness.add('room');
    await harness.break('room');
    await harness.advance(1_000);
    await harness.break('room');
    expect(harness.told[0]!.outcome).toMatchObject({
      result: 'failed',
      reason: 'connection',
      attempts: 2,
      status: 0,
      error: 'connection failed: ECONNRESET',
    });
  });

  test("the status that is reported is the last attempt's: none, if it had no answer", async () => {
    const harness = new SchedulerHarness({ retries: 1 });
    harness.add('room');
    await harness.answer('room', 503);
    await harness.advance(1_000);
    await harness.break('room');
    expect(harness.told[0]!.outcome).toMatchObject({ reason: 'connection', status: 0 });
  });

  test('a request without its answer after 10 s is aborted and tried again', async () => {
    const harness = new SchedulerHarness({ retries: 1 });
    harness.add('room');
    const [first] = harness.open;
    await harness.advance(requestTimeoutMs - 1);
    expect(first!.signal.aborted).toBe(false);
    await harness.advance(1);
    expect(first!.signal.aborted).toBe(true);
    await harness.advance(1_000);
    expect(harness.open).toHaveLength(1);
    await timeOut(harness);
    expect(harness.told[0]!.outcome).toMatchObject({
      reason: 'timeout',
      status: 0,
      error: 'no answer within 10000 ms',
    });
  });

  test('a status that was read before the timeout counts, but its key is slow', async () => {
    const harness = new SchedulerHarness();
    for (const key of names('room', 10)) harness.add(key);
    for (const attempt of harness.open) attempt.statusOnAbort = 200;
    await timeOut(harness);
    expect(harness.scheduler.counts()).toMatchObject({ sent: 10, failed: 0, retries: 0 });
    for (const key of names('room', 10)) harness.add(key);
    expect(harness.open).toHaveLength(5);
  });

  test.each([301, 302, 304, 307, 308, 400, 401, 403, 404, 410, 413, 422, 501])(
    'status %i has failed at once',
    async (status) => {
      const harness = new SchedulerHarness();
      harness.add('room', 2);
      await harness.answer('room', status);
      expect(harness.outcomesOf('room')).toEqual(['1 failed status']);
      expect(harness.told[0]!.outcome).toMatchObject({ attempts: 1, status });
      expect(numbersOf(harness, 'room')).toEqual([1, 2]);
    },
  );

  test.each([429, 500, 502, 503, 504, 599])('status %i is tried again', async (status) => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', status);
    expect(harness.told).toEqual([]);
    await harness.advance(1_000);
    await harness.answer('room', 200);
    expect(harness.told[0]!.outcome).toMatchObject({ result: 'sent', reason: '', attempts: 2, error: '' });
  });

  test('Retry-After in seconds sets the wait', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', 429, '7');
    expect(harness.clock.nextDueInMs).toBe(7_000);
  });

  test('Retry-After as a date sets the wait', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', 503, new Date(harness.clock.epochMs() + 12_000).toUTCString());
    expect(harness.clock.nextDueInMs).toBe(12_000);
  });

  test('Retry-After never asks for more than the longest wait', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', 429, '86400');
    expect(harness.clock.nextDueInMs).toBe(30_000);
  });
});

describe('the total deadline', () => {
  test('an event for which no further attempt would be in time has failed at once', async () => {
    const harness = new SchedulerHarness({ totalDeadlineMs: 3_000, maxAgeMs: 3_000 });
    harness.add('room', 2);
    await harness.answer('room', 503);
    await harness.advance(1_000);
    await harness.answer('room', 503);
    expect(harness.told[0]!.outcome).toMatchObject({
      result: 'failed',
      reason: 'deadline',
      attempts: 2,
      status: 503,
      error: 'HTTP status 503; no time was left for another attempt',
    });
    expect(numbersOf(harness, 'room')).toEqual([1, 1, 2]);
  });

  test('cuts the last attempt short', async () => {
    const harness = new SchedulerHarness({ totalDeadlineMs: 4_000 });
    harness.add('room');
    await harness.advance(4_000);
    expect(harness.told[0]!.outcome).toMatchObject({ result: 'failed', attempts: 1, sendMs: 4_000 });
  });

  test('passes while a retry waits for its turn', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, totalDeadlineMs: 5_000, maxAgeMs: 1_000 });
    harness.add('failing');
    await harness.answer('failing', 503);
    await harness.advance(900);
    harness.add('hangs');
    await harness.advance(4_900);
    await harness.answer('hangs', 200);
    expect(harness.outcomesOf('failing')).toEqual(['1 failed deadline']);
    expect(harness.scheduler.counts()).toMatchObject({ queued: 0, inFlight: 0 });
  });

  test('counts the time in the queue', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, totalDeadlineMs: 40_000 });
    harness.add('first');
    harness.add('second');
    await harness.advance(9_000);
    await harness.answer('first', 200);
    await harness.advance(31_000);
    const { sendMs, queueMs } = harness.told.find(({ event }) => event.key === 'second')!.outcome;
    expect(queueMs).toBe(9_000);
    expect(queueMs + sendMs).toBeLessThanOrEqual(40_000);
  });
});

describe('what was lost is told', () => {
  test('by the next event that is sent, once', async () => {
    const harness = new SchedulerHarness({ maxQueuePerKey: 2 });
    harness.add('room', 6);
    expect(harness.scheduler.counts().dropped).toEqual({ full: 3, age: 0, closed: 0 });
    expect(harness.open[0]!.numDropped).toBe(0);
    await harness.answer('room', 200);
    expect(harness.open[0]!.numDropped).toBe(3);
    await harness.answer('room', 200);
    expect(harness.open[0]!.numDropped).toBe(0);
    await harness.answer('room', 200);
    expect(harness.told.slice(-3).map(({ outcome }) => outcome.numDropped)).toEqual([0, 3, 0]);
  });

  test('again, for as long as the receiver has not said that it heard', async () => {
    const harness = new SchedulerHarness({ retries: 1 });
    harness.add('room', 3);
    await harness.answer('room', 404);
    expect(harness.open[0]!.numDropped).toBe(1);
    await harness.answer('room', 503);
    await harness.advance(1_000);
    expect(harness.open[0]!.numDropped).toBe(1);
    await harness.answer('room', 500);
    expect(harness.open[0]!.numDropped).toBe(2);
    await harness.answer('room', 200);
    harness.add('room');
    expect(harness.open[0]!.numDropped).toBe(0);
  });

  test('of its own key only', async () => {
    const harness = new SchedulerHarness();
    harness.add('a');
    harness.add('b', 2);
    await harness.answer('a', 404);
    await harness.answer('b', 200);
    expect(harness.openOf('b').numDropped).toBe(0);
    harness.add('a');
    expect(harness.openOf('a').numDropped).toBe(1);
  });

  test('by an attempt that begins after it was lost, not by one under way', async () => {
    const harness = new SchedulerHarness({ maxQueuePerKey: 1 });
    harness.add('room', 3);
    await harness.answer('room', 200);
    expect(harness.open[0]!.numDropped).toBe(1);
    harness.add('room', 3);
    await harness.answer('room', 200);
    expect(harness.open[0]!.numDropped).toBe(2);
  });

  test('though the key had nothing to send in between', async () => {
    const harness = new SchedulerHarness();
    harness.add('room');
    await harness.answer('room', 404);
    await harness.advance(3_600_000);
    harness.add('room');
    expect(harness.open[0]!.numDropped).toBe(1);
  });

  test('unless 65,536 other keys had losses since: then it is counted as untold', async () => {
    const harness = new SchedulerHarness({ retries: 0 });
    harness.onAttempt = (attempt) => attempt.answer(404);
    for (const key of names('room', 65_537)) {
      harness.add(key);
      if (harness.scheduler.counts().inFlight === maxInFlight) await harness.advance(0);
    }
    await harness.advance(0);
    expect(harness.scheduler.counts()).toMatchObject({ failed: 65_537, untold: 1 });
    harness.onAttempt = () => {};
    harness.add('room0');
    harness.add('room1');
    expect(harness.open.map(({ numDropped }) => numDropped)).toEqual([0, 1]);
  });
});

describe('the end', () => {
  test('drained() waits for what is queued, in flight or about to be tried again', async () => {
    const harness = new SchedulerHarness();
    let isDrained = false;
    harness.add('room', 2);
    void harness.scheduler.drained().then(() => {
      isDrained = true;
    });
    await harness.answer('room', 200);
    await harness.answer('room', 503);
    expect(isDrained).toBe(false);
    await harness.advance(1_000);
    await harness.answer('room', 200);
    expect(isDrained).toBe(true);
    await harness.scheduler.drained();
  });

  test('what comes after refuse() is dropped as "closed"; what was there is still delivered', async () => {
    const harness = new SchedulerHarness();
    harness.add('room', 2);
    harness.scheduler.refuse();
    harness.add('room');
    harness.add('other');
    expect(harness.outcomesOf('room')).toEqual(['3 dropped closed']);
    expect(harness.outcomesOf('other')).toEqual(['1 dropped closed']);
    await harness.answer('room', 200);
    await harness.answer('room', 200);
    expect(harness.scheduler.counts()).toMatchObject({ notified: 4, sent: 2, queued: 0, inFlight: 0 });
    await harness.scheduler.drained();
  });

  test('stop() aborts, drops and counts what is left by key, and leaves no timer', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 2 });
    harness.add('retrying', 2);
    await harness.answer('retrying', 503);
    harness.add('open', 3);
    harness.add('also open');
    harness.add('waiting', 2);
    const { signal } = harness.openOf('open');
    const drained = harness.scheduler.drained();
    expect(harness.scheduler.stop()).toEqual([
      { key: 'retrying', count: 2 },
      { key: 'open', count: 3 },
      { key: 'also open', count: 1 },
      { key: 'waiting', count: 2 },
    ]);
    expect(signal.aborted).toBe(true);
    expect(harness.clock.pendingTimers).toBe(0);
    expect(harness.scheduler.counts()).toMatchObject({
      notified: 8,
      dropped: { full: 0, age: 0, closed: 8 },
      queued: 0,
      inFlight: 0,
    });
    await drained;
    await harness.advance(totalDeadlineMs);
    expect(harness.told).toHaveLength(8);
    expect(harness.attempts).toHaveLength(3);
    expect(harness.scheduler.stop()).toEqual([]);
    harness.add('late');
    expect(harness.outcomesOf('late')).toEqual(['1 dropped closed']);
  });

  test('an answer that comes after stop() changes nothing', async () => {
    const harness = new SchedulerHarness();
    harness.add('room', 2);
    const [attempt] = harness.open;
    attempt!.answer(200);
    harness.scheduler.stop();
    await harness.advance(0);
    expect(harness.outcomesOf('room')).toEqual(['1 dropped closed', '2 dropped closed']);
    expect(harness.attempts).toHaveLength(1);
  });
});

describe('a listener', () => {
  test('may add events from within an outcome', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, maxQueuePerKey: 1, requestTimeoutMs: 60_000 });
    harness.add('room', 2);
    harness.add('other');
    harness.onTold = ({ event }) => {
      if (event.key === 'room' && event.number < 8) harness.add('room');
    };
    await harness.advance(maxAgeMs + 1);
    await harness.answer('room', 200);
    while (harness.open.length > 0) await harness.answer(harness.openKeys[0]!, 200);
    const { notified, sent, dropped } = harness.scheduler.counts();
    expect(harness.scheduler.counts()).toMatchObject({ queued: 0, inFlight: 0 });
    expect(notified).toBe(sent + dropped.full + dropped.age);
    expect(harness.told).toHaveLength(notified);
  });

  test('may add an event while another is about to start: there is still but one place', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, requestTimeoutMs: 60_000 });
    harness.add('hangs');
    harness.add('room');
    await harness.advance(maxAgeMs - 1);
    harness.add('room');
    await harness.advance(2);
    harness.onTold = ({ outcome }) => {
      if (outcome.reason === 'age') harness.add('other');
    };
    await harness.answer('hangs', 200);
    expect(harness.outcomesOf('room')).toEqual(['1 dropped age']);
    expect(harness.openKeys).toEqual(['room']);
    await harness.answer('room', 200);
    expect(harness.openKeys).toEqual(['other']);
  });

  test('may add an event of the same key: it comes behind the one that is being added', async () => {
    const harness = new SchedulerHarness({ maxInFlight: 1, requestTimeoutMs: 60_000 });
    harness.add('room', 2);
    await harness.advance(maxAgeMs + 1);
    harness.onTold = ({ outcome }) => {
      if (outcome.reason === 'age') harness.add('room');
    };
    harness.add('room');
    expect(harness.outcomesOf('room')).toEqual(['2 dropped age']);
    for (let number = 1; number <= 3; number++) await harness.answer('room', 200);
    expect(numbersOf(harness, 'room')).toEqual([1, 3, 4]);
  });

  test('has heard of every loss before an attempt tells the receiver of it', async () => {
    const harness = new SchedulerHarness({
      maxInFlight: 3,
      requestTimeoutMs: 500,
      maxAgeMs: 1_000,
      retryMinMs: 0,
    });
    harness.add('hangs');
    harness.add('room', 3);
    // Both are slow, and there is one place for them: the other waits for it, and behind it events grow old.
    await harness.advance(2_600);
    expect(harness.openKeys).toEqual(['hangs']);
    harness.onTold = () => {
      if (harness.told.length <= 2) harness.add('hangs');
    };
    const heard: number[] = [];
    harness.onAttempt = ({ event }) =>
      heard.push(harness.outcomesOf(event.key).filter((outcome) => outcome.includes('dropped')).length);
    await harness.answer('hangs', 200);
    harness.onTold = () => {};
    while (harness.open.length > 0) await harness.answer(harness.openKeys[0]!, 200);
    const said = harness.attempts.slice(-heard.length).map(({ numDropped }) => numDropped);
    expect(heard.length).toBeGreaterThan(0);
    expect(said).toEqual(heard);
  });

  test('may stop everything from within an outcome', async () => {
    const harness = new SchedulerHarness({
      maxInFlight: 1,
      requestTimeoutMs: 60_000,
      totalDeadlineMs: 90_000,
    });
    harness.add('retrying');
    await harness.answer('retrying', 503);
    for (const key of ['hangs', 'old', 'older']) harness.add(key, 2);
    // Now the retry is due, and its turn comes right after those of what is too old.
    await harness.advance(maxAgeMs + 1);
    harness.onTold = ({ outcome }) => {
      if (outcome.reason === 'age') harness.scheduler.stop();
    };
    await harness.answer('hangs', 200);
    expect(harness.open).toEqual([]);
    const { notified, sent, dropped } = harness.scheduler.counts();
    expect(notified).toBe(sent + dropped.age + dropped.closed);
    expect(harness.told).toHaveLength(notified);
    expect(harness.attemptsOf('retrying')).toHaveLength(1);
  });
});
