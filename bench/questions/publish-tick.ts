import { CounterCells } from '../../src/memory/cells.js';
import { type Figure, timeAtMost } from '../harness/figures.js';
import { type Measurement, measurement } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { RecordingRig } from '../harness/recording-rig.js';
import { checkSum } from '../harness/sums.js';

interface Case {
  readonly name: string;
  readonly recorders: number;
  /** One recorder in so many has changed. */
  readonly every: number;
}

const CASES: readonly Case[] = [
  { name: '10k changed', recorders: 10_000, every: 1 },
  { name: '100k changed', recorders: 100_000, every: 1 },
  { name: '1 in 10 of 100k changed', recorders: 100_000, every: 10 },
];
const A_RECORD = 'a record';
const LONGEST_TURN = 'longest turn';
const BYTES = 1_000;

export const publishTick: Question = {
  title: 'The publish tick on the host thread',
  async run({ quick, bare }) {
    const measurements: Measurement[] = [];
    const figures: Figure[] = [];
    for (const { name, recorders, every } of CASES) {
      const rig = new RecordingRig({ tracks: recorders });
      const { thread } = rig;
      const slots = rig.openSlots(recorders, true);
      const handles = Array.from(slots, (slot) => thread.slots.handleOf(slot));
      const changed = Math.ceil(recorders / every);
      const [aRecord, longest]: [number[], number[]] = [[], []];
      const rounds = quick ? 10 : 40;
      let total = 0;
      for (let round = -5; round < rounds; round++) {
        if (round % 8 === 0) bare.sample();
        for (let n = 0; n < recorders; n += every) thread.counters.add(handles[n]!, BYTES);
        total += changed;
        let spent = 0;
        let longestTurn = 0;
        for (let complete = false; !complete; ) {
          const from = performance.now();
          complete = thread.publishSome();
          const turn = performance.now() - from;
          spent += turn;
          longestTurn = Math.max(longestTurn, turn);
          // A stats worker on another core would do it meanwhile.
          rig.drain.step();
        }
        checkSum('rows of the window', changed, rig.closeWindow());
        rig.release();
        if (round < 0) continue;
        aRecord.push((spent * 1e6) / changed);
        longest.push(longestTurn);
      }
      const messages = slots.reduce(
        (sum, slot) => sum + thread.cells[thread.slots.countersOf(slot) + CounterCells.MESSAGES]!,
        0,
      );
      checkSum('messages in the cells', total, messages);
      measurements.push(
        measurement({ case: name, contestant: A_RECORD }, 'ns', aRecord),
        measurement({ case: name, contestant: LONGEST_TURN }, 'ms', longest),
      );
      const [record, turn] = measurements.slice(-2) as [Measurement, Measurement];
      // One in ten: the looking for it is what is paid.
      if (every === 1) figures.push(timeAtMost(`a record, ${name}`, record.best, 'ns', 40));
      figures.push(timeAtMost(`longest turn, ${name}`, turn.median, 'ms', 1));
    }
    return {
      measurements,
      figures,
      notes: [
        'A tick looks at every data slot and puts a record for each that changed, in turns of at most 16,384 slots and 8,192 records, between which the host does its own work.',
        'The longest turn is that of a whole tick, its median over the ticks is judged: the largest of all is that of the machine.',
      ],
    };
  },
};
