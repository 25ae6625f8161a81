import { expect } from 'vitest';
import { RecordResult, type TrackRecorder } from '../../dist/src/index.js';
import { ALICE, type EngineUnderTest } from './engine.js';
import type { SeededRandom } from './seeded-random.js';
import { WindowTally } from './window-tally.js';

/** Exact in float32, so that sums and medians can be compared to the last bit. */
const SCORES = [0.5, 1, 2.25, 3, 4.125, 4.5];
const TRACKS = 12;

/** Records a random load in windows that the tally knows, closing and opening tracks on the way. */
export class WindowLoad {
  readonly tally = new WindowTally();
  readonly #sfu: EngineUnderTest;
  readonly #random: SeededRandom;
  readonly #recorders: { track: string; recorder: TrackRecorder }[] = [];
  #opened = 0;
  /** Number the next flush will have. */
  #flush = 1;

  constructor(sfu: EngineUnderTest, random: SeededRandom) {
    this.#sfu = sfu;
    this.#random = random;
    for (let n = 0; n < TRACKS; n++) this.#recorders.push(this.#open());
  }

  #open(): { track: string; recorder: TrackRecorder } {
    const track = `TR_${this.#opened++}`;
    return { track, recorder: this.#sfu.openTrack(track, { participant: ALICE }) };
  }

  async record(samples: number): Promise<void> {
    const { engine } = this.#sfu;
    for (let n = 0; n < samples; n++) {
      if (!engine.hasRoom()) await engine.waitForRoom();
      const { track, recorder } = this.#random.pick(this.#recorders);
      const packets = this.#random.int(0, 1_000);
      // More than 32 bits hold, and so few that the sum of a long run stays below 2^53.
      const bytes = this.#random.int(0, 2 ** 33);
      const score = this.#random.pick(SCORES);
      const rttMs = this.#random.int(1, 1_000_000);
      const result = recorder.recordDelta({
        score,
        streams: [{ primaryPackets: packets, primaryBytes: bytes, rttMs }],
      });
      expect(result).toBe(RecordResult.RECORDED);
      this.tally.add(this.#flush, track, { packets, bytes, score, rttMs });
    }
  }

  /** A track ends in the middle of a window, and another begins: in time in the slot of the first. */
  replaceTrack(): void {
    const n = this.#random.int(0, TRACKS - 1);
    this.#recorders[n]!.recorder.close();
    this.#recorders[n] = this.#open();
  }

  async flush(): Promise<void> {
    expect(await this.#sfu.engine.flush()).toMatchObject({ flush: this.#flush });
    this.#flush++;
  }
}
