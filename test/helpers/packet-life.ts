import { SfuStatsError } from '../../dist/src/errors.js';
import { Direction } from '../../dist/src/memory/totals.js';
import type { DataRecorder } from '../../dist/src/record/data-recorder.js';
import { type RecordingMemory, RecordingThread } from '../../dist/src/record/recording-thread.js';
import { SignalRecorder } from '../../dist/src/record/signal-recorder.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { COUNTRIES, type NamedCounts, type PacketTruth } from './packet-truth.js';
import { FakeDirectory } from './recording.js';
import type { SeededRandom } from './seeded-random.js';

interface Open {
  readonly country: string;
  readonly direction: Direction;
  readonly recorder: TrackRecorder | DataRecorder;
}

const ROOM = 'RM_1';
const PARTICIPANTS = ['PA_1', 'PA_2'];
const DIRECTIONS = [Direction.UPSTREAM, Direction.DOWNSTREAM];

/** The random life of recorders of several countries, known and unknown participants among them. */
export class PacketLife {
  readonly thread: RecordingThread;
  readonly directory = new FakeDirectory();
  readonly #random: SeededRandom;
  readonly #truth: PacketTruth;
  readonly #open: Open[] = [];
  opened = 0;

  constructor(memory: RecordingMemory, random: SeededRandom, truth: PacketTruth) {
    this.thread = new RecordingThread(memory, this.directory);
    this.#random = random;
    this.#truth = truth;
  }

  step(): void {
    const step = this.#random.weighted({ open: 3, record: 12, close: 2, tick: 2, join: 1 });
    if (step === 'open') this.#openOne();
    else if (step === 'record') this.#record();
    else if (step === 'close') this.#closeOne();
    else if (step === 'tick') this.thread.publishAll();
    else this.directory.setKnown(this.#random.pick(PARTICIPANTS), this.#random.chance(0.6));
  }

  closeAll(): void {
    while (this.#open.length > 0) this.#closeOne();
  }

  #openOne(): void {
    const random = this.#random;
    const [participant, country] = [random.pick(PARTICIPANTS), random.pick(COUNTRIES)];
    const direction = random.pick(DIRECTIONS);
    const track = `TR_${this.opened}`;
    const kind = random.pick(['media', 'data', 'signal'] as const);
    try {
      let recorder: TrackRecorder | DataRecorder;
      if (kind === 'media')
        recorder = this.thread.openTrack({ room: ROOM, participant, track, direction, country });
      else if (kind === 'data') recorder = this.thread.openData({ room: ROOM, participant, track, country });
      else recorder = this.thread.openSignal();
      // A signal recorder that is never resolved has no country.
      this.#open.push({ country: kind === 'signal' ? '' : country, direction, recorder });
      this.opened++;
    } catch (error) {
      // Too little memory is part of this life.
      if (!(error instanceof SfuStatsError && error.code === 'SFU_STATS_NO_SLOT')) throw error;
      this.thread.publishAll();
    }
  }

  #record(): void {
    if (this.#open.length === 0) return;
    const open = this.#random.pick(this.#open);
    const { recorder, direction, country } = open;
    const random = this.#random;
    if ('addBytes' in recorder) {
      const [bytes, packets] = [random.int(0, 1000), random.pick([1, 1, 3])];
      this.#truth.add(country, direction, { packets, bytes });
      recorder.addBytes(direction, bytes, packets);
      return;
    }
    const stream = {
      primaryPackets: random.int(0, 9),
      primaryBytes: random.int(0, 9000),
      paddingPackets: random.int(0, 2),
      paddingBytes: random.int(0, 200),
      retransmitPackets: random.int(0, 3),
      retransmitBytes: random.int(0, 3000),
      nacks: random.int(0, 2),
      plis: random.int(0, 1),
      firs: random.int(0, 1),
    };
    const isInvalid = random.chance(0.1);
    if (!isInvalid) this.#truth.add(country, direction, countsOf(stream, direction));
    recorder.recordDelta({ streams: [isInvalid ? { ...stream, frames: -1 } : stream] });
  }

  #closeOne(): void {
    if (this.#open.length === 0) return;
    const [open] = this.#open.splice(this.#random.int(0, this.#open.length - 1), 1);
    const { recorder } = open!;
    // One in two never says whose it was.
    if (recorder instanceof SignalRecorder && this.#random.chance(0.5)) {
      recorder.resolve({ room: ROOM, participant: this.#random.pick(PARTICIPANTS), country: open!.country });
    }
    recorder.close();
  }
}

/** LiveKit's arithmetic: upstream, what was sent again is among what was sent. */
export function countsOf(
  stream: {
    primaryPackets: number;
    primaryBytes: number;
    paddingPackets: number;
    paddingBytes: number;
    retransmitPackets: number;
    retransmitBytes: number;
    nacks: number;
    plis: number;
    firs: number;
  },
  direction: Direction,
): NamedCounts {
  const { retransmitPackets, retransmitBytes, nacks, plis, firs } = stream;
  const packets = stream.primaryPackets + stream.paddingPackets;
  const bytes = stream.primaryBytes + stream.paddingBytes;
  return direction === Direction.UPSTREAM
    ? {
        packets: packets + retransmitPackets,
        bytes: bytes + retransmitBytes,
        retransmitPackets: 0,
        retransmitBytes: 0,
        nacks,
        plis,
        firs,
      }
    : { packets, bytes, retransmitPackets, retransmitBytes, nacks, plis, firs };
}
