import type { SlotIdentity } from '../memory/frames.js';

/** A slot's owner as the timer thread knows it. */
export interface SlotEntry {
  readonly shard: number;
  readonly slot: number;
  readonly generation: number;
  readonly identity: SlotIdentity;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order of stats in a snapshot: room, participant, upstream before downstream, track. */
export function compareIdentity(a: SlotIdentity, b: SlotIdentity): number {
  return (
    compareText(a.room.sid, b.room.sid) ||
    compareText(a.participant.sid, b.participant.sid) ||
    a.direction - b.direction ||
    compareText(a.track, b.track)
  );
}

const compareEntries = (a: SlotEntry, b: SlotEntry): number => compareIdentity(a.identity, b.identity);

/**
 * Whose the slots are. A slot is given to the next track only when the window with its last record was taken,
 * so one owner a slot is all there can be. Timer thread.
 *
 * @typeParam E what the user keeps for each slot
 */
export class SlotDirectory<E extends SlotEntry> {
  readonly #shards: (E | undefined)[][];
  #sorted: E[] = [];
  #added: E[] = [];

  constructor(shards: number) {
    this.#shards = Array.from({ length: shards }, () => []);
  }

  set(entry: E): void {
    const slots = this.#shards[entry.shard]!;
    const before = slots[entry.slot];
    if (before !== undefined && before.generation >= entry.generation) return;
    slots[entry.slot] = entry;
    this.#added.push(entry);
  }

  get(shard: number, slot: number, generation: number): E | undefined {
    const entry = this.#shards[shard]?.[slot];
    return entry?.generation === generation ? entry : undefined;
  }

  /** All owners in the order of stats. Only what came since the last call is sorted. */
  inOrder(): readonly E[] {
    if (this.#added.length > 0) {
      const added = this.#added.filter((entry) => this.#isCurrent(entry)).sort(compareEntries);
      this.#sorted = merge(
        this.#sorted.filter((entry) => this.#isCurrent(entry)),
        added,
      );
      this.#added = [];
    }
    return this.#sorted;
  }

  #isCurrent(entry: E): boolean {
    return this.#shards[entry.shard]![entry.slot] === entry;
  }
}

function merge<E extends SlotEntry>(a: readonly E[], b: readonly E[]): E[] {
  const merged: E[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) merged.push(compareEntries(a[i]!, b[j]!) <= 0 ? a[i++]! : b[j++]!);
  while (i < a.length) merged.push(a[i++]!);
  while (j < b.length) merged.push(b[j++]!);
  return merged;
}
