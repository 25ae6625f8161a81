import { type Figure, timeAtMost } from '../harness/figures.js';
import { find, type Measurement, measurement } from '../harness/measurement.js';
import type { Question, RunContext } from '../harness/question.js';
import { shuffled } from '../harness/random.js';
import { RecordingRig } from '../harness/recording-rig.js';
import { checkSum } from '../harness/sums.js';

const TRACKS = 100_000;
const CASE = '100k tracks';
const IN_ORDER = 'apply, in order';
const SHUFFLED = 'apply, shuffled';

/** Windows of two samples a track; the ring is filled and applied piece by piece, the applying timed. */
function applying({ quick, bare }: RunContext): Measurement[] {
  const rig = new RecordingRig({ tracks: TRACKS });
  const slots = rig.openSlots(TRACKS, false);
  const orders: [string, Int32Array][] = [
    [IN_ORDER, slots],
    [SHUFFLED, shuffled(TRACKS).map((n) => slots[n]!)],
  ];
  const piece = 5_000;
  const results = new Map<string, number[]>(orders.map(([name]) => [name, []]));
  let number = 0;
  for (let round = -1; round < (quick ? 3 : 8); round++) {
    bare.sample();
    for (const [name, order] of orders) {
      let spent = 0;
      for (let pass = 0; pass < 2; pass++, number++) {
        for (let at = 0; at < TRACKS; at += piece) {
          for (let n = at; n < at + piece; n++) rig.putSample(order[n]!, 0, 4.5, number);
          rig.lane.publish();
          const from = performance.now();
          const applied = rig.drain.step();
          spent += performance.now() - from;
          // The pad at the ring's end is one more.
          checkSum('records applied', piece, Math.min(applied, piece));
        }
      }
      checkSum('rows of the window', TRACKS, rig.closeWindow());
      rig.release();
      if (round >= 0) results.get(name)!.push((spent * 1e6) / (2 * TRACKS));
    }
  }
  return orders.map(([contestant]) =>
    measurement({ case: CASE, contestant }, 'ns', results.get(contestant)!),
  );
}

export const apply: Question = {
  title: 'One sample, applied by a stats worker',
  async run(context) {
    const measurements = applying(context);
    const best = (who: string): number => find(measurements, CASE, who).best;
    const figures: Figure[] = [
      timeAtMost(IN_ORDER, best(IN_ORDER), 'ns', 80),
      timeAtMost(SHUFFLED, best(SHUFFLED), 'ns', 330),
    ];
    return {
      measurements,
      figures,
      notes: [
        'ns a sample, in windows of two samples a track, the first of which makes the base of the window.',
      ],
    };
  },
};
