import { AnalyticsStats } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { Flusher } from '../../dist/src/engine/flusher.js';
import { BookCells } from '../../dist/src/memory/cells.js';
import { FrameType } from '../../dist/src/memory/frames.js';
import { createLedger, Ledger, LedgerWords } from '../../dist/src/memory/ledger.js';
import { Entry } from '../../dist/src/memory/shard.js';
import { SnapshotBuilder } from '../../dist/src/snapshot/snapshot-builder.js';
import { ThreadView } from '../../dist/src/snapshot/thread-view.js';
import { RecordingBench } from '../helpers/recording.js';

const STAMP = { nodeId: 'ND', analyticsKey: '', seed: 'test' };

/** A flusher over shards whose stats workers are driven by hand. */
class FlushBench {
  readonly recording = new RecordingBench({ shards: 2 });
  readonly ledger = createLedger({ shards: 2, lanes: 1, metricWords: 0 });
  /** Stats of each snapshot, in order. */
  readonly counts: number[] = [];
  readonly ids: string[] = [];
  /** What other threads do right after the events were drained. */
  meanwhile = (): void => {};
  readonly flusher: Flusher;

  constructor() {
    const { memory, shards } = this.recording;
    const builder = new SnapshotBuilder(
      shards.map((shard) => shard.memory),
      [new ThreadView(memory.cells, 0)],
      this.ledger,
      STAMP,
    );
    this.flusher = new Flusher({
      board: memory.board,
      builder,
      participants: { isKnown: () => true, roomName: () => '' },
      announced: () => true,
      giveUpAnnouncements: () => {},
      drainEvents: () => {
        for (const frame of this.recording.readEvents()) {
          if (frame[0] === FrameType.SLOT) builder.setOwner(frame);
        }
        this.meanwhile();
      },
      monotonic: () => 0,
      originEpochMs: () => 0,
      wantsRows: () => false,
      sink: ({ count, bytes }) => {
        this.counts.push(count);
        this.ids.push(...AnalyticsStats.fromBinary(bytes).stats.map(({ id }) => id));
      },
    });
  }

  record(track: string): void {
    this.recording.openTrack({ track }).recordDelta({ streams: [{ primaryPackets: 5 }] });
    this.recording.thread.publishAll();
  }

  /** Packets in a section of the ledger. */
  packets(section: number): number {
    const ledger = new Ledger(this.ledger);
    return ledger.words[ledger.valid + section + BookCells.PACKETS]!;
  }
}

test('a window that a late shard closes after the events were drained waits for the next: its owners may be news', () => {
  const bench = new FlushBench();
  const [early, late] = bench.recording.shards;
  for (const shard of [early!, late!]) shard.request();
  bench.record('TR_1');
  early!.step();
  bench.meanwhile = () => {
    bench.meanwhile = () => {};
    bench.record('TR_2');
    late!.step();
  };
  bench.flusher.collect(1);
  expect(bench.counts, 'the early shard’s').toEqual([1]);
  bench.flusher.collect(1);
  expect(bench.counts, 'then the late one’s').toEqual([1, 1]);
  expect(bench.packets(LedgerWords.REPORTED)).toBe(10);
  expect(bench.packets(LedgerWords.UNATTRIBUTED)).toBe(0);
});

test.each([
  ['after the early one was taken', false],
  ['while the early one is taken', true],
])(
  'what a shard that closes %s has of the same track is a stat of its own, by the same id when it goes again',
  (_, meanwhile) => {
    const ids = [1, 2].map(() => {
      const bench = new FlushBench();
      const [early, late] = bench.recording.shards;
      // As many windows as the directory has entries: the next is written over one that was taken.
      for (let flush = 1; flush <= Entry.COUNT; flush++) {
        for (const shard of [early!, late!]) {
          shard.request();
          shard.step();
        }
        bench.flusher.collect(flush);
      }
      // The track was closed and opened again: it has a slot in each shard.
      bench.record('TR');
      bench.record('TR');
      for (const shard of [early!, late!]) shard.request();
      early!.step();
      if (meanwhile) bench.meanwhile = () => late!.step();
      bench.flusher.collect(Entry.COUNT + 1);
      late!.step();
      bench.flusher.collect(Entry.COUNT + 1);
      expect(bench.counts.slice(Entry.COUNT)).toEqual([1, 1]);
      return bench.ids;
    });
    expect(new Set(ids[0]).size).toBe(2);
    expect(ids[1]).toEqual(ids[0]);
  },
);
