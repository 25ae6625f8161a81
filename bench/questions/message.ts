import { bytesACall } from '../harness/allocation.js';
import { type Figure, ratioAtLeast, ratioAtMost } from '../harness/figures.js';
import { find, type Measurement } from '../harness/measurement.js';
import {
  AT_RANDOM,
  atRandom,
  IN_TURN,
  inTurn,
  type MessagePattern,
  ONE_HOT,
  oneHot,
} from '../harness/message-pattern.js';
import type { Question, RunContext } from '../harness/question.js';
import { type Contestant, interleaved } from '../harness/rounds.js';
import { pairedRatio } from '../harness/statistics.js';
import { checkSum } from '../harness/sums.js';
import { atomicAdds, bareCells, mapOfObjects } from '../rivals/cells.js';
import { EngineUnderBench, HANDLE_FORM, SLOT_FORM } from '../rivals/engine-messages.js';
import { histograms } from '../rivals/histograms.js';
import { messagePassing } from '../rivals/message-passing.js';
import type { MessageRival } from '../rivals/message-rival.js';
import { metricsLibraries } from '../rivals/metrics-libraries.js';

/** From this version on OpenTelemetry's counter is faster, and so is the bound. */
const FASTER_OPENTELEMETRY_NODE = 24;

function contestant(rival: MessageRival, pattern: MessagePattern): Contestant {
  const counter = rival.prepare(pattern);
  return {
    case: pattern.name,
    contestant: rival.name,
    calls: rival.calls,
    warmUpBatches: Math.ceil((2 * pattern.order.length) / rival.calls),
    batch: counter.batch,
    settle: () => counter.settle?.(),
    async verify(calls) {
      const counted = await counter.counted();
      checkSum(`${rival.name}, messages`, calls, counted.messages);
      if (counted.bytes !== undefined)
        checkSum(`${rival.name}, bytes`, pattern.bytesOf(calls), counted.bytes);
    },
  };
}

type Rounds = (name: string, who: string) => readonly number[];

const overLimit = (rounds: Rounds, name: string, who: string): number =>
  pairedRatio(rounds(name, who), rounds(name, bareCells.name));

function figures(rounds: Rounds): Figure[] {
  const under = (who: string, rival: string) => pairedRatio(rounds(IN_TURN, rival), rounds(IN_TURN, who));
  const [fastestProm, openTelemetry] = ['prom-client, 2 × child.inc', 'OpenTelemetry, 2 × counter.add'];
  const node = Number(process.versions.node.split('.')[0]);
  const timesOpenTelemetry = node >= FASTER_OPENTELEMETRY_NODE ? 200 : 250;
  const found: Figure[] = [
    // The quick run's rounds are short: a recorder's first touch of its cell weighs more there.
    ratioAtMost(`${SLOT_FORM} beside the limit, ${ONE_HOT}`, overLimit(rounds, ONE_HOT, SLOT_FORM), 1.5, 3),
    ratioAtMost(`${SLOT_FORM} beside the limit, ${IN_TURN}`, overLimit(rounds, IN_TURN, SLOT_FORM), 1.5, 3),
    ratioAtMost(`handle form beside the limit, ${IN_TURN}`, overLimit(rounds, IN_TURN, HANDLE_FORM), 3, 6),
  ];
  for (const who of [SLOT_FORM, HANDLE_FORM]) {
    found.push(
      ratioAtLeast(`prom-client over ${who}, ${IN_TURN}`, under(who, fastestProm), 100),
      ratioAtLeast(`OpenTelemetry over ${who}, ${IN_TURN}`, under(who, openTelemetry), timesOpenTelemetry),
    );
  }
  return found;
}

/** Each pattern in turn; a quick run has all the rivals for ten thousand recorders only, of which it judges them. */
async function race(
  under: EngineUnderBench,
  patterns: readonly MessagePattern[],
  { quick, bare }: RunContext,
): Promise<Measurement[]> {
  const ours = [under.handleForm(), under.slotForm()];
  const rivals: readonly MessageRival[] = [
    bareCells,
    ...ours,
    mapOfObjects,
    atomicAdds,
    ...histograms,
    ...metricsLibraries,
    ...messagePassing,
  ];
  const measurements: Measurement[] = [];
  for (const pattern of patterns) {
    const few = quick && pattern.name !== IN_TURN;
    const contestants = rivals
      .filter(({ maxRecorders = Number.POSITIVE_INFINITY }) => pattern.recorders <= maxRecorders)
      .filter((rival) => !few || rival === bareCells || ours.includes(rival))
      .map((rival) => contestant(rival, pattern));
    const rounds = { rounds: quick ? 4 : 9, timeMs: quick ? 15 : 25, bare };
    measurements.push(...(await interleaved(contestants, rounds)));
  }
  return measurements;
}

function allocated(rival: MessageRival, pattern: MessagePattern): Figure {
  const value = bytesACall(rival.prepare(pattern).batch, rival.calls);
  return {
    text: `bytes of heap a call, ${rival.name}`,
    value: Math.round(value * 1000) / 1000,
    unit: 'bytes',
    relation: 'at most',
    bound: 0.05,
    kind: 'ratio',
    quickBound: 0.05,
  };
}

const NOTES = [
  'ns a message, best and median of the rounds; × is the median over the rounds of the time beside the limit in the same round.',
  'The limit has four cells a recorder, as the engine has, and does not know whose they are. Every contestant gets recorder and size from arrays that it reads in order.',
  'Before each round everything is touched twice: what another contestant left in the caches is not counted.',
];

export const message: Question = {
  title: 'One data message accounted on the host thread: bytes and count',
  async run(context) {
    const patterns = [oneHot(), inTurn()];
    const under = await EngineUnderBench.start(patterns);
    const measurements = await race(under, patterns, context);
    const heap = [under.handleForm(), under.slotForm()].map((rival) => allocated(rival, patterns[1]!));
    await under.end();
    return {
      measurements,
      figures: [...figures((name, who) => find(measurements, name, who).rounds), ...heap],
      reference: bareCells.name,
      notes: [...NOTES, 'ringbuf.js and postMessage: only the sending is timed.'],
    };
  },
};

/** In a process of its own: what decides is how many pages of memory are touched. */
export const messageRandom: Question = {
  title: 'The same of 100k recorders at random',
  async run(context) {
    const pattern = atRandom();
    const under = await EngineUnderBench.start([pattern]);
    const measurements = await race(under, [pattern], context);
    await under.end();
    const over = (who: string) =>
      overLimit((name, other) => find(measurements, name, other).rounds, AT_RANDOM, who);
    return {
      measurements,
      figures: [
        ratioAtMost(`${SLOT_FORM} beside the limit, ${AT_RANDOM}`, over(SLOT_FORM), 1.5, 4),
        ratioAtMost(`${HANDLE_FORM} beside the limit, ${AT_RANDOM}`, over(HANDLE_FORM), 5, 10),
      ],
      reference: bareCells.name,
      notes: [...NOTES, 'Histograms of 100k recorders do not fit into sensible memory.'],
    };
  },
};
