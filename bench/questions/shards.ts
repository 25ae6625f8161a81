import { availableParallelism } from 'node:os';
import { Direction, StatsEngine, type TrackSample } from '../../src/index.js';
import { type Measurement, measurement } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { checkSum } from '../harness/sums.js';

const SHARDS = [1, 2, 4];
const SAMPLES = 'samples recorded and applied';
const FLUSH = 'flush, from request to snapshot';
const PASSES = 6;

export const shards: Question = {
  title: 'Shards: 1, 2 and 4 stats workers',
  async run({ quick, bare }) {
    const tracks = quick ? 10_000 : 50_000;
    const measurements: Measurement[] = [];
    for (const count of SHARDS) {
      const engine = await StatsEngine.start({
        shards: count,
        capacity: { tracks },
        reportIntervalMs: 3_600_000,
        ringBytes: 2 ** 22,
      });
      const whose = { room: 'RM_bench', participant: 'PA_bench' };
      engine.participantJoined(whose);
      const recorders = Array.from({ length: tracks }, (_, n) =>
        engine.openTrackRecorder({ ...whose, track: `TR_${n}`, direction: Direction.UPSTREAM }),
      );
      await engine.waitForRoom();
      const stream = { ssrc: 1, primaryPackets: 0, primaryBytes: 0 };
      const sample: TrackSample = { score: 4.4, streams: [stream] };
      const [rates, flushes]: [number[], number[]] = [[], []];
      let samples = 0;
      for (let round = -1; round < (quick ? 2 : 4); round++) {
        bare.sample();
        const from = performance.now();
        for (let pass = 0; pass < PASSES; pass++) {
          stream.primaryPackets += 10;
          for (const recorder of recorders) {
            recorder.record(sample);
            // Whoever can wait loses no score.
            if (++samples % 4_096 === 0 && !engine.hasRoom()) await engine.waitForRoom();
          }
        }
        await engine.audit();
        const ms = performance.now() - from;
        await engine.flush();
        if (round < 0) continue;
        rates.push((PASSES * tracks) / 1e3 / ms);
        flushes.push(engine.status().lastFlush.durationMs);
      }
      const { recorded, balanced } = await engine.audit();
      checkSum('samples in the books', samples, recorded.UPSTREAM.samples);
      checkSum('balanced books', 1, balanced ? 1 : 0);
      await engine.close();
      const name = count === 1 ? '1 shard' : `${count} shards`;
      measurements.push(
        measurement({ case: name, contestant: SAMPLES }, 'M/s', rates),
        measurement({ case: name, contestant: FLUSH }, 'ms', flushes),
      );
    }
    return {
      measurements,
      figures: [],
      notes: [
        `${tracks.toLocaleString('en')} tracks, ${PASSES} samples each; this machine has ${availableParallelism()} cores. One recording thread is never faster than it can record: what more shards bring is a shorter flush, where there are cores for them.`,
      ],
    };
  },
};
