import type { AnalyticsNodeRooms } from '@livekit/protocol';
import { Batch, type BatchDetail, BatchKind, NO_TOTALS } from '../exporters/batch.js';
import type { Exporter } from '../exporters/exporter.js';
import type { FanOut } from '../exporters/fan-out.js';
import { Board } from '../memory/board.js';
import type { BuiltSnapshot } from '../snapshot/snapshot-builder.js';
import { varintBytes, writeVarint } from '../snapshot/wire.js';
import { nodeRoomsOf } from './node-rooms.js';
import type { Participants } from './participants.js';

/** A batch of events is closed when it holds this much; the events of a tick are rarely as many. */
const MAX_EVENTS = 1_000;
const MAX_EVENT_BYTES = 1_048_576;

/** Key of field 1 with a length, as `livekit.AnalyticsEvents` has its events. */
const FIELD_1 = 0x0a;

export interface AnalyticsOptions {
  readonly nodeId: string;
  /** The epoch of engine time 0, ms. */
  readonly originEpochMs: () => number;
  /** Board: engine time, and the number of the last report of rooms, which survives this thread. */
  readonly board: Float64Array;
}

/**
 * What LiveKit's AnalyticsService does with stats, events and reports of rooms: `SendStats`, `SendEvent` and
 * `SendNodeRoomStates`, to every exporter; stats also to listeners in the host. Timer thread.
 */
export class Analytics {
  readonly #options: AnalyticsOptions;
  readonly #fanOut: FanOut;
  readonly #host: Exporter;
  #events: Uint8Array[] = [];
  #eventBytes = 0;

  constructor(options: AnalyticsOptions, fanOut: FanOut, host: Exporter) {
    this.#options = options;
    this.#fanOut = fanOut;
    this.#host = host;
  }

  /** Whether anybody takes events and reports of rooms. */
  get isWanted(): boolean {
    return this.#fanOut.isWanted;
  }

  /** One flush is one batch. Of one in which nothing happened only the host hears. */
  sendStats({ flush, time, bytes, count, totals, rows, streams }: BuiltSnapshot): void {
    const originEpochMs = this.#options.originEpochMs();
    const detail: BatchDetail | undefined = rows && streams && { flush, time, originEpochMs, rows, streams };
    const timeMs = originEpochMs + time;
    const batch = new Batch({ kind: BatchKind.STATS, bytes, items: count, timeMs, totals, detail });
    if (count > 0) this.#fanOut.write(batch);
    this.#host.write(batch);
  }

  /**
   * Adds an event to the batch that the end of the tick sends.
   * @param event `livekit.AnalyticsEvent` in protobuf
   */
  sendEvent(event: Uint8Array): void {
    const header = lengthHeader(event.length);
    this.#events.push(header, event);
    this.#eventBytes += header.length + event.length;
    if (this.#events.length >= 2 * MAX_EVENTS || this.#eventBytes >= MAX_EVENT_BYTES) this.sendEvents();
  }

  /** Sends the events that were added since. */
  sendEvents(): void {
    if (this.#events.length === 0) return;
    const bytes = Buffer.concat(this.#events, this.#eventBytes);
    const items = this.#events.length / 2;
    this.#events = [];
    this.#eventBytes = 0;
    this.#fanOut.write(
      new Batch({ kind: BatchKind.EVENTS, bytes, items, timeMs: this.#nowMs(), totals: NO_TOTALS }),
    );
  }

  /** Reports every room and who is in it. */
  sendNodeRoomStates(participants: Pick<Participants, 'openRooms'>): void {
    const { nodeId, board } = this.#options;
    const sequence = ++board[Board.NODE_ROOMS_SENT]!;
    this.sendNodeRooms(nodeRoomsOf(participants, { nodeId, sequence, timeMs: this.#nowMs() }));
  }

  /** Sends a report of rooms that the host made. */
  sendNodeRooms(rooms: AnalyticsNodeRooms): void {
    const bytes = rooms.toBinary();
    this.#fanOut.write(
      new Batch({ kind: BatchKind.NODE_ROOMS, bytes, items: 1, timeMs: this.#nowMs(), totals: NO_TOTALS }),
    );
  }

  #nowMs(): number {
    const { originEpochMs, board } = this.#options;
    return originEpochMs() + board[Board.CLOCK]!;
  }
}

/** The header of an embedded message in protobuf's wire format: its key, then its length. */
function lengthHeader(length: number): Uint8Array {
  const header = new Uint8Array(1 + varintBytes(length));
  header[0] = FIELD_1;
  writeVarint(header, 1, length);
  return header;
}
