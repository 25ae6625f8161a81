import { Direction, StatsEngine, type TrackSample } from '../../src/index.js';
import { timeAtMost } from '../harness/figures.js';
import { find, measurement } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { checkSum } from '../harness/sums.js';

const START = 'start()';
const FIRST = 'start, join, open, record, first snapshot';
const CLOSE = 'close() with 20k tracks and full rings';
const TRACKS = 20_000;
const CASE = 'an engine';
const WHOSE = { room: 'RM_bench', participant: 'PA_bench' };

export const startStop: Question = {
  title: 'Start and stop',
  async run({ quick, bare }) {
    const [starts, firsts, closes]: [number[], number[], number[]] = [[], [], []];
    for (let round = -1; round < (quick ? 3 : 6); round++) {
      bare.sample();
      const from = performance.now();
      const engine = await StatsEngine.start({
        capacity: { tracks: TRACKS + 1 },
        reportIntervalMs: 3_600_000,
      });
      const started = performance.now();
      engine.participantJoined(WHOSE);
      const stream = { ssrc: 1, primaryPackets: 1, primaryBytes: 1_000 };
      const sample: TrackSample = { score: 4.4, streams: [stream] };
      const open = (n: number) =>
        engine.openTrackRecorder({ ...WHOSE, track: `TR_${n}`, direction: Direction.UPSTREAM });
      open(0).record(sample);
      const { stats } = await engine.flush();
      const first = performance.now();
      checkSum('stats of the first snapshot', 1, stats);
      const recorders = Array.from({ length: TRACKS }, (_, n) => open(n + 1));
      await engine.waitForRoom();
      for (const recorder of recorders) recorder.record(sample);
      for (const recorder of recorders) recorder.record(sample);
      const closing = performance.now();
      const report = await engine.close();
      const closed = performance.now();
      checkSum('samples left at the close', 0, report.left.samples);
      checkSum('a complete close', 1, report.complete ? 1 : 0);
      if (round < 0) continue;
      starts.push(started - from);
      firsts.push(first - from);
      closes.push(closed - closing);
    }
    const measurements = [
      measurement({ case: CASE, contestant: START }, 'ms', starts),
      measurement({ case: CASE, contestant: FIRST }, 'ms', firsts),
      measurement({ case: CASE, contestant: CLOSE }, 'ms', closes),
    ];
    return {
      measurements,
      figures: [
        timeAtMost('first snapshot path ready', find(measurements, CASE, FIRST).best, 'ms', 300),
        timeAtMost('close under load', find(measurements, CASE, CLOSE).best, 'ms', 1_000),
      ],
      notes: ['Threads included: each round starts a timer thread and its stats workers, and ends them.'],
    };
  },
};
