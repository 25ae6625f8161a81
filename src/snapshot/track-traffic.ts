import { bytesOf, packetsOf } from '../memory/books.js';
import { type CellsMemory, CounterCells, MetaCells } from '../memory/cells.js';
import type { SlotIdentity } from '../memory/frames.js';
import { Totals } from '../memory/totals.js';
import type { SlotEntry } from './slot-directory.js';

export interface TrackTrafficOptions {
  readonly perRoom: boolean;
  readonly perTrack: boolean;
  /** Rooms and tracks, each direction for itself, that are counted at most. */
  readonly maxSeries: number;
}

/** What one track, or all of one room, has brought in one direction. */
export interface Traffic {
  /** Of a room: that of the track seen first. */
  readonly identity: SlotIdentity;
  packets: number;
  bytes: number;
  /** Slots that count here. */
  slots: number;
}

/** What of a slot is counted already, and where; `undefined` where there was no room. */
interface Seen {
  packets: number;
  bytes: number;
  readonly counted: (Traffic | undefined)[];
  turn: number;
}

/**
 * Packets and bytes of each track and room that has a slot in use. A series is gone with its last slot; until then it
 * never falls. Timer thread, which calls `update` before it gives a flush's windows back: a slot that ends is then
 * complete. A thread that starts anew begins with the slots that are in use.
 */
export class TrackTraffic {
  /** Series there was no room for, each time somebody new would have needed one. */
  overflowed = 0;
  readonly #threads: readonly ThreadSlots[];
  readonly #laneSlots: number;
  readonly #entries: () => readonly SlotEntry[];
  readonly #kinds: readonly Kind[];
  readonly #maxSeries: number;
  readonly #seen = new Map<SlotEntry, Seen>();
  #turn = 0;

  /** @param entries the owners of all slots, in any order */
  constructor(
    threads: readonly { readonly cells: CellsMemory }[],
    laneSlots: number,
    entries: () => readonly SlotEntry[],
    { perRoom, perTrack, maxSeries }: TrackTrafficOptions,
  ) {
    this.#threads = threads.map(({ cells }) => new ThreadSlots(cells));
    this.#laneSlots = laneSlots;
    this.#entries = entries;
    this.#maxSeries = maxSeries;
    this.#kinds = [
      { keyOf: trackKey, isOn: perTrack, series: new Map() },
      { keyOf: roomKey, isOn: perRoom, series: new Map() },
    ];
  }

  get tracks(): Iterable<Traffic> {
    return this.#kinds[0]!.series.values();
  }

  get rooms(): Iterable<Traffic> {
    return this.#kinds[1]!.series.values();
  }

  /** Counts what came since the last time. */
  update(): void {
    this.#turn++;
    for (const entry of this.#entries()) {
      const lane = Math.floor(entry.slot / this.#laneSlots);
      const slot = entry.shard * this.#laneSlots + (entry.slot % this.#laneSlots);
      if (this.#threads[lane]!.read(slot, entry.generation)) this.#count(entry, this.#threads[lane]!);
    }
    for (const [entry, seen] of this.#seen) {
      if (seen.turn !== this.#turn) this.#end(entry, seen);
    }
  }

  #count(entry: SlotEntry, { packets, bytes }: ThreadSlots): void {
    let seen = this.#seen.get(entry);
    if (seen === undefined) {
      seen = { packets: 0, bytes: 0, counted: [], turn: 0 };
      this.#seen.set(entry, seen);
    }
    for (const [n, kind] of this.#kinds.entries()) {
      if (!kind.isOn) continue;
      const traffic = seen.counted[n];
      if (traffic !== undefined) {
        // What turned out to be unattributed is in the cells no longer.
        traffic.packets += Math.max(0, packets - seen.packets);
        traffic.bytes += Math.max(0, bytes - seen.bytes);
        continue;
      }
      const added = this.#seriesOf(kind, entry.identity);
      if (added === undefined) {
        if (seen.turn === 0) this.overflowed++;
        continue;
      }
      seen.counted[n] = added;
      added.slots++;
      added.packets += packets;
      added.bytes += bytes;
    }
    seen.packets = packets;
    seen.bytes = bytes;
    seen.turn = this.#turn;
  }

  #seriesOf({ keyOf, series }: Kind, identity: SlotIdentity): Traffic | undefined {
    const key = keyOf(identity);
    const known = series.get(key);
    if (known !== undefined) return known;
    const count = this.#kinds.reduce((sum, kind) => sum + kind.series.size, 0);
    if (count >= this.#maxSeries) return undefined;
    const traffic = { identity, packets: 0, bytes: 0, slots: 0 };
    series.set(key, traffic);
    return traffic;
  }

  #end(entry: SlotEntry, seen: Seen): void {
    this.#seen.delete(entry);
    for (const [n, traffic] of seen.counted.entries()) {
      if (traffic === undefined || --traffic.slots > 0) continue;
      const { keyOf, series } = this.#kinds[n]!;
      series.delete(keyOf(traffic.identity));
    }
  }
}

interface Kind {
  readonly keyOf: (identity: SlotIdentity) => string;
  readonly isOn: boolean;
  readonly series: Map<string, Traffic>;
}

/** Sids are any text. */
const trackKey = ({ room, participant, track, direction }: SlotIdentity): string =>
  JSON.stringify([room.sid, participant.sid, track, direction]);
const roomKey = ({ room, direction }: SlotIdentity): string => `${direction} ${room.sid}`;

/** The slots of one recording thread: what one of them counts, as it was read last. */
class ThreadSlots {
  packets = 0;
  bytes = 0;
  readonly #words: Float64Array;
  readonly #ints: Int32Array;
  readonly #layout: CellsMemory['layout'];

  constructor({ buffer, layout }: CellsMemory) {
    this.#words = new Float64Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#layout = layout;
  }

  /** @returns whether the slot is in use by that owner */
  read(slot: number, generation: number): boolean {
    const at = 2 * (this.#layout.meta + slot) + MetaCells.I32_FLAGS;
    const flags = Atomics.load(this.#ints, at);
    const isInUse = (flags & (MetaCells.IN_USE | MetaCells.HELD)) === MetaCells.IN_USE;
    if (!isInUse || flags >>> MetaCells.GENERATION_SHIFT !== (generation & 0xffff)) return false;
    if ((flags & MetaCells.COUNTER) !== 0) {
      const counters = this.#layout.counters + slot * CounterCells.WORDS;
      this.packets = this.#words[counters + CounterCells.MESSAGES]!;
      this.bytes = this.#words[counters + CounterCells.BYTES]!;
    } else {
      const totals = this.#layout.totals + slot * Totals.MAX_WORDS;
      this.packets = packetsOf(this.#words, totals);
      this.bytes = bytesOf(this.#words, totals);
    }
    return Atomics.load(this.#ints, at) === flags;
  }
}
