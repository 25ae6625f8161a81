import { BookCells } from '../memory/cells.js';
import type { SlotFrame } from '../memory/frames.js';
import { Ledger, type LedgerMemory, LedgerWords } from '../memory/ledger.js';
import { Row } from '../memory/row.js';
import type { ShardMemory } from '../memory/shard.js';
import { RowCopies } from './row-copies.js';
import { addRow, type RowViews, rowViews } from './row-merge.js';
import { type ObservedTrack, type RowObserver, UNOBSERVED } from './row-observer.js';
import { compareIdentity, SlotDirectory, type SlotEntry } from './slot-directory.js';
import { encodeStatIdentity, type StatIdentity } from './stat-identity.js';
import { StatsEncoder } from './stats-encoder.js';
import type { ThreadView } from './thread-view.js';
import { type ClosedWindow, ShardReader } from './windows.js';

/** What rows are stamped with, by whoever follows the calls of the telemetry service. */
export interface KnownParticipants {
  isKnown(room: string, participant: string): boolean;
  /** "" when it is not known. */
  roomName(room: string): string;
}

export interface StampOptions {
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly seed: string;
}

/** The four numbers of the books. */
export interface ReportedTotals {
  readonly samples: number;
  readonly messages: number;
  readonly packets: number;
  readonly bytes: number;
}

/** One flush of all shards: LiveKit's messages, and the rows they were made from in the same order. */
export interface BuiltSnapshot {
  readonly flush: number;
  /** Engine time of the flush, ms. */
  readonly time: number;
  /** `livekit.AnalyticsStats`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Only when asked for: the rows, and for each the number of words of its streams, then those. */
  readonly rows: Float64Array<ArrayBuffer> | undefined;
  readonly streams: Float64Array<ArrayBuffer> | undefined;
  /** What of the books it reports, both directions together. */
  readonly totals: ReportedTotals;
  /** Commits the flush, once the snapshot was handed on, and gives its windows back. */
  release(): void;
}

interface Owner extends SlotEntry, ObservedTrack {
  stat: StatIdentity | undefined;
  roomName: string;
}

/** One shard's window in the flush that is being built. */
interface ShardWindow {
  readonly reader: ShardReader;
  readonly window: ClosedWindow;
}

/**
 * Puts the rows of all shards in order, stamps them with their identity, and encodes them. It reads what the
 * stats workers published and writes nothing but, at the release, the books. Timer thread.
 */
export class SnapshotBuilder {
  readonly readers: readonly ShardReader[];
  readonly #threads: readonly ThreadView[];
  readonly #slots: SlotDirectory<Owner>;
  readonly #options: StampOptions;
  readonly #encoder = new StatsEncoder();
  /** Place of each slot's row in the window being built, 0 for none: one word a slot, set and cleared again. */
  readonly #rowOf: Int32Array[];
  readonly #sum = rowViews(1);
  /** Of each shard, oldest first. */
  #listed: readonly (readonly ClosedWindow[])[] = [];
  readonly #ledger: Ledger;
  readonly #observer: RowObserver | undefined;

  constructor(
    shards: readonly ShardMemory[],
    threads: readonly ThreadView[],
    ledger: LedgerMemory,
    options: StampOptions,
    observer?: RowObserver,
  ) {
    this.#observer = observer;
    this.#ledger = new Ledger(ledger);
    this.readers = shards.map((shard) => new ShardReader(shard));
    this.#threads = threads;
    this.#options = options;
    this.#slots = new SlotDirectory(shards.length);
    this.#rowOf = shards.map(({ layout }) => new Int32Array(layout.slots));
  }

  /** Learns whose a slot is. @throws TypeError for what names no slot: every later flush would meet it */
  setOwner([, shard, slot, generation, identity]: SlotFrame): void {
    const slots = Number.isInteger(shard) ? (this.readers[shard]?.layout.slots ?? 0) : 0;
    const isSlot = Number.isInteger(slot) && slot >= 0 && slot < slots && Number.isInteger(generation);
    const sids = [identity.room.sid, identity.participant.sid, identity.track];
    if (!isSlot || !sids.every((sid) => typeof sid === 'string')) throw new TypeError('no frame of a slot');
    this.#slots.set({ shard, slot, generation, identity, stat: undefined, roomName: '', ...UNOBSERVED });
  }

