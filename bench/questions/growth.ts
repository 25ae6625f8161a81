import { memoryBytes } from '../../src/engine/memory-plan.js';
import { CounterCells } from '../../src/memory/cells.js';
import { type Figure, ratioAtMost } from '../harness/figures.js';
import { FlushRig } from '../harness/flush-rig.js';
import { find, type Measurement, measurement, type Series } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { RecordingRig, RING_BYTES } from '../harness/recording-rig.js';
import { checkSum } from '../harness/sums.js';

const COUNTS = [1_000, 10_000, 100_000, 1_000_000];
const MESSAGE = 'add(slot), all in turn';
const ROWS = 'flush: rows, one sample each';
const BUILD = 'flush: order, stamp, encode';
const MEMORY = 'shared memory a track';
const FORMULA = 'memoryBytes() a track';
/** A recording thread's two rings and the books are there for one track as for a million. */
const CALLS = 1_000_000;
const KIB = 1_024;

const shown = (tracks: number): string =>
  tracks >= 1e6 ? `${tracks / 1e6}M tracks` : `${tracks / 1e3}k tracks`;

function messageRounds(tracks: number, rounds: number): number[] {
  const rig = new RecordingRig({ tracks });
  const slots = rig.openSlots(tracks, true);
  const { counters } = rig.thread;
  const handles = Float64Array.from(slots, (slot) => rig.thread.slots.handleOf(slot));
  const passes = Math.max(1, CALLS / tracks);
  const pass = (): void => {
    for (let n = 0; n < tracks; n++) counters.add(handles[n]!, 1_200);
  };
  const results: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const from = performance.now();
    for (let n = 0; n < passes; n++) pass();
    if (round >= 0) results.push(((performance.now() - from) * 1e6) / (passes * tracks));
  }
  const messages = slots.reduce(
    (sum, slot) => sum + rig.thread.cells[rig.thread.slots.countersOf(slot) + CounterCells.MESSAGES]!,
    0,
  );
  checkSum(`${MESSAGE}, ${tracks}`, (rounds + 3) * passes * tracks, messages);
  return results;
}

/** What the engine reserves for its tracks of one SSRC each: what does not grow with them is left out. */
function memoryATrack(tracks: number): { actual: number; formula: number } {
  const sizes = {
    shards: 1,
    tracks,
    streams: tracks,
    ports: 0,
    ringBytes: RING_BYTES,
    eventRingBytes: RING_BYTES,
    scoreBlocks: Math.ceil(tracks / 4),
  };
  const rig = new RecordingRig({ tracks, streams: tracks });
  const { shards, threads, board, ledger, telemetry } = rig.memory;
  const actual =
    shards.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) +
    threads.reduce((sum, { cells, events }) => sum + cells.buffer.byteLength + events.byteLength, 0) +
    board.byteLength +
    ledger.buffer.byteLength +
    telemetry.buffer.byteLength;
  const fixed = memoryBytes({ ...sizes, tracks: 0, streams: 0, scoreBlocks: 0 });
  return {
    actual: (actual - fixed) / tracks,
    formula: (memoryBytes(sizes) - fixed) / tracks,
  };
}

export const growth: Question = {
  title: 'Growth: 1k, 10k, 100k and 1M tracks',
  async run({ quick, bare }) {
    const counts = quick ? COUNTS.slice(0, 3) : COUNTS;
    const measurements: Measurement[] = [];
    const [rowPoints, buildPoints]: [[number, number][], [number, number][]] = [[], []];
    for (const tracks of counts) {
      bare.sample();
      const name = shown(tracks);
      const rounds = tracks >= 1e6 ? 3 : 6;
      const { actual, formula } = memoryATrack(tracks);
      checkSum(`memoryBytes of ${tracks} tracks`, formula, actual);
      const [rows, builds]: [number[], number[]] = [[], []];
      const rig = new FlushRig(tracks, 1);
      for (let round = -1; round < (tracks >= 1e6 ? 2 : 4); round++) {
        rig.fill(1, true);
        const { rowsMs, buildMs } = rig.flush(1);
        if (round < 0) continue;
        rows.push(rowsMs);
        builds.push(buildMs);
      }
      measurements.push(
        measurement({ case: name, contestant: MESSAGE }, 'ns', messageRounds(tracks, rounds)),
        measurement({ case: name, contestant: ROWS }, 'ms', rows),
        measurement({ case: name, contestant: BUILD }, 'ms', builds),
        measurement({ case: name, contestant: MEMORY }, 'bytes', [actual]),
        measurement({ case: name, contestant: FORMULA }, 'bytes', [formula]),
      );
      rowPoints.push([tracks, find(measurements, name, ROWS).best]);
      buildPoints.push([tracks, find(measurements, name, BUILD).best]);
    }
    const best = (tracks: number, who: string): number => find(measurements, shown(tracks), who).best;
    const most = counts.at(-1)!;
    const linear = (who: string): number => best(most, who) / most / (best(10_000, who) / 10_000);
    const figures: Figure[] = [
      ratioAtMost(`a message, ${shown(most)} over 10k`, best(most, MESSAGE) / best(10_000, MESSAGE), 3, 6),
      ratioAtMost(`rows a track, ${shown(most)} over 10k`, linear(ROWS), 3, 8),
      ratioAtMost(`stamp and encode a track, ${shown(most)} over 10k`, linear(BUILD), 3, 8),
      {
        text: 'shared memory a track of one SSRC, 100k tracks',
        value: best(100_000, MEMORY) / KIB,
        unit: 'KiB',
        relation: 'at most',
        bound: 1.1,
        kind: 'ratio',
        quickBound: 1.1,
      },
    ];
    const series: Series[] = [
      { name: 'rows, one stats worker', points: rowPoints },
      { name: 'order, stamp, encode, timer thread', points: buildPoints },
    ];
    return {
      measurements,
      figures,
      series,
      notes: [
        'Memory without the two rings (1 MiB each by default), which do not grow with the tracks; at the default score room, a block of 16 scores for every fourth track.',
        'Flat and linear are judged with room for the caches: what lies in them at 10k does not at a million.',
      ],
    };
  },
};
