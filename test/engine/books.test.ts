import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DataRecorder,
  Direction,
  ErrorCode,
  RecordResult,
  type SfuStatsError,
  type TrackRecorder,
} from '../../dist/src/index.js';
import {
  ALICE,
  BALANCED,
  balance,
  bothWays,
  type EngineUnderTest,
  ROOM,
  recordPackets,
  startEngine,
} from '../helpers/engine.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const PEOPLE = ['PA_1', 'PA_2', 'PA_3'] as const;

/** One member for each name, so that a name tells the members apart. */
type Named<Name extends string, Rest = unknown> = Name extends Name ? { readonly do: Name } & Rest : never;

type Step =
  | Named<'join' | 'leave' | 'openTrack' | 'openData' | 'openSignal', { readonly who: number }>
  | Named<'track', { readonly at: number; readonly packets: number; readonly score: number }>
  | Named<'data', { readonly at: number; readonly bytes: number; readonly messages: number }>
  | Named<'spoilt' | 'closeTrack' | 'closeData' | 'resolve', { readonly at: number }>
  | Named<'advance', { readonly ms: number }>
  | Named<'flush' | 'audit'>;

const at = fc.nat({ max: 99 });
const who = fc.nat({ max: PEOPLE.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('join', 'leave'), who }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('openTrack', 'openData', 'openSignal'), who }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('track' as const),
      at,
      packets: fc.nat({ max: 1_000 }),
      score: fc.nat({ max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('spoilt' as const), at }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('data' as const),
      at,
      bytes: fc.nat({ max: 2 ** 33 }),
      messages: fc.nat({ max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('closeTrack', 'closeData', 'resolve'), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(10, 20_000, 31_000, 200_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('flush', 'audit') }) },
);

/** Does the steps, and counts what every recorder took, beside the engine's own books. */
class Bookkeeper {
  readonly recorded = { samples: 0, messages: 0, packets: 0, bytes: 0 };
  readonly #sfu: EngineUnderTest;
  readonly #tracks: TrackRecorder[] = [];
  readonly #data: DataRecorder[] = [];
  readonly #signals: ReturnType<EngineUnderTest['engine']['openSignalRecorder']>[] = [];
  #time = 0;

  constructor(sfu: EngineUnderTest) {
    this.#sfu = sfu;
  }

  async take(step: Step): Promise<void> {
    const { engine } = this.#sfu;
    if (step.do === 'join') this.#sfu.join(PEOPLE[step.who]);
    else if (step.do === 'leave') this.#sfu.leave(PEOPLE[step.who]);
    else if (step.do === 'advance') await engine.advanceTo((this.#time += step.ms));
    else if (step.do === 'flush') await engine.flush();
    else if (step.do === 'audit') expect(balance(await engine.audit())).toEqual(BALANCED);
    else if ('who' in step) this.#open(step.do, PEOPLE[step.who]!);
    else this.#use(step);
  }

  #open(what: 'openTrack' | 'openData' | 'openSignal', participant: string): void {
    const { engine } = this.#sfu;
    try {
      if (what === 'openTrack') {
        const direction = this.#tracks.length % 2 === 0 ? UPSTREAM : DOWNSTREAM;
        this.#tracks.push(this.#sfu.openTrack(`TR_${this.#tracks.length % 5}`, { participant, direction }));
      } else if (what === 'openData') {
        this.#data.push(engine.openDataRecorder({ room: ROOM, participant }));
      } else {
        this.#signals.push(engine.openSignalRecorder());
        this.#data.push(this.#signals.at(-1)!);
      }
    } catch (error) {
      expect((error as SfuStatsError).code).toBe(ErrorCode.NO_SLOT);
    }
  }

  #use(step: Extract<Step, { readonly at: number }>): void {
    const track = this.#tracks[step.at % Math.max(1, this.#tracks.length)];
    const data = this.#data[step.at % Math.max(1, this.#data.length)];
    if (step.do === 'closeTrack') track?.close();
    else if (step.do === 'closeData') data?.close();
    else if (step.do === 'resolve') this.#resolve(step.at);
    else if (step.do === 'spoilt') {
      this.#count(track?.recordDelta({ streams: [{ primaryPackets: Number.NaN }] }), 0, 0, 0);
    } else if (step.do === 'track') {
      if (track !== undefined) {
        this.#count(recordPackets(track, step.packets, step.score), 0, step.packets, 100 * step.packets);
      }
    } else {
      const direction = step.at % 2 === 0 ? UPSTREAM : DOWNSTREAM;
      this.#count(data?.addBytes(direction, step.bytes, step.messages), step.messages, 0, step.bytes);
    }
  }

