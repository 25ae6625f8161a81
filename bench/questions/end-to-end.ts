import { type DataRecorder, Direction, StatsEngine } from '../../src/index.js';
import { rateAtLeast, ratioAtLeast } from '../harness/figures.js';
import { find, type Measurement, measurement } from '../harness/measurement.js';
import { AT_RANDOM, atRandom, IN_TURN, inTurn, type MessagePattern } from '../harness/message-pattern.js';
import type { Question, RunContext } from '../harness/question.js';
import { pairedRatio } from '../harness/statistics.js';
import { checkSum } from '../harness/sums.js';
import {
  type Messages,
  postMessageBatches,
  ringbufWorker,
  type ThreadRival,
  threadStream,
} from '../rivals/other-thread.js';
import { PostingProcess } from '../rivals/posting-process.js';

const { UPSTREAM } = Direction;
const BARE = 'bare cells, one thread';
const HANDLE_FORM = 'engine, addBytes';
const SLOT_FORM = 'engine, add(slot)';
/** The host does its own work this often. */
const TURN = 500_000;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const bareCells: ThreadRival = {
  name: BARE,
  messages: 40_000_000,
  async run({ recorders, order, sizes }, messages) {
    const cells = new Float64Array(4 * recorders);
    const { length } = order;
    const pass = (count: number): void => {
      const [mine, whose, bytes] = [cells, order, sizes];
      for (let n = 0; n < count; n++) {
        const at = 4 * whose[n]!;
        mine[at]! += bytes[n]!;
        mine[at + 1]! += 1;
      }
    };
    const from = performance.now();
    for (let left = messages; left > 0; left -= length) pass(Math.min(left, length));
    const ms = performance.now() - from;
    const total = { messages: 0, bytes: 0 };
    for (let at = 0; at < cells.length; at += 4) {
      total.bytes += cells[at]!;
      total.messages += cells[at + 1]!;
    }
    return { ...total, ms };
  },
};

/** From the first message to the snapshot that reports the last one, the threads' work in between. */
class EngineRun {
  readonly #engine: StatsEngine;
  readonly #recorders: DataRecorder[];

  private constructor(engine: StatsEngine, recorders: number) {
    this.#engine = engine;
    engine.participantJoined({ room: 'RM_bench', participant: 'PA_bench' });
    this.#recorders = Array.from({ length: recorders }, (_, n) =>
      engine.openDataRecorder({ room: 'RM_bench', participant: 'PA_bench', track: `TR_${n}` }),
    );
  }

  static async start(recorders: number): Promise<EngineRun> {
    const engine = await StatsEngine.start({
      shards: 1,
      capacity: { tracks: 2 * recorders },
      publishIntervalMs: 100,
      // A record of every recorder fits in, so that one flush reports all.
      ringBytes: 2 ** 23,
      reportIntervalMs: 3_600_000,
    });
    const run = new EngineRun(engine, recorders);
    await engine.waitForRoom();
    await engine.flush();
    return run;
  }

  contestant(name: string, slotForm: boolean): ThreadRival {
    return {
      name,
      messages: 160_000_000,
      run: async (pattern, messages) => {
        const pass = slotForm ? this.#bySlot(pattern) : this.#byHandle(pattern);
        const before = await this.#engine.audit();
        const from = performance.now();
        const { length } = pattern.order;
        let sinceTurn = 0;
        for (let left = messages; left > 0; left -= length) {
          const count = Math.min(left, length);
          pass(count);
          sinceTurn += count;
          if (sinceTurn < TURN) continue;
          sinceTurn = 0;
          await nextTurn();
        }
        await this.#engine.flush();
        const ms = performance.now() - from;
        const after = await this.#engine.audit();
        checkSum('balanced books', 1, after.balanced ? 1 : 0);
        return {
          messages: after.reported.UPSTREAM.messages - before.reported.UPSTREAM.messages,
          bytes: after.reported.UPSTREAM.bytes - before.reported.UPSTREAM.bytes,
          ms,
        };
      },
    };
  }

  #byHandle({ order, sizes }: Messages): (count: number) => void {
    const recorders = Array.from(order, (n) => this.#recorders[n]!);
    return (count) => {
      const [mine, bytes] = [recorders, sizes];
      for (let n = 0; n < count; n++) mine[n]!.addBytes(UPSTREAM, bytes[n]!);
    };
  }

  #bySlot({ order, sizes }: Messages): (count: number) => void {
    const slots = Float64Array.from(order, (n) => this.#recorders[n]!.handle(Direction.UPSTREAM));
    const engine = this.#engine;
    return (count) => {
      const [mine, its, bytes] = [engine, slots, sizes];
      for (let n = 0; n < count; n++) mine.add(its[n]!, bytes[n]!);
    };
  }

  async end(): Promise<void> {
    await this.#engine.close();
  }
}

