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
import type { Question } from '../harness/question.js';
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

function figures(measurements: readonly Measurement[]): Figure[] {
  const rounds = (name: string, who: string) => find(measurements, name, who).rounds;
  const overLimit = (name: string, who: string) =>
    pairedRatio(rounds(name, who), rounds(name, bareCells.name));
  const under = (name: string, who: string, rival: string) =>
    pairedRatio(rounds(name, rival), rounds(name, who));
  const [fastestProm, openTelemetry] = ['prom-client, 2 × child.inc', 'OpenTelemetry, 2 × counter.add'];
  const node = Number(process.versions.node.split('.')[0]);
  const timesOpenTelemetry = node >= FASTER_OPENTELEMETRY_NODE ? 200 : 250;
  const found: Figure[] = [
    // The quick run's rounds are short: a recorder's first touch of its cell weighs more there.
    ratioAtMost(`${SLOT_FORM} beside the limit, ${ONE_HOT}`, overLimit(ONE_HOT, SLOT_FORM), 1.5, 3),
    ratioAtMost(`${SLOT_FORM} beside the limit, ${IN_TURN}`, overLimit(IN_TURN, SLOT_FORM), 1.5, 3),
    ratioAtMost(`${SLOT_FORM} beside the limit, ${AT_RANDOM}`, overLimit(AT_RANDOM, SLOT_FORM), 1.5, 4),
    ratioAtMost(`handle form beside the limit, ${IN_TURN}`, overLimit(IN_TURN, HANDLE_FORM), 3, 6),
    ratioAtMost(`handle form beside the limit, ${AT_RANDOM}`, overLimit(AT_RANDOM, HANDLE_FORM), 5, 10),
  ];
  for (const who of [SLOT_FORM, HANDLE_FORM]) {
    found.push(
      ratioAtLeast(`prom-client over ${who}, ${IN_TURN}`, under(IN_TURN, who, fastestProm), 100),
      ratioAtLeast(
        `OpenTelemetry over ${who}, ${IN_TURN}`,
        under(IN_TURN, who, openTelemetry),
        timesOpenTelemetry,
      ),
    );
  }
  return found;
}

export const message: Question = {
  title: 'One data message accounted on the host thread: bytes and count',
  async run({ quick, bare }) {
    const patterns = [oneHot(), inTurn(), atRandom()];
    const under = await EngineUnderBench.start(patterns);
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
    const allocated: Figure[] = [];
    for (const pattern of patterns) {
      // A quick run judges what is said of ten thousand, and the engine itself.
      const few = quick && pattern.name !== IN_TURN;
      const contestants = rivals
        .filter(({ maxRecorders = Number.POSITIVE_INFINITY }) => pattern.recorders <= maxRecorders)
        .filter((rival) => !few || rival === bareCells || ours.includes(rival))
        .map((rival) => contestant(rival, pattern));
      const measured = await interleaved(contestants, {
        rounds: quick ? 4 : 9,
        timeMs: quick ? 15 : 25,
        bare,
      });
      measurements.push(...measured);
    }
    for (const rival of ours) {
      const counter = rival.prepare(patterns[1]!);
      const value = bytesACall(counter.batch, rival.calls);
      allocated.push({
        text: `bytes of heap a call, ${rival.name}`,
        value: Math.round(value * 1000) / 1000,
        unit: 'bytes',
        relation: 'at most',
        bound: 0.05,
        kind: 'ratio',
        quickBound: 0.05,
      });
    }
    await under.end();
    return {
      measurements,
      figures: [...figures(measurements), ...allocated],
      reference: bareCells.name,
      notes: [
        'ns a message, best and median of the rounds; × is the median over the rounds of the time beside the limit in the same round.',
        'The limit has four cells a recorder, as the engine has, and does not know whose they are. Every contestant gets recorder and size from arrays that it reads in order.',
        'Before each round everything is touched twice: what another contestant left in the caches is not counted.',
        'ringbuf.js and postMessage: only the sending is timed. Histograms of 100k recorders do not fit into sensible memory.',
      ],
    };
  },
};
