import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeliveryLimits } from '../../../dist/src/telemetry/webhooks/delivery.js';
import { type Attempt, reactions, SchedulerHarness, type Told } from './scheduler-harness.js';

type Step =
  | { readonly kind: 'add'; readonly key: number; readonly count: number }
  | { readonly kind: 'answer'; readonly which: number; readonly status: number; readonly after?: string }
  | { readonly kind: 'break'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** The next outcome that is told makes its listener add an event. */
  | { readonly kind: 'react'; readonly key: number };

const KEYS = 30;
const nat = fc.nat({ max: 1_000 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      key: fc.nat({ max: KEYS - 1 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: nat,
      status: fc.constantFrom(200, 200, 200, 204, 302, 404, 429, 500, 501, 503),
      after: fc.constantFrom('0', '3', '1000', 'soon'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('break' as const), which: nat }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('react' as const), key: fc.nat({ max: KEYS - 1 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 10, 100, 999, 1_000, 2_500, 6_000),
    }),
  },
);

const limits: fc.Arbitrary<DeliveryLimits> = fc.record({
  requestTimeoutMs: fc.constantFrom(500, 3_000),
  totalDeadlineMs: fc.constantFrom(2_000, 8_000, 60_000),
  maxAgeMs: fc.constantFrom(1_000, 5_000),
  maxQueuePerKey: fc.integer({ min: 1, max: 4 }),
  maxInFlight: fc.constantFrom(1, 3, 10, 20),
  retries: fc.integer({ min: 0, max: 3 }),
  retryMinMs: fc.constantFrom(0, 100),
  retryMaxMs: fc.constantFrom(100, 5_000),
});

/** What a key's receiver has been through, kept from what can be seen from outside. */
interface Seen {
  /** Number of the last event whose first attempt began. */
  lastBegun: number;
  /** Events that were given an outcome. */
  readonly settled: Set<number>;
  added: number;
  lost: number;
  slow: boolean;
  /** Attempts of other keys that began while this one could have gone. */
  overtakenBy: Map<string, number> | undefined;
}

/** Watches a scheduler from outside; `check` throws when it has broken a rule. */
class Watch {
  readonly #harness: SchedulerHarness;
  readonly #limits: DeliveryLimits;
  readonly #keys = new Map<string, Seen>();
  readonly #reactions: string[] = [];
  /** What was broken while the scheduler was at work, which must not hear of it. */
  readonly #broken: unknown[] = [];

  constructor(harness: SchedulerHarness, watched: DeliveryLimits) {
    this.#harness = harness;
    this.#limits = watched;
    harness.onAttempt = (attempt) => this.#note(() => this.#begun(attempt));
    harness.onTold = (told) => this.#note(() => this.#told(told));
  }

  add(key: string): void {
    const seen = this.#seen(key);
    seen.added++;
    const isIdle = seen.settled.size === seen.added - 1;
    if (isIdle && !seen.slow) seen.overtakenBy = new Map();
    this.#harness.add(key);
  }

  /** Adds an event from within the next outcome that is told. */
  react(key: string): void {
    this.#reactions.push(key);
  }

  /** What must hold whenever nothing is under way. */
  check(): void {
    if (this.#broken.length > 0) throw this.#broken[0];
    const { open, openKeys, scheduler } = this.#harness;
    const counts = scheduler.counts();
    const { notified, sent, failed, dropped, queued, inFlight } = counts;
    const settled = sent + failed + dropped.full + dropped.age + dropped.closed;
    expect(notified).toBe(settled + queued + inFlight);
    expect(this.#harness.told).toHaveLength(settled);
    expect(open).toHaveLength(inFlight);
    expect(new Set(openKeys).size).toBe(openKeys.length);
    expect(inFlight).toBeLessThanOrEqual(this.#limits.maxInFlight);
    const slow = openKeys.filter((key) => this.#seen(key).slow);
    expect(slow.length).toBeLessThanOrEqual(Math.max(1, Math.floor(this.#limits.maxInFlight / 10)));
    // No place is left empty while a key that is not slow has a first attempt before it.
    const couldGo = [...this.#keys].filter(([, seen]) => seen.overtakenBy !== undefined);
    if (inFlight < this.#limits.maxInFlight) expect(couldGo.map(([key]) => key)).toEqual([]);
  }

  /** Each event has exactly one outcome, and each loss was told or is still to be told. */
  checkEnd(): void {
    const { told, scheduler } = this.#harness;
    const outcomes = new Set(told.map(({ event }) => `${event.key} ${event.number}`));
    expect(outcomes.size).toBe(told.length);
    expect(told).toHaveLength(scheduler.counts().notified);
    for (const [key, seen] of this.#keys) {
      const mine = told.filter(({ event }) => event.key === key).map(({ outcome }) => outcome);
      const lost = mine.filter(({ result }) => result !== 'sent').length;
      const heard = mine.filter(({ result }) => result === 'sent').reduce((sum, o) => sum + o.numDropped, 0);
      expect(heard + seen.lost).toBe(lost);
    }
  }

  #note(watch: () => void): void {
    try {
      watch();
    } catch (error) {
      this.#broken.push(error);
    }
  }

  #seen(key: string): Seen {
    let seen = this.#keys.get(key);
    if (seen === undefined) {
      seen = {
        lastBegun: 0,
        settled: new Set(),
        added: 0,
        lost: 0,
        slow: false,
        overtakenBy: undefined,
      };
      this.#keys.set(key, seen);
    }
    return seen;
  }

  #begun({ event, numDropped, atMs, signal }: Attempt): void {
    const { key, number } = event;
    const seen = this.#seen(key);
    // In order, and only when all before it are settled.
    expect(number).toBeGreaterThanOrEqual(seen.lastBegun);
    for (let before = 1; before < number; before++) expect(seen.settled.has(before)).toBe(true);
    expect(seen.settled.has(number)).toBe(false);
    seen.lastBegun = number;
    expect(this.#harness.open.length).toBeLessThanOrEqual(this.#limits.maxInFlight);
    expect(numDropped).toBe(seen.lost);
    // Its turn has come; a key that waits for its own lets each other one go first at most once.
    seen.overtakenBy = undefined;
    for (const other of this.#keys.values()) {
      if (other.overtakenBy === undefined) continue;
      const times = (other.overtakenBy.get(key) ?? 0) + 1;
      other.overtakenBy.set(key, times);
      expect(times).toBe(1);
    }
    // It timed out if it is aborted, be it by the total deadline, which may come sooner.
    signal.addEventListener('abort', () => {
      const tookMs = this.#harness.clock.monotonicMs() - atMs;
      this.#note(() => expect(tookMs).toBeLessThanOrEqual(this.#limits.requestTimeoutMs));
      seen.slow = true;
    });
  }

  #told({ event: { key, number }, outcome }: Told): void {
    const seen = this.#seen(key);
    expect(seen.settled.has(number)).toBe(false);
    seen.settled.add(number);
    if (outcome.result === 'sent') seen.lost -= outcome.numDropped;
    else seen.lost++;
    if (outcome.sentEpochMs !== undefined) {
      seen.overtakenBy = seen.settled.size < seen.added && !seen.slow ? new Map() : undefined;
    } else if (seen.settled.size === seen.added) {
      seen.overtakenBy = undefined;
    }
    const reaction = this.#reactions.shift();
    if (reaction !== undefined) this.add(reaction);
  }

  /** An attempt that was answered or broken did not time out. */
  ended(key: string): void {
    this.#seen(key).slow = false;
  }
}

async function take(harness: SchedulerHarness, watch: Watch, next: Step): Promise<void> {
  const { open } = harness;
  if (next.kind === 'add') {
    for (let i = 0; i < next.count; i++) watch.add(`room${next.key}`);
  } else if (next.kind === 'react') {
    watch.react(`room${next.key}`);
  } else if (next.kind === 'wait') {
    await harness.advance(next.ms);
  } else if (open.length > 0) {
    const attempt = open[next.which % open.length]!;
    watch.ended(attempt.event.key);
    if (next.kind === 'break') attempt.break();
    else attempt.answer(next.status, next.after);
  }
  await reactions();
  watch.check();
}

test('whatever happens: order, one at a time, places, turns, slow keys and books hold', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 120 }), async (chosen, steps) => {
      const harness = new SchedulerHarness(chosen);
      const watch = new Watch(harness, chosen);
      for (const next of steps) await take(harness, watch, next);

      // And it comes to an end: nothing is stuck.
      while (harness.scheduler.counts().queued + harness.scheduler.counts().inFlight > 0) {
        if (harness.open.length > 0) await take(harness, watch, { kind: 'answer', which: 0, status: 200 });
        else await take(harness, watch, { kind: 'wait', ms: harness.clock.nextDueInMs ?? Number.NaN });
      }
      watch.checkEnd();
      await harness.scheduler.drained();
      expect(harness.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('whenever it is stopped: what is left is counted, nothing goes on', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (chosen, steps) => {
      const harness = new SchedulerHarness(chosen);
      const watch = new Watch(harness, chosen);
      for (const next of steps) await take(harness, watch, next);

      const { queued, inFlight } = harness.scheduler.counts();
      const begun = harness.attempts.length;
      const left = harness.scheduler.stop();
      expect(left.reduce((sum, { count }) => sum + count, 0)).toBe(queued + inFlight);
      expect(new Set(left.map(({ key }) => key)).size).toBe(left.length);
      expect(harness.clock.pendingTimers).toBe(0);
      await harness.advance(100_000);
      watch.check();
      watch.checkEnd();
      expect(harness.open).toEqual([]);
      expect(harness.attempts).toHaveLength(begun);
    }),
    { numRuns: 200 },
  );
});