async function race(pattern: MessagePattern, { quick, bare }: RunContext): Promise<Measurement[]> {
  const run = await EngineRun.start(pattern.recorders);
  using posting = new PostingProcess();
  const contestants = [
    bareCells,
    run.contestant(HANDLE_FORM, false),
    run.contestant(SLOT_FORM, true),
    posting,
    ringbufWorker,
    threadStream,
  ];
  const results = contestants.map((): number[] => []);
  for (let round = -1; round < (quick ? 3 : 5); round++) {
    bare.sample();
    for (const [index, contestant] of contestants.entries()) {
      // At random everything is slower: fewer messages show it as well.
      const share = (pattern.name === AT_RANDOM ? 0.5 : 1) * (quick ? 0.25 : 1);
      const messages = contestant.messages * share;
      const counted = await contestant.run(pattern, messages);
      checkSum(`${contestant.name}, messages`, messages, counted.messages);
      checkSum(`${contestant.name}, bytes`, pattern.bytesOf(messages), counted.bytes);
      if (round >= 0) results[index]!.push(messages / 1e3 / counted.ms);
    }
  }
  await run.end();
  return contestants.map(({ name }, index) =>
    measurement({ case: pattern.name, contestant: name }, 'M/s', results[index]!),
  );
}

const NOTES = [
  'Millions of messages a second, from the first message until the snapshot that reports the last one was handed on; the engine publishes every 100 ms meanwhile. Of the others: until the other thread has told its totals.',
];

export const endToEnd: Question = {
  title: 'Messages accounted end to end on two cores, totals compared',
  async run(context) {
    const measurements = await race(inTurn(), context);
    const get = (who: string) => find(measurements, IN_TURN, who);
    const over = (who: string, other: string) => pairedRatio(get(who).rounds, get(other).rounds);
    return {
      measurements,
      reference: BARE,
      figures: [
        rateAtLeast(`${SLOT_FORM}, ${IN_TURN}`, get(SLOT_FORM).best, 'M/s', 150),
        rateAtLeast(`${HANDLE_FORM}, ${IN_TURN}`, get(HANDLE_FORM).best, 'M/s', 150),
        ratioAtLeast(`${SLOT_FORM} beside bare cells, ${IN_TURN}`, over(SLOT_FORM, BARE), 0.5, 0.2),
        ratioAtLeast(
          `${SLOT_FORM} over postMessage batches, ${IN_TURN}`,
          over(SLOT_FORM, postMessageBatches.name),
          4,
          // It is on both sides of half the bound (docs/performance.md).
          1,
        ),
      ],
      notes: NOTES,
    };
  },
};

/** In a process of its own, as a host has one engine. */
export const endToEndRandom: Question = {
  title: 'The same over 100k recorders at random',
  async run(context) {
    const measurements = await race(atRandom(), context);
    const best = (who: string) => find(measurements, AT_RANDOM, who).best;
    return {
      measurements,
      reference: BARE,
      figures: [SLOT_FORM, HANDLE_FORM].map((who) =>
        rateAtLeast(`${who}, ${AT_RANDOM}`, best(who), 'M/s', 35),
      ),
      notes: NOTES,
    };
  },
};
