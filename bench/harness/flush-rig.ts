import { FrameType } from '../../src/memory/frames.js';
import { Totals } from '../../src/memory/totals.js';
import { SnapshotBuilder } from '../../src/snapshot/snapshot-builder.js';
import { ThreadView } from '../../src/snapshot/thread-view.js';
import { seededRandom } from './random.js';
import { RecordingRig } from './recording-rig.js';
import { checkSum } from './sums.js';

const PACKETS_A_SAMPLE = 10;
const BYTES_A_SAMPLE = 9_000;
const ORIGIN_MS = Date.UTC(2026, 0, 1);
const KNOWN = { isKnown: () => true, roomName: () => 'room' };

export interface FlushTimes {
  /** Closing the window: deltas, medians and rows. */
  readonly rowsMs: number;
  /** Ordering, stamping and encoding what it holds. */
  readonly buildMs: number;
}

/** A shard whose tracks are filled with samples and flushed, step by step in this thread. */
export class FlushRig {
  readonly rig: RecordingRig;
  readonly builder: SnapshotBuilder;
  readonly tracks: number;
  readonly #slots: Int32Array;
  readonly #scores: Float32Array;
  #number = 0;

  constructor(tracks: number, scores: number) {
    this.tracks = tracks;
    this.rig = new RecordingRig({ tracks, scoreBlocks: scores > 16 ? tracks : Math.ceil(tracks / 4) });
    const { memory } = this.rig;
    this.#slots = this.rig.openSlots(tracks, false);
    const threads = memory.threads.map(({ cells }, lane) => new ThreadView(cells, lane));
    threads[0]!.setMime(1, 'video/VP8');
    this.builder = new SnapshotBuilder(memory.shards, threads, memory.ledger, {
      nodeId: 'ND_bench',
      analyticsKey: 'key',
      seed: 'bench',
    });
    this.#slots.forEach((slot, n) => {
      const participant = { sid: `PA_${n}` };
      const identity = { room: { sid: 'RM_bench' }, participant, track: `TR_${n}`, direction: 0 as const };
      this.builder.setOwner([FrameType.SLOT, 0, slot, 1, identity]);
    });
    const random = seededRandom(3);
    this.#scores = Float32Array.from({ length: 4_096 }, () => 1 + 4 * random());
  }

  /** So many samples of each track, all with a score or none; the worker applies them as they come. */
  fill(samples: number, scored: boolean): void {
    const { rig } = this;
    const { cells, slots } = rig.thread;
    for (let sample = 0; sample < samples; sample++) {
      for (let n = 0; n < this.tracks; n++) {
        const slot = this.#slots[n]!;
        const totals = slots.totalsOf(slot);
        cells[totals + Totals.PRIMARY_PACKETS]! += PACKETS_A_SAMPLE;
        cells[totals + Totals.PRIMARY_BYTES]! += BYTES_A_SAMPLE;
        const score = scored ? this.#scores[(n * 31 + this.#number * 17) & 4_095]! : 0;
        rig.putSample(slot, 0, score, this.#number);
        if (n % 4_096 === 4_095) rig.apply();
      }
      rig.apply();
      if (scored) this.#number++;
    }
  }

  /** @throws SumsDifferError when the snapshot does not say what was filled in */
  flush(samples: number): FlushTimes {
    const { rig, builder, tracks } = this;
    const from = performance.now();
    const rows = rig.closeWindow();
    const closed = performance.now();
    builder.listFlushes();
    const snapshot = builder.build(rig.flushNumber, KNOWN, ORIGIN_MS, false);
    const built = performance.now();
    checkSum('rows', tracks, rows);
    checkSum('stats', tracks, snapshot.count);
    checkSum('samples reported', samples * tracks, snapshot.totals.samples);
    checkSum('packets reported', samples * tracks * PACKETS_A_SAMPLE, snapshot.totals.packets);
    checkSum('bytes reported', samples * tracks * BYTES_A_SAMPLE, snapshot.totals.bytes);
    snapshot.release();
    return { rowsMs: closed - from, buildMs: built - closed };
  }
}
