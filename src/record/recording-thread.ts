import { ErrorCode, SfuStatsError } from '../errors.js';
import { Board } from '../memory/board.js';
import { bytesOf, packetsOf } from '../memory/books.js';
import { BookCells, type CellsMemory, MetaCells, ThreadBooks } from '../memory/cells.js';
import { FrameType, SAID_BEFORE, type SlotFrame, type SlotIdentity } from '../memory/frames.js';
import type { ShardMemory } from '../memory/shard.js';
import { Direction } from '../memory/totals.js';
import type { FollowedParticipant, ParticipantDirectory } from './attribution.js';
import { CounterTable } from './counter-table.js';
import { DataRecorder, MessageCounters, ownRecorders } from './data-recorder.js';
import { EventWriter } from './event-writer.js';
import type { CountryOption, TrackLabelOptions } from './labels.js';
import { Lane } from './lane.js';
import { MimeTable } from './mime-table.js';
import { type MessagesIdentity, messagesIdentity, trackIdentity } from './recorder-identity.js';
import type { ParticipantRef, RoomRef, TrackRef } from './refs.js';
import { SampleReader } from './sample-reader.js';
import { type SignalIdentity, SignalRecorder } from './signal-recorder.js';
import { SlotTable } from './slot-table.js';
import { StreamPool } from './stream-pool.js';
import { TrackRecorder } from './track-recorder.js';

/** The memory one recording thread writes; structured-clonable, so that it can be posted to that thread. */
export interface RecordingMemory {
  /** The thread's lane in every shard. */
  readonly lane: number;
  readonly shards: readonly ShardMemory[];
  readonly cells: CellsMemory;
  readonly events: SharedArrayBuffer;
  readonly board: Float64Array;
}

export interface TrackRecorderOptions extends TrackLabelOptions {
  readonly room: RoomRef;
  readonly participant: ParticipantRef;
  readonly track: TrackRef;
  /** UPSTREAM: from the client; DOWNSTREAM: to the client. */
  readonly direction: Direction;
}

export interface DataRecorderOptions extends CountryOption {
  readonly room: RoomRef;
  readonly participant: ParticipantRef;
  /** @default `TR_DT` + the participant's sid */
  readonly track?: string;
}

interface Retry {
  /** @returns false to be called again at the next tick. */
  retry(): boolean;
}

/** Slots one turn of the publish tick looks at, and records it puts: well under a millisecond together. */
const SLOTS_A_TURN = 16_384;
const PUTS_A_TURN = 8_192;
const RECORDERS_A_BLOCK = 256;

/**
 * Everything one thread records with: its lanes, cells, slots and event ring. Nothing here waits for another
 * thread. All calls on the thread that made it.
 */
export class RecordingThread {
  readonly cells: Float64Array;
  /** The same cells; the books are at their beginning (ThreadBooks). */
  readonly books: Float64Array;
  readonly slots: SlotTable;
  readonly streams: StreamPool;
  readonly reader: SampleReader;
  readonly events: EventWriter;
  readonly mimes: MimeTable;
  readonly counters: CounterTable;
  readonly lanes: readonly Lane[];
  readonly #board: Float64Array;
  readonly #directory: ParticipantDirectory;
  #retries: Retry[] = [];
  readonly #DataRecorder: typeof DataRecorder;
  readonly #SignalRecorder: typeof SignalRecorder;
  #blankRecorders: DataRecorder[] = [];
  /** The timer thread that is being told, as ANNOUNCED counts them. */
  #announcing = 0;
  /** Where the publish tick goes on. */
  #publishFrom = 0;

  constructor(memory: RecordingMemory, directory: ParticipantDirectory) {
    this.cells = new Float64Array(memory.cells.buffer);
    this.books = this.cells;
    this.#board = memory.board;
    this.#directory = directory;
    this.lanes = memory.shards.map((shard) => new Lane(shard, memory.lane, this.cells));
    this.streams = new StreamPool(memory.cells);
    this.slots = new SlotTable(memory.cells, this.lanes, memory.shards[0]!.layout.laneSlots, this.streams);
    this.reader = new SampleReader(this.streams);
    this.events = new EventWriter(memory.events);
    this.mimes = new MimeTable(this.events);
    this.counters = new CounterTable(memory.cells, this.slots, () => this.now());
    this.#DataRecorder = ownRecorders(DataRecorder, this.counters);
    this.#SignalRecorder = ownRecorders(SignalRecorder, this.counters);
  }

