import { SfuStatsError } from '../../dist/src/errors.js';
import { Direction } from '../../dist/src/memory/totals.js';
import type { DataRecorder } from '../../dist/src/record/data-recorder.js';
import { RecordResult } from '../../dist/src/record/result.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { type BookTotals, RecordingBench, type ReportedRow } from './recording.js';
import type { SeededRandom } from './seeded-random.js';

interface Open {
  sid: string;
  direction: Direction;
  recorder: TrackRecorder | DataRecorder;
}

const PARTICIPANTS = ['PA_1', 'PA_2'];
const DIRECTIONS = [Direction.UPSTREAM, Direction.DOWNSTREAM];

export const noBooks = (): BookTotals => ({ samples: 0, messages: 0, packets: 0, bytes: 0 });

export function addBooks(sum: BookTotals, ...more: readonly BookTotals[]): BookTotals {
  for (const { samples, messages, packets, bytes } of more) {
    sum.samples += samples;
    sum.messages += messages;
    sum.packets += packets;
    sum.bytes += bytes;
  }
  return sum;
}

/** What a row says, as the books count it. */
export function booksOf({ track, deltas }: ReportedRow): BookTotals {
  const packets = deltas.primaryPackets + deltas.retransmitPackets + deltas.paddingPackets;
  const isData = track.startsWith('TR_D');
  return {
    samples: deltas.samples,
    messages: isData ? packets : 0,
    packets: isData ? 0 : packets,
    bytes: deltas.primaryBytes + deltas.retransmitBytes + deltas.paddingBytes,
  };
}

/** A random life of many recorders in too little memory, and what their caller knows to have happened. */
export class RecordingLife {
  readonly bench: RecordingBench;
  readonly rows: ReportedRow[] = [];
  /** Every sample that was given to an open recorder, by direction. */
  readonly recorded = [noBooks(), noBooks()] as const;
  /** The samples that media tracks took, by track. */
  readonly taken = new Map<string, BookTotals>();
  /** Samples given to closed recorders. */
  late = 0;
  /** Recorders there was no slot for. */
  refused = 0;
  /** How often recorders answered what. */
  readonly answers = new Map<RecordResult, number>();
  readonly #random: SeededRandom;
  readonly #open: Open[] = [];
  readonly #closed: Open[] = [];
  #opened = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.bench = new RecordingBench({
      shards: random.int(1, 3),
      laneSlots: 4,
      ringWords: random.pick([64, 128, 512]),
      streams: 24,
      position: random.pick([0, 2 ** 31 - 300, 2 ** 32 - 300]) | 0,
    });
  }

  step(): void {
    const random = this.#random;
    const weights = { open: 2, record: 12, close: 1, late: 1, tick: 2, drain: 2, flush: 1, join: 1 };
    const step = random.weighted(weights);
    if (step === 'open') this.#openOne();
    else if (step === 'record') this.#record();
    else if (step === 'close') this.#closeOne();
    else if (step === 'late') this.#recordLate();
    else if (step === 'tick') this.bench.thread.publishAll();
    else if (step === 'drain') this.bench.drain();
    else if (step === 'flush') this.rows.push(...this.bench.flush());
    else this.bench.directory.setKnown(random.pick(PARTICIPANTS), random.chance(0.6));
  }

  /** Closes everything, and flushes until nothing can wait any more. */
  end(): void {
    while (this.#open.length > 0) this.#closeOne();
    for (let n = 0; n < 20; n++) this.rows.push(...this.bench.flush());
    this.bench.thread.publishAll();
  }

  #openOne(): void {
    const random = this.#random;
    const [participant, direction] = [random.pick(PARTICIPANTS), random.pick(DIRECTIONS)];
    const isTrack = random.chance(0.5);
    const sid = `TR_${isTrack ? 'T' : 'D'}${this.#opened++}`;
    try {
      const recorder = isTrack
        ? this.bench.openTrack({ participant, track: sid, direction })
        : this.bench.openData({ participant, track: sid });
      this.#open.push({ sid, direction, recorder });
    } catch (error) {
      // Too little memory is part of this life.
      if (!(error instanceof SfuStatsError && error.code === 'SFU_STATS_NO_SLOT')) throw error;
      this.refused++;
    }
  }

  #closeOne(): void {
    if (this.#open.length === 0) return;
    const [open] = this.#open.splice(this.#random.int(0, this.#open.length - 1), 1);
    open!.recorder.close();
    this.#closed.push(open!);
  }

  #record(): void {
    if (this.#open.length === 0) return;
    const open = this.#random.pick(this.#open);
    const { books, result } = this.#give(open);
    addBooks(this.recorded[open.direction], books);
    if (result === RecordResult.RECORDED || result === RecordResult.FOLDED) {
      this.taken.set(open.sid, addBooks(this.taken.get(open.sid) ?? noBooks(), books));
    }
  }

  #recordLate(): void {
    if (this.#closed.length === 0) return;
    const { result } = this.#give(this.#random.pick(this.#closed));
    if (result !== RecordResult.CLOSED) throw new Error(`a closed recorder answered ${result}`);
    this.late++;
  }

  #give(open: Open): { books: BookTotals; result: RecordResult } {
    const given = this.#giveSample(open);
    this.answers.set(given.result, (this.answers.get(given.result) ?? 0) + 1);
    return given;
  }

  #giveSample({ recorder, direction }: Open): { books: BookTotals; result: RecordResult } {
    const random = this.#random;
    if ('addBytes' in recorder) {
      const [bytes, messages] = [random.pick([0, 1, 1000, 2 ** 40]), random.pick([1, 1, 1, 0, 7])];
      const result = recorder.addBytes(direction, bytes, messages);
      return { books: { samples: 1, messages, packets: 0, bytes }, result };
    }
    const [primaryPackets, paddingPackets] = [random.int(0, 50), random.int(0, 3)];
    const [primaryBytes, retransmitBytes] = [random.int(0, 9000), random.int(0, 9000)];
    const stream = { ssrc: random.int(1, 2), primaryPackets, paddingPackets, primaryBytes, retransmitBytes };
    const broken = random.chance(0.15) ? { frames: -1 } : {};
    const result = recorder.recordDelta({ score: random.int(0, 5), streams: [{ ...stream, ...broken }] });
    const bytes = primaryBytes + retransmitBytes;
    return { books: { samples: 1, messages: 0, packets: primaryPackets + paddingPackets, bytes }, result };
  }
}