  /** Whose the slots are, those that are no longer in use among them. */
  owners(): readonly SlotEntry[] {
    return this.#slots.inOrder();
  }

  /** How many shards' windows of this flush were taken before: the others were late. */
  #shardsBefore(flush: number, windows: readonly (ShardWindow | undefined)[], half: number): number {
    const ledger = this.#ledger;
    return this.readers.filter((reader, shard) => {
      return (
        windows[shard] === undefined && reader.hasTaken(flush, ledger.words[ledger.shardOf(half, shard)]!)
      );
    }).length;
  }

  /** Lists the windows that are closed now, for `build`; returns their flush numbers, in order. */
  listFlushes(): number[] {
    this.#listed = this.readers.map((reader) => reader.closed());
    const flushes = this.#listed.flatMap((windows) => windows.map(({ flush }) => flush));
    return [...new Set(flushes)].sort((a, b) => a - b);
  }

  /**
   * Builds the snapshot of one flush from the listed windows that belong to it. One that was closed since then is not
   * among them: its owners may still be in an event ring. Flushes are built and released in order.
   * @param originEpochMs the epoch of engine time 0
   * @param withRows also copies the rows, for listeners in the host
   */
  build(flush: number, known: KnownParticipants, originEpochMs: number, withRows: boolean): BuiltSnapshot {
    const windows: (ShardWindow | undefined)[] = this.readers.map((reader, shard) => {
      const window = this.#listed[shard]?.find((listed) => listed.flush === flush);
      return window && { reader, window };
    });
    const time = Math.max(...windows.map((shard) => shard?.window.time ?? Number.NEGATIVE_INFINITY));
    const detail = withRows ? new RowCopies() : undefined;
    const ledger = this.#ledger;
    const half = ledger.begin();
    this.#observer?.begin(ledger.words, half + ledger.layout.metrics);
    const reportedBefore = reportedAt(ledger.words, half);
    this.#encoder.begin(flush, originEpochMs + time, originEpochMs, this.#shardsBefore(flush, windows, half));
    this.#placeRows(windows);
    const owners = this.#slots.inOrder();
    for (let at = 0; at < owners.length; ) {
      const owner = owners[at]!;
      let end = at + 1;
      while (end < owners.length && compareIdentity(owner.identity, owners[end]!.identity) === 0) end++;
      this.#append(owners, at, end, windows, known, detail, half);
      at = end;
    }
    this.#bookStrays(windows, half);
    const { count, saturated } = this.#encoder;
    ledger.words[half + LedgerWords.STATS]! += count;
    ledger.words[half + LedgerWords.FIELDS_SATURATED]! += saturated;
    windows.forEach((shard, index) => {
      shard?.reader.noteTaken(shard.window, ledger, half, index);
    });
    return {
      flush,
      time,
      bytes: this.#encoder.finish(),
      count,
      rows: detail?.rows(),
      streams: detail?.streams(),
      totals: differenceOf(reportedAt(ledger.words, half), reportedBefore),
      release: () => {
        ledger.commit();
        this.releaseTaken();
      },
    };
  }

  /** Gives back what the ledger says is taken: after a commit, and for a thread that died between the two. */
  releaseTaken(): void {
    this.readers.forEach((reader, shard) => {
      reader.release(this.#ledger, shard);
    });
  }

  #placeRows(windows: readonly (ShardWindow | undefined)[]): void {
    windows.forEach((shard, index) => {
      if (shard === undefined) return;
      const places = this.#rowOf[index]!;
      for (const row of shard.reader.rowsOf(shard.window)) {
        places[shard.reader.ints[2 * row + Row.I32_SLOT]!] = row;
      }
    });
  }

  /** Appends the stat of one track, from all its slots that have a row, books them and has them observed. */
  #append(
    owners: readonly Owner[],
    from: number,
    to: number,
    windows: readonly (ShardWindow | undefined)[],
    known: KnownParticipants,
    detail: RowCopies | undefined,
    half: number,
  ): void {
    const first = owners[from]!;
    const { room, participant } = first.identity;
    let isKnown: boolean | undefined;
    let isMedia = false;
    let views: RowViews | undefined;
    let row = 0;
    let mime: Uint8Array | undefined;
    const listed: number[] = [];
    for (let at = from; at < to; at++) {
      const owner = owners[at]!;
      const place = this.#rowOf[owner.shard]![owner.slot]!;
      const shard = windows[owner.shard];
      if (place === 0 || shard === undefined) continue;
      const { reader } = shard;
      if (reader.ints[2 * place + Row.I32_GENERATION] !== owner.generation) continue;
      this.#rowOf[owner.shard]![owner.slot] = 0;
      isKnown ??= known.isKnown(room.sid, participant.sid);
      const thread = this.#threads[(owner.slot / reader.layout.laneSlots) | 0]!;
      isMedia ||= thread.isMedia(owner.shard, owner.slot, reader.layout);
      const section = half + (isKnown ? LedgerWords.REPORTED : LedgerWords.UNATTRIBUTED);
      thread.book(reader.words, reader.ints, place, owner.shard, reader.layout, this.#ledger.words, section); // C4
      if (detail !== undefined && isKnown) thread.listStreams(owner.shard, owner.slot, reader.layout, listed);
      const rowMime = thread.mime(reader.ints[2 * place + Row.I32_MIME]!);
      if (views === undefined) {
        views = reader;
        row = place;
        mime = rowMime;
      } else {
        if (views !== this.#sum) {
          this.#sum.words.set(views.words.subarray(row, row + Row.WORDS));
          views = this.#sum;
          row = 0;
        }
        if (addRow(this.#sum, reader, place)) mime = rowMime;
      }
    }
    if (views === undefined || mime === undefined) return;
    if (isMedia) this.#observer?.observe(views, row, first, mime);
    if (!isKnown) return;
    this.#encoder.append(views.words, views.ints, views.floats, row, this.#statOf(first, known), mime);
    detail?.add(views.words, row, listed);
    this.#ledger.words[half + LedgerWords.SCORES_DROPPED]! += views.ints[2 * row + Row.I32_SCORES_DROPPED]!;
  }

  /** Rows of slots nobody has told us about: nothing is lost silently. */
  #bookStrays(windows: readonly (ShardWindow | undefined)[], half: number): void {
    const { words } = this.#ledger;
    const section = half + LedgerWords.UNATTRIBUTED;
    windows.forEach((shard, index) => {
      if (shard === undefined) return;
      const { reader } = shard;
      const places = this.#rowOf[index]!;
      for (const row of reader.rowsOf(shard.window)) {
        const slot = reader.ints[2 * row + Row.I32_SLOT]!;
        if (places[slot] === 0) continue;
        places[slot] = 0;
        const thread = this.#threads[(slot / reader.layout.laneSlots) | 0]!;
        thread.book(reader.words, reader.ints, row, index, reader.layout, words, section);
      }
    });
  }

  /** The owner's identity, encoded; again when its room has another name. */
  #statOf(owner: Owner, known: KnownParticipants): StatIdentity {
    const { room, participant, track, direction } = owner.identity;
    const roomName = known.roomName(room.sid);
    if (owner.stat === undefined || owner.roomName !== roomName) {
      owner.roomName = roomName;
      owner.stat = encodeStatIdentity({
        ...this.#options,
        roomSid: room.sid,
        roomName,
        participantSid: participant.sid,
        trackSid: track,
        direction,
      });
    }
    return owner.stat;
  }
}

function reportedAt(words: Float64Array, half: number): ReportedTotals {
  const both = (cell: number): number => {
    const upstream = half + LedgerWords.REPORTED + cell;
    return words[upstream]! + words[upstream + BookCells.WORDS]!;
  };
  return {
    samples: both(BookCells.SAMPLES),
    messages: both(BookCells.MESSAGES),
    packets: both(BookCells.PACKETS),
    bytes: both(BookCells.BYTES),
  };
}

function differenceOf(after: ReportedTotals, before: ReportedTotals): ReportedTotals {
  return {
    samples: after.samples - before.samples,
    messages: after.messages - before.messages,
    packets: after.packets - before.packets,
    bytes: after.bytes - before.bytes,
  };
}