  /** The engine was closed: nothing is recorded any more. */
  get isClosed(): boolean {
    return this.counters.isClosed;
  }

  /** Engine time, ms: one load, a clock call costs as much as a record. */
  now(): number {
    return this.#board[Board.CLOCK]!;
  }

  /**
   * Tells a timer thread that was started since whose the slots are; for threads the engine cannot ask. The
   * timer thread reports nothing before it has heard of it (ThreadBooks.ANNOUNCED).
   */
  announceToNewTimer(): void {
    const timers = this.#board[Board.TIMER_RESTARTS]! + 1;
    if (this.books[ThreadBooks.ANNOUNCED] === timers) return;
    if (this.#announcing !== timers) {
      this.#announcing = timers;
      for (const frame of [...this.mimes.frames(), ...this.slotFrames()]) this.events.send(frame);
    }
    if (this.events.waiting === 0) this.books[ThreadBooks.ANNOUNCED] = timers;
  }

  /** Whether the engine has begun to end, as its own thread says. */
  isEngineClosed(): boolean {
    return this.#board[Board.CLOSED] === 1;
  }

  openTrack(options: TrackRecorderOptions): TrackRecorder {
    const { identity, country } = trackIdentity(options);
    const slot = this.#openSlot({ identity }, identity.direction, 0, country);
    const recorder = new TrackRecorder(this, slot, identity, this.#directory);
    this.#announce(slot, identity, () => recorder.announced());
    return recorder;
  }

  openData(options: DataRecorderOptions): DataRecorder {
    const { whose, country } = messagesIdentity('TR_DT', options);
    const owners = this.#counterOwners();
    const messages = this.#openCounters(owners, 0, country);
    const followed = this.#identifyCounters(owners, messages, whose);
    messages.ended = () => followed.stop();
    return this.#blankRecorder().bind(this.slots, messages);
  }

  openSignal(): SignalRecorder {
    const owners = this.#counterOwners();
    const messages = this.#openCounters(owners, MetaCells.HELD);
    const recorder = new this.#SignalRecorder((identity: SignalIdentity) => {
      const { whose, country } = messagesIdentity('TR_SG', identity);
      for (const slot of messages.slots) this.slots.identify(slot, country);
      const followed = this.#identifyCounters(owners, messages, whose);
      messages.ended = () => followed.stop();
    });
    return recorder.bind(this.slots, messages);
  }

  /** Recorders are made a block at a time, so that they lie side by side in memory. */
  #blankRecorder(): DataRecorder {
    if (this.#blankRecorders.length === 0) {
      this.#blankRecorders = Array.from({ length: RECORDERS_A_BLOCK }, () => new this.#DataRecorder());
    }
    return this.#blankRecorders.pop()!;
  }

  #counterOwners(): [{ identity: SlotIdentity | undefined }, { identity: SlotIdentity | undefined }] {
    return [{ identity: undefined }, { identity: undefined }];
  }

  #openCounters(
    owners: readonly { identity: SlotIdentity | undefined }[],
    held: number,
    country?: number,
  ): MessageCounters {
    const flags = MetaCells.COUNTER | held;
    const up = this.#openSlot(owners[Direction.UPSTREAM]!, Direction.UPSTREAM, flags, country);
    let down: number;
    try {
      down = this.#openSlot(owners[Direction.DOWNSTREAM]!, Direction.DOWNSTREAM, flags, country);
    } catch (error) {
      this.slots.retire(up);
      this.slots.release(up);
      throw error;
    }
    const messages = new MessageCounters(this, [up, down]);
    this.counters.open(up, messages);
    this.counters.open(down, messages);
    return messages;
  }

  /** Says whose the two slots are, and follows whether that participant is known. */
  #identifyCounters(
    owners: readonly { identity: SlotIdentity | undefined }[],
    messages: MessageCounters,
    whose: MessagesIdentity,
  ): FollowedParticipant {
    let announced = 0;
    const followed = this.#directory.follow(whose.room, whose.participant, (known) => {
      if (announced === 2) messages.attribute(known);
    });
    for (const direction of [Direction.UPSTREAM, Direction.DOWNSTREAM]) {
      const identity: SlotIdentity = { ...whose, direction };
      owners[direction]!.identity = identity;
      this.#announce(messages.slots[direction], identity, () => {
        if (++announced === 2) messages.attribute(followed.known);
      });
    }
    return followed;
  }

  #openSlot(
    owner: { readonly identity: SlotIdentity | undefined },
    direction: Direction,
    flags: number,
    country?: number,
  ): number {
    let slot = this.slots.open(owner, direction, flags, country);
    if (slot < 0) {
      this.slots.reclaim();
      slot = this.slots.open(owner, direction, flags, country);
    }
    if (slot >= 0) return slot;
    throw new SfuStatsError(
      ErrorCode.NO_SLOT,
      `no free slot: ${this.slots.inUse} are open or wait for the windows they were closed in; raise capacity.tracks`,
      { field: 'capacity.tracks', rule: 'tracks open + closed in the last two windows' },
    );
  }

  #announce(slot: number, identity: SlotIdentity, announced: () => void): void {
    const { lastCall } = this.#directory;
    const written = this.events.send(this.#slotFrame(slot, identity, lastCall), announced); // R4
    if (written) announced();
  }

  /** Whose the slots in use are, for a timer thread that starts anew. */
  slotFrames(): SlotFrame[] {
    const frames: SlotFrame[] = [];
    this.slots.owners.forEach((owner, slot) => {
      if (owner?.identity !== undefined) frames.push(this.#slotFrame(slot, owner.identity, SAID_BEFORE));
    });
    return frames;
  }

  #slotFrame(slot: number, identity: SlotIdentity, saidAfter: number | undefined): SlotFrame {
    const { slots } = this;
    const where = [slots.shardOf(slot), slots.shardSlotOf(slot), slots.generationOf(slot)] as const;
    if (saidAfter === undefined) return [FrameType.SLOT, ...where, identity];
    return [FrameType.SLOT, ...where, identity, saidAfter];
  }

  /** Books a sample that was skipped whole, with what it brought. */
  bookSample(section: number, direction: Direction, changes: Float64Array): void {
    const book = section + direction * BookCells.WORDS;
    this.books[book + BookCells.SAMPLES]! += 1;
    this.books[book + BookCells.PACKETS]! += packetsOf(changes, 0);
    this.books[book + BookCells.BYTES]! += bytesOf(changes, 0);
  }

  /** Refuses everything from now on; what was recorded is still published. */
  refuse(): void {
    this.counters.isClosed = true;
    this.slots.retireAll();
  }

  /** Has `retry` called at every tick until it returns true. */
  retryLater(retry: Retry): void {
    this.#retries.push(retry);
  }

  /** Whether everything has been put: no frame and no folded totals wait for room. */
  isSettled(): boolean {
    return this.events.waiting === 0 && this.#retries.length === 0;
  }

  /** Whether the rings can take one more record of any size and nothing waits for room. */
  hasRoom(): boolean {
    if (this.#retries.length > 0 || !this.events.hasRoom()) return false;
    for (const lane of this.lanes) if (!lane.hasRoom()) return false;
    return true;
  }

  /**
   * One turn of the publish tick, of bounded length.
   * @returns whether the tick is complete; else it wants another turn.
   */
  publishSome(): boolean {
    if (this.#publishFrom === 0) this.#beginTick();
    this.#publishFrom = this.counters.publishFrom(this.#publishFrom, SLOTS_A_TURN, PUTS_A_TURN);
    for (const lane of this.lanes) lane.publish();
    if (this.#publishFrom < this.counters.highest) return false;
    this.#publishFrom = 0;
    return true;
  }

  /** A whole publish tick in one turn. */
  publishAll(): void {
    this.#publishFrom = 0;
    while (!this.publishSome());
  }

  #beginTick(): void {
    this.events.flush();
    this.slots.reclaim();
    if (this.#retries.length > 0) this.#retries = this.#retries.filter((retry) => !retry.retry());
    this.books[ThreadBooks.MIMES_REFUSED] = this.mimes.refused;
  }
}