  #resolve(n: number): void {
    const signal = this.#signals.at(-1);
    if (signal === undefined || signal.isResolved) return;
    try {
      signal.resolve({ room: ROOM, participant: PEOPLE[n % PEOPLE.length]! });
    } catch (error) {
      expect((error as SfuStatsError).code, 'only a closed one refuses').toBe(ErrorCode.CLOSED);
    }
  }

  #count(result: RecordResult | undefined, messages: number, packets: number, bytes: number): void {
    if (result === undefined || result === RecordResult.CLOSED) return;
    this.recorded.samples += 1;
    this.recorded.messages += messages;
    this.recorded.packets += packets;
    this.recorded.bytes += bytes;
  }
}

describe.each([1, 2, 4])('with %i shards', (shards) => {
  test('the books balance in any order of calls, and say what was recorded and reported', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150 }), async (steps) => {
        await using sfu = await startEngine({ shards, capacity: { tracks: 12 } });
        const books = new Bookkeeper(sfu);
        for (const one of steps) await books.take(one);
        const audit = await sfu.engine.audit();
        expect(balance(audit)).toEqual(BALANCED);
        expect(bothWays(audit.recorded)).toEqual(books.recorded);
        const reported = { samples: 0, messages: 0, packets: 0, bytes: 0 };
        for (const { samples, trackSid, primaryPackets, primaryBytes } of sfu.rows) {
          reported.samples += samples;
          reported[/^TR_(DT|SG)/.test(trackSid) ? 'messages' : 'packets'] += primaryPackets;
          reported.bytes += primaryBytes;
        }
        expect(bothWays(audit.reported)).toEqual(reported);
      }),
      { numRuns: 20 },
    );
  });
});

test('an audit says where things are: in rings, in open windows, reported, dropped', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const signal = sfu.engine.openSignalRecorder();
  recordPackets(recorder, 3);
  signal.addBytes(DOWNSTREAM, 50, 2);
  const first = await sfu.engine.audit();
  expect(first.inside.windows.UPSTREAM).toEqual({ samples: 1, messages: 0, packets: 3, bytes: 300 });
  expect(first.inside.rings.DOWNSTREAM).toEqual({ samples: 1, messages: 2, packets: 0, bytes: 50 });
  expect(balance(first)).toEqual(BALANCED);
  await sfu.engine.flush();
  const second = await sfu.engine.audit();
  expect(second.reported.UPSTREAM).toEqual({ samples: 1, messages: 0, packets: 3, bytes: 300 });
  expect(second.inside.windows.UPSTREAM.samples).toBe(0);
  expect(second.inside.rows.UPSTREAM.samples).toBe(0);
  signal.resolve({ room: ROOM, participant: 'PA_nobody' });
  await sfu.engine.flush();
  const third = await sfu.engine.audit();
  expect(third.dropped.unattributed.DOWNSTREAM).toEqual({ samples: 1, messages: 2, packets: 0, bytes: 50 });
  expect(third.inside.rings.DOWNSTREAM.samples).toBe(0);
  expect(balance(third)).toEqual(BALANCED);
});

test('audits that are asked for at once all come true, and flushes go on between them', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recordPackets(recorder, 1);
  const [a, flush, b, c] = await Promise.all([
    sfu.engine.audit(),
    sfu.engine.flush(),
    sfu.engine.audit(),
    sfu.engine.audit(),
  ]);
  expect(flush.stats).toBe(1);
  for (const audit of [a, b, c]) expect(balance(audit)).toEqual(BALANCED);
  expect([a, b, c].map(({ reported }) => reported.UPSTREAM.packets)).toEqual([0, 1, 1]);
});

test('the checker used here sees what is missing', async () => {
  await using sfu = await startEngine();
  sfu.join(ALICE);
  recordPackets(sfu.openTrack('TR'), 5);
  await sfu.engine.flush();
  const audit = await sfu.engine.audit();
  const doctored = structuredClone(audit) as { reported: { UPSTREAM: { packets: number } } } & typeof audit;
  doctored.reported.UPSTREAM.packets -= 1;
  expect(balance(doctored).missing).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
});
