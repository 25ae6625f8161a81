import { createHash } from 'node:crypto';
import { SequenceCells, TelemetryCells, type TelemetryLedger } from '../memory/telemetry-ledger.js';

/** Rooms nobody knows any more whose sequence goes on; beyond that the most silent one starts anew. */
export const FORGOTTEN_ROOMS = 65_536;

/** Who is known to the one that asks. */
export interface KnownRooms {
  readonly roomCount: number;
  isRoomKnown(sid: string): boolean;
}

/**
 * The last sequence number of each room, also of rooms that were forgotten: events may still come. They lie in the
 * ledger, found by a hash of the sid, so that a successor goes on where this thread stood. Timer thread.
 */
export class RoomSequences {
  readonly #ledger: TelemetryLedger;
  readonly #known: KnownRooms;
  /** Entries of the rooms that spoke in this thread; the most silent first. */
  readonly #entries = new Map<string, number>();
  /** Entries of the threads before this one, by hash; the most silent first. */
  readonly #inherited = new Map<string, number>();
  #used: number;

  constructor(ledger: TelemetryLedger, known: KnownRooms) {
    this.#ledger = ledger;
    this.#known = known;
    const inherited = Array.from({ length: ledger.get(TelemetryCells.SEQUENCES) }, (_, entry) => {
      const at = ledger.sequenceOf(entry);
      const key = keyOf(ledger.get(at + SequenceCells.KEY_HIGH), ledger.get(at + SequenceCells.KEY_LOW));
      return { key, entry, used: ledger.get(at + SequenceCells.USED) };
    }).sort((a, b) => a.used - b.used);
    for (const { key, entry } of inherited) this.#inherited.set(key, entry);
    this.#used = inherited.at(-1)?.used ?? 0;
  }

  /** Rooms that are known from before: theirs are kept as long as they are. */
  adopt(rooms: Iterable<string>): void {
    for (const room of rooms) {
      const entry = this.#take(keyOf(...hashOf(room)));
      if (entry !== undefined) this.#entries.set(room, entry);
    }
  }

  next(room: string): number {
    const at = this.#ledger.sequenceOf(this.#entryOf(room));
    const next = this.#ledger.get(at + SequenceCells.LAST) + 1;
    this.#ledger.set(at + SequenceCells.LAST, next);
    this.#ledger.set(at + SequenceCells.USED, ++this.#used);
    return next;
  }

  #entryOf(room: string): number {
    let entry = this.#entries.get(room);
    if (entry === undefined) {
      const hash = hashOf(room);
      entry = this.#take(keyOf(...hash)) ?? this.#add(hash);
    }
    // The latest to the end: the first is then the one that was silent longest.
    this.#entries.delete(room);
    this.#entries.set(room, entry);
    return entry;
  }

  #take(key: string): number | undefined {
    const entry = this.#inherited.get(key);
    this.#inherited.delete(key);
    return entry;
  }

  #add([high, low]: readonly [number, number]): number {
    const ledger = this.#ledger;
    const kept = this.#entries.size + this.#inherited.size;
    const isFull = kept >= Math.min(ledger.sequences, this.#known.roomCount + FORGOTTEN_ROOMS);
    const entry = isFull ? this.#forget() : ledger.get(TelemetryCells.SEQUENCES);
    if (!isFull) ledger.add(TelemetryCells.SEQUENCES);
    const at = ledger.sequenceOf(entry);
    ledger.set(at + SequenceCells.KEY_HIGH, high);
    ledger.set(at + SequenceCells.KEY_LOW, low);
    ledger.set(at + SequenceCells.LAST, 0);
    return entry;
  }

  /** Forgets the most silent room that nobody knows, if there is one; one that is known begins its wait anew. */
  #forget(): number {
    for (const [key, entry] of this.#inherited) {
      this.#inherited.delete(key);
      return entry;
    }
    let waits = this.#entries.size;
    for (const [room, entry] of this.#entries) {
      this.#entries.delete(room);
      if (--waits === 0 || !this.#known.isRoomKnown(room)) return entry;
      this.#entries.set(room, entry);
    }
    return 0;
  }
}

const keyOf = (high: number, low: number): string => `${high} ${low}`;

/** Sids are any text of any length: 96 bits stand for one. */
function hashOf(room: string): [high: number, low: number] {
  const hash = createHash('sha256').update(room).digest();
  return [hash.readUIntBE(0, 6), hash.readUIntBE(6, 6)];
}
