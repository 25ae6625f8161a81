import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Figure, ratioAtMost } from '../harness/figures.js';
import { find, type Measurement, measurement, type Series } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { pairedRatio } from '../harness/statistics.js';
import type { LoopOutcome } from './host-loop-process.js';
import { VARIANTS, type VariantName } from './host-loop-variants.js';

const UTILISATION = 'the loop is busy';
const P99 = 'p99 of the loop delay';
const KEPT = 'turns kept';
const PROCESS = new URL('./host-loop-process.js', import.meta.url);

async function runVariant(name: VariantName, seconds: number, tracks: number): Promise<LoopOutcome> {
  const child = fork(PROCESS, [name, String(seconds), String(tracks)], {
    execArgv: ['--max-old-space-size=4096'],
  });
  const [outcome] = (await once(child, 'message')) as [LoopOutcome];
  if (outcome.error !== undefined) throw new Error(`${name}: ${outcome.error}`);
  return outcome;
}

export const hostLoop: Question = {
  title:
    'The host loop under 1 M messages/s, 20k samples/s, a flush and a scrape of 100k tracks every second',
  async run({ quick, bare }) {
    const outcomes = new Map<VariantName, LoopOutcome[]>(VARIANTS.map((name) => [name, []]));
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const name of VARIANTS) {
        bare.sample();
        outcomes.get(name)!.push(await runVariant(name, quick ? 3 : 5, quick ? 20_000 : 100_000));
      }
    }
    const measurements: Measurement[] = [];
    const add = (name: string, unit: '%' | 'ms', read: (outcome: LoopOutcome) => number): void => {
      for (const contestant of VARIANTS) {
        const rounds = outcomes.get(contestant)!.map(read);
        measurements.push(measurement({ case: name, contestant }, unit, rounds));
      }
    };
    add(UTILISATION, '%', ({ utilisation }) => 100 * utilisation);
    add(P99, 'ms', ({ p99Ms }) => p99Ms);
    add(KEPT, '%', ({ kept }) => 100 * kept);
    const rounds = (name: string, who: VariantName) => find(measurements, name, who).rounds;
    const points =
      find(measurements, UTILISATION, 'engine').best - find(measurements, UTILISATION, 'bare').best;
    const added: Figure = {
      text: 'in-loop time the engine adds',
      value: points,
      unit: 'points',
      relation: 'at most',
      bound: 3,
      kind: 'time',
    };
    const series = VARIANTS.map((name): Series => ({ name, points: outcomes.get(name)!.at(-1)!.lateness }));
    const scraped = outcomes.get('engine')!.every((outcome) => outcome.scraped);
    return {
      measurements,
      series,
      figures: [
        added,
        ratioAtMost(
          'p99 of the loop delay beside the bare loop',
          pairedRatio(rounds(P99, 'engine'), rounds(P99, 'bare')),
          2,
          6,
        ),
      ],
      notes: [
        'Turns of 5 ms, 5,000 messages over 10k recorders and 100 samples each. Each variant runs in a process of its own. The largest lateness of a turn in each 100 ms of the last round is plotted.',
        'prom-client counts on the loop and renders there. Below 100 % of turns kept a loop is saturated.',
        ...(scraped ? [] : ['The engine was not scraped: this one has no `metrics` option.']),
        ...(quick ? ['The quick run has 20k tracks.'] : []),
      ],
    };
  },
};
