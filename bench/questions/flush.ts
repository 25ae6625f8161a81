import { AnalyticsStats } from '@livekit/protocol';
import { createMedian, NETWORK_LIMIT } from '../../src/aggregate/median.js';
import { Row } from '../../src/memory/row.js';
import { encodeStatIdentity } from '../../src/snapshot/stat-identity.js';
import { StatsEncoder } from '../../src/snapshot/stats-encoder.js';
import { encodeUtf8 } from '../../src/snapshot/wire.js';
import { type Figure, ratioAtLeast, timeAtMost } from '../harness/figures.js';
import { FlushRig } from '../harness/flush-rig.js';
import { find, type Measurement, measurement } from '../harness/measurement.js';
import type { Question, RunContext } from '../harness/question.js';
import { seededRandom } from '../harness/random.js';
import { pairedRatio } from '../harness/statistics.js';
import { checkSum } from '../harness/sums.js';
import { FirstIdea } from '../rivals/first-idea.js';
import { type StatValues, statOf } from '../rivals/protocol-classes.js';
import { arraySort, type MedianRival, typedArraySort } from '../rivals/sorted-medians.js';

const TRACKS = 100_000;
/** The first idea takes seconds for all of them; it is timed with a twentieth and given twenty times as much. */
const FEWER_TRACKS = 5_000;
const FEW_SCORES = 6;
const MANY_SCORES = 30;
const OURS = 'medians, ours';
const ROWS = 'rows, one worker: all of the window';
const NO_SCORES = 'of that: deltas and rows, no scores';
const BUILD = 'order, stamp, encode: timer thread';
const WHOLE = 'whole flush';
const FIRST = 'whole flush, first idea';
const ENCODE = 'encode one stat';
const WRITER = 'wire writer';
const CLASSES = "@livekit/protocol's classes";

const flushCase = (scores: number): string => `100k tracks, ${scores} scores each`;

const ourMedian: MedianRival = {
  name: OURS,
  sumOfMedians(scores, each) {
    const scratch = new Float32Array(Math.max(each, NETWORK_LIMIT));
    const median = createMedian(new Int32Array(scratch.buffer), scratch);
    let sum = 0;
    for (let at = 0; at < scores.length; at += each) {
      for (let n = 0; n < each; n++) scratch[n] = scores[at + n]!;
      sum += median(each);
    }
    return sum;
  },
};

function timed<T>(work: () => T): [ms: number, result: T] {
  const from = performance.now();
  const result = work();
  return [performance.now() - from, result];
}

/** Named lists of round results that grow. */
class Results {
  readonly #rounds = new Map<string, number[]>();

  add(contestant: string, value: number): void {
    const rounds = this.#rounds.get(contestant);
    if (rounds === undefined) this.#rounds.set(contestant, [value]);
    else rounds.push(value);
  }

  measurements(name: string, unit: 'ms' | 'µs'): Measurement[] {
    return [...this.#rounds].map(([contestant, rounds]) =>
      measurement({ case: name, contestant }, unit, rounds),
    );
  }
}

function medians(results: Results, each: number): void {
  const random = seededRandom(each);
  const scores = Float32Array.from({ length: TRACKS * each }, () => 1 + 4 * random());
  const sums = [ourMedian, typedArraySort, arraySort].map((rival) => {
    const [ms, sum] = timed(() => rival.sumOfMedians(scores, each));
    results.add(rival.name, ms);
    return sum;
  });
  for (const sum of sums) checkSum('sum of the medians', sums[0]!, sum);
}

function firstIdea(results: Results, samples: number): void {
  const idea = new FirstIdea();
  for (let sample = 0; sample < samples; sample++) {
    for (let n = 0; n < FEWER_TRACKS; n++) {
      idea.record(`TR_${n}`, {
        timeMs: 1_000 * sample,
        packets: 10,
        bytes: 9_000,
        score: 1 + ((n + sample) % 4),
      });
    }
  }
  const [ms, { packets }] = timed(() => idea.flush());
  checkSum('packets of the first idea', FEWER_TRACKS * samples * 10, packets);
  results.add(FIRST, (ms * TRACKS) / FEWER_TRACKS);
}

function flushes({ quick, bare }: RunContext, scores: number): Measurement[] {
  const results = new Results();
  const rig = new FlushRig(TRACKS, scores);
  const rounds = quick ? 3 : 6;
  for (let round = -1; round < rounds; round++) {
    bare.sample();
    const kept = round < 0 ? new Results() : results;
    rig.fill(scores, true);
    const whole = rig.flush(scores);
    kept.add(ROWS, whole.rowsMs);
    rig.fill(1, false);
    kept.add(NO_SCORES, rig.flush(1).rowsMs);
    if (round < 3) medians(kept, scores);
    kept.add(BUILD, whole.buildMs);
    kept.add(WHOLE, whole.rowsMs + whole.buildMs);
    if (scores === FEW_SCORES && round >= 0 && round < 3) firstIdea(kept, scores);
  }
  return results.measurements(flushCase(scores), 'ms');
}

