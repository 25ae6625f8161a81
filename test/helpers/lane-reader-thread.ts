import { parentPort, workerData } from 'node:worker_threads';
import { Control, laneWord, Record as RecordMap, type ShardMemory } from '../../dist/src/memory/shard.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { RecordSequence, type SequenceRecord } from './record-sequence.js';
import { SeededRandom } from './seeded-random.js';
import { type LayerTotals, TOTAL_NAMES } from './shard.js';

/** What the reading thread is told, and what it answers. */
export interface LaneReaderTask {
  memory: ShardMemory;
  seed: number;
  records: number;
}
export interface LaneReaderAnswer {
  records: number;
  /** The first record that was not as the sequence says; "" for none. */
  wrong: string;
}

const { memory, seed, records } = workerData as LaneReaderTask;
const { rings, ringWords } = memory.layout;
const ints = new Int32Array(memory.buffer);
const words = new Float64Array(memory.buffer);
const floats = new Float32Array(memory.buffer);
const published = laneWord(0, Control.LANE_PUBLISHED);
const applied = laneWord(0, Control.LANE_APPLIED);
const expected = new RecordSequence(seed);
const pace = new SeededRandom(~seed);
const answer: LaneReaderAnswer = { records: 0, wrong: '' };

function readSample(record: number, header: number): SequenceRecord {
  const at = 2 * record;
  const layers = (header >>> RecordMap.LAYERS_SHIFT) & RecordMap.LAYERS_MASK;
  const hasScore = (header & RecordMap.HAS_SCORE) !== 0;
  return {
    slot: ints[at + RecordMap.I32_SLOT]!,
    generation: ints[at + RecordMap.I32_GENERATION]!,
    timeMs: words[record + RecordMap.TIME]!,
    totals: Object.fromEntries(
      TOTAL_NAMES.map((name, i) => [name, words[record + RecordMap.TOTALS + i]!]),
    ) as SequenceRecord['totals'],
    layers: Array.from({ length: layers }, (_, layer): LayerTotals => {
      const from = record + RecordMap.LAYERS + layer * Totals.LAYER_WORDS;
      return [words[from]!, words[from + 1]!, words[from + 2]!];
    }),
    mime: ints[at + RecordMap.I32_MIME]!,
    rttMs: ints[at + RecordMap.I32_RTT]! >>> 0,
    jitterUs: ints[at + RecordMap.I32_JITTER]! >>> 0,
    score: hasScore ? floats[at + RecordMap.F32_SCORE]! : 0,
    scoreNumber: ints[at + RecordMap.I32_SCORE_NUMBER]!,
  };
}

let position = Atomics.load(ints, applied);
while (answer.records < records && answer.wrong === '') {
  const wake = Atomics.load(ints, Control.I32_WAKE);
  const to = Atomics.load(ints, published);
  if (position === to) {
    Atomics.store(ints, Control.I32_SLEEPING, 1);
    Atomics.wait(ints, Control.I32_WAKE, wake, 100);
    Atomics.store(ints, Control.I32_SLEEPING, 0);
    continue;
  }
  while (position !== to && answer.wrong === '') {
    const record = rings + (position & (ringWords - 1));
    const header = ints[2 * record]!;
    if (((header >>> RecordMap.TYPE_SHIFT) & RecordMap.TYPE_MASK) === RecordMap.SAMPLE) {
      const seen = JSON.stringify(readSample(record, header));
      const due = JSON.stringify(expected.next());
      if (seen !== due) answer.wrong = `record ${answer.records}: ${seen}, expected ${due}`;
      answer.records++;
    }
    position = (position + (header & RecordMap.LENGTH_MASK)) | 0;
    // Lags behind by a random number of records, so that the ring is full at odd places.
    if (pace.chance(0.2)) Atomics.store(ints, applied, position);
  }
  Atomics.store(ints, applied, position);
}
parentPort?.postMessage(answer);
