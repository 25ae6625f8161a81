import { Unpackr } from 'msgpackr/unpack';
import { Board, createBoard } from '../../dist/src/memory/board.js';
import { BookCells, createCells, ThreadBooks } from '../../dist/src/memory/cells.js';
import { createEventRing, EventRingReader } from '../../dist/src/memory/event-ring.js';
import {
  type Frame,
  FrameType,
  type ParticipantName,
  type RoomName,
  type SlotIdentity,
} from '../../dist/src/memory/frames.js';
import { Direction } from '../../dist/src/memory/totals.js';
import type { FollowedParticipant, ParticipantDirectory } from '../../dist/src/record/attribution.js';
import type { DataRecorder } from '../../dist/src/record/data-recorder.js';
import { type RecordingMemory, RecordingThread } from '../../dist/src/record/recording-thread.js';
import { InvalidReason } from '../../dist/src/record/result.js';
import type { SignalRecorder } from '../../dist/src/record/signal-recorder.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { type RowFields, ShardBench } from './shard.js';

/** Knows everybody but those it was told to forget. */
export class FakeDirectory implements ParticipantDirectory {
  /** Recorders that follow somebody. */
  following = 0;
  readonly #strangers = new Set<string>();
  readonly #followers = new Map<string, Set<(known: boolean) => void>>();

  setKnown(participant: string, known: boolean): void {
    if (known) this.#strangers.delete(participant);
    else this.#strangers.add(participant);
    for (const changed of this.#followers.get(participant) ?? []) changed(known);
  }

  follow(_: RoomName, { sid }: ParticipantName, changed?: (known: boolean) => void): FollowedParticipant {
    const followers = this.#followers.get(sid) ?? new Set();
    this.#followers.set(sid, followers);
    if (changed !== undefined) followers.add(changed);
    this.following++;
    const isKnown = (): boolean => !this.#strangers.has(sid);
    return {
      get known() {
        return isKnown();
      },
      stop: () => {
        if (changed !== undefined) followers.delete(changed);
        this.following--;
      },
    };
  }
}

/** A row and whose it is, as the timer thread knows from the event ring. */
export interface ReportedRow extends Omit<RowFields, 'mime'> {
  /** `undefined`: no frame named the slot's owner before the row came. */
  identity: SlotIdentity | undefined;
  /** The track's sid, "" where its owner is unknown. */
  track: string;
  /** `undefined`: the row has none. */
  mime: string | undefined;
}

/** Four numbers of one direction. */
export interface BookTotals {
  samples: number;
  messages: number;
  packets: number;
  bytes: number;
}

export interface RecordingSizes {
  shards?: number;
  laneSlots?: number;
  ringWords?: number;
  scoreBlocks?: number;
  streams?: number;
  eventRingBytes?: number;
  /** Where the rings stand at first. */
  position?: number;
}

export interface Whose {
  room?: string;
  participant?: string;
  track?: string;
  direction?: Direction;
}

/** One recording thread with the stats workers and the timer thread at the other end, all driven by hand. */
export class RecordingBench {
  readonly memory: RecordingMemory;
  readonly directory = new FakeDirectory();
  readonly thread: RecordingThread;
  readonly shards: readonly ShardBench[];
  readonly #events: EventRingReader;
  readonly #unpackr = new Unpackr({ useRecords: false });
  readonly #owners = new Map<string, SlotIdentity>();
  readonly #mimes = new Map<number, string>();

  constructor(sizes: RecordingSizes = {}) {
    const { shards = 1, laneSlots = 8, ringWords = 4096, scoreBlocks = 8, position = 0 } = sizes;
    this.shards = Array.from(
      { length: shards },
      () => new ShardBench({ lanes: 1, laneSlots, ringWords, scoreBlocks }, position),
    );
    this.memory = {
      lane: 0,
      shards: this.shards.map(({ memory }) => memory),
      cells: createCells(shards * laneSlots, sizes.streams ?? 16),
      events: createEventRing(sizes.eventRingBytes ?? 65_536),
      board: createBoard(),
    };
    this.thread = new RecordingThread(this.memory, this.directory);
    this.#events = new EventRingReader(this.memory.events);
  }

  /** The only shard there is. */
  get shard(): ShardBench {
    return this.shards[0]!;
  }

  set nowMs(ms: number) {
    this.memory.board[Board.CLOCK] = ms;
  }

  openTrack(whose: Whose = {}): TrackRecorder {
    const { room = 'RM_1', participant = 'PA_1', track = 'TR_1', direction = Direction.UPSTREAM } = whose;
    return this.thread.openTrack({ room, participant, track, direction });
  }

  openData({ room = 'RM_1', participant = 'PA_1', track }: Omit<Whose, 'direction'> = {}): DataRecorder {
    return this.thread.openData({ room, participant, ...(track === undefined ? {} : { track }) });
  }

  openSignal(): SignalRecorder {
    return this.thread.openSignal();
  }

  /** Stats workers: apply what was published. */
  drain(): number {
    return this.shards.reduce((count, shard) => count + shard.step(), 0);
  }

  /** Timer thread: reads whose the slots are and what the mime numbers stand for. */
  readEvents(): Frame[] {
    const frames: Frame[] = [];
    this.#events.drain((bytes) => frames.push(this.#unpackr.unpack(bytes) as Frame));
    for (const frame of frames) {
      if (frame[0] === FrameType.SLOT) this.#owners.set(`${frame[1]} ${frame[2]} ${frame[3]}`, frame[4]);
      if (frame[0] === FrameType.MIME) this.#mimes.set(frame[1], frame[2]);
    }
    return frames;
  }

  /** A whole flush: publish, close the windows, take them. Rows in the order of shards and slots. */
  flush(timeMs = 0): ReportedRow[] {
    this.thread.publishAll();
    for (const shard of this.shards) {
      shard.request(timeMs);
      shard.step();
    }
    return this.take();
  }

  /** Takes the windows that are closed. */
  take(): ReportedRow[] {
    this.readEvents();
    return this.shards.flatMap((shard, number) =>
      shard.take().flatMap(({ rows }) => rows.map((row) => this.#identified(number, row))),
    );
  }

  #identified(shard: number, row: RowFields): ReportedRow {
    const identity = this.#owners.get(`${shard} ${row.slot} ${row.generation}`);
    const mime = row.mime === 0 ? undefined : (this.#mimes.get(row.mime) ?? `unknown number ${row.mime}`);
    return { ...row, identity, track: identity?.track ?? '', mime };
  }

  /** A section of the thread's books (ThreadBooks), one direction. */
  booked(section: number, direction: Direction = Direction.UPSTREAM): BookTotals {
    const at = section + direction * BookCells.WORDS;
    const { books } = this.thread;
    return {
      samples: books[at + BookCells.SAMPLES]!,
      messages: books[at + BookCells.MESSAGES]!,
      packets: books[at + BookCells.PACKETS]!,
      bytes: books[at + BookCells.BYTES]!,
    };
  }

  /** A single count of the thread's books. */
  count(word: number): number {
    return this.thread.books[word]!;
  }

  /** How often samples were skipped, by reason; reasons that never occurred are left out. */
  get invalidReasons(): Partial<Record<keyof typeof InvalidReason, number>> {
    const counts = Object.entries(InvalidReason).map(([name, reason]) => [
      name,
      this.count(ThreadBooks.INVALID_REASONS + reason),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0));
  }
}