function encoding({ quick, bare }: RunContext): Measurement[] {
  const results = new Results();
  const count = quick ? 2_000 : 5_000;
  const words = new Float64Array(count * Row.WORDS);
  const views = [new Int32Array(words.buffer), new Float32Array(words.buffer)] as const;
  const values: StatValues[] = Array.from({ length: count }, (_, n) => ({
    id: `AS_${String(n).padStart(12, '2')}`,
    participant: `PA_${n}`,
    track: `TR_${n}`,
    packets: 60 + (n % 1_000),
    bytes: 54_000 + n,
    startMs: 1_000,
    endMs: 31_000,
    score: 4.25,
    minScore: 3.5,
    medianScore: 4.5,
  }));
  values.forEach((value, n) => {
    const row = n * Row.WORDS;
    words[row + Row.START] = value.startMs;
    words[row + Row.END] = value.endMs;
    words[row + Row.DELTAS + 1] = value.packets;
    words[row + Row.DELTAS + 2] = value.bytes;
    words[row + Row.SCORE_SUM] = value.score * 6;
    words[row + Row.SCORE_MEDIAN] = value.medianScore;
    const [ints, floats] = views;
    ints[2 * row + Row.I32_SCORES] = 6;
    ints[2 * row + Row.I32_RTT] = 20;
    ints[2 * row + Row.I32_JITTER] = 900;
    floats[2 * row + Row.F32_SCORE_MIN] = value.minScore;
  });
  const identities = values.map(({ participant, track }) =>
    encodeStatIdentity({
      seed: 'bench',
      nodeId: 'ND_bench',
      analyticsKey: 'key',
      roomSid: 'RM_bench',
      roomName: 'room',
      participantSid: participant,
      trackSid: track,
      direction: 0,
    }),
  );
  const mime = encodeUtf8('video/VP8');
  const encoder = new StatsEncoder();
  const write = (): Uint8Array => {
    encoder.begin(1, 31_000, 0);
    for (let n = 0; n < count; n++) {
      encoder.append(words, views[0], views[1], n * Row.WORDS, identities[n]!, mime);
    }
    return encoder.finish();
  };
  const build = (): Uint8Array => new AnalyticsStats({ stats: values.map(statOf) }).toBinary();
  const packetsOf = (bytes: Uint8Array): number =>
    AnalyticsStats.fromBinary(bytes).stats.reduce((sum, { streams }) => sum + streams[0]!.primaryPackets, 0);
  const packets = values.reduce((sum, value) => sum + value.packets, 0);
  for (let round = -1; round < (quick ? 4 : 8); round++) {
    bare.sample();
    let writing = Number.POSITIVE_INFINITY;
    let written = new Uint8Array();
    for (let tries = 0; tries < 5; tries++) {
      const [ms, bytes] = timed(write);
      writing = Math.min(writing, ms);
      written = bytes as Uint8Array<ArrayBuffer>;
    }
    const [building, built] = timed(build);
    checkSum('packets written', packets, packetsOf(written));
    checkSum('packets built', packets, packetsOf(built));
    if (round < 0) continue;
    results.add(WRITER, (writing * 1e3) / count);
    results.add(CLASSES, (building * 1e3) / count);
  }
  return results.measurements(ENCODE, 'µs');
}

export const flush: Question = {
  title: 'A flush of 100k tracks',
  async run(context) {
    const measurements = [...flushes(context, FEW_SCORES), ...encoding(context)];
    const get = (name: string, who: string) => find(measurements, name, who);
    const wholes = get(flushCase(FEW_SCORES), WHOLE).rounds;
    const firsts = get(flushCase(FEW_SCORES), FIRST).rounds;
    const figures: Figure[] = [
      timeAtMost(`rows, ${flushCase(FEW_SCORES)}`, get(flushCase(FEW_SCORES), ROWS).best, 'ms', 18),
      timeAtMost('encode one stat', get(ENCODE, WRITER).best, 'µs', 0.6),
      ratioAtLeast(
        'classes over wire writer',
        pairedRatio(get(ENCODE, CLASSES).rounds, get(ENCODE, WRITER).rounds),
        80,
      ),
      ratioAtLeast('first idea over whole flush', pairedRatio(firsts, wholes.slice(0, firsts.length)), 20),
      ratioAtLeast(
        'medians by Array.sort over ours, 6 scores',
        get(flushCase(FEW_SCORES), arraySort.name).best / get(flushCase(FEW_SCORES), OURS).best,
        20,
      ),
    ];
    return {
      measurements,
      figures,
      notes: [
        `The first idea (a Map of arrays, coalesced and built with ${CLASSES} at the flush) was timed with ${FEWER_TRACKS.toLocaleString('en')} tracks; shown is twenty times that.`,
        'Rows are made by each stats worker for its shard; ordering, stamping and encoding are the timer thread’s, for all shards. None is on the host.',
      ],
    };
  },
};

/** In a process of its own: a stats worker has one shard, its compiled code has seen no other. */
export const flushMany: Question = {
  title: 'A flush of 100k tracks with many scores',
  async run(context) {
    const measurements = flushes(context, MANY_SCORES);
    const rows = find(measurements, flushCase(MANY_SCORES), ROWS).best;
    const figures = [timeAtMost(`rows, ${flushCase(MANY_SCORES)}`, rows, 'ms', 50)];
    return { measurements, figures, notes: ['A sample a second, reported every 30 s.'] };
  },
};
