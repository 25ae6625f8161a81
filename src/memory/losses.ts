import { Board } from './board.js';
import { type CellsMemory, ThreadBooks } from './cells.js';
import { InvalidReason } from './invalid-reason.js';
import { Ledger, type LedgerMemory, LedgerWords } from './ledger.js';
import { Control, type ShardMemory } from './shard.js';

/** What is read of an engine's shared memory. */
export interface CountedMemory {
  readonly shards: readonly ShardMemory[];
  /** Of each recording thread, by lane. */
  readonly threads: readonly { readonly cells: CellsMemory }[];
  readonly board: Float64Array;
  readonly ledger: LedgerMemory;
}

/** How often something was lost or refused since the start. */
export interface LossCount {
  /** Its name in `status().drops`; two may share one. */
  readonly name: string;
  /** Where it was lost, and why: the labels of a metric. */
  readonly channel: string;
  readonly reason: string;
  readonly count: number;
}

/** Counts that every thread's losses are summed in. Any thread; can be late. */
export function lossCounts({ threads, board, ledger: memory }: CountedMemory): LossCount[] {
  const ledger = new Ledger(memory);
  const books = threads.map(({ cells }) => new Float64Array(cells.buffer, 0, ThreadBooks.WORDS));
  const sum = (word: number): number => books.reduce((total, book) => total + book[word]!, 0);
  const losses: LossCount[] = [];
  const add = (name: string, channel: string, reason: string, count: number): void => {
    losses.push({ name, channel, reason, count });
  };
  const atDoor = sum(ThreadBooks.UNATTRIBUTED) + sum(ThreadBooks.UNATTRIBUTED + 4);
  add('unattributedAtDoor', 'sample', 'unattributed', atDoor);
  add('staleHandles', 'sample', 'stale_handle', sum(ThreadBooks.STALE));
  add('recordsFolded', 'record', 'ring_full', sum(ThreadBooks.FOLDED));
  add('scoresLost', 'score', 'ring_full', sum(ThreadBooks.SCORES_LOST));
  add('scoresLost', 'score', 'no_block', ledger.words[ledger.valid + LedgerWords.SCORES_DROPPED]!);
  add('mimesRefused', 'mime', 'refused', sum(ThreadBooks.MIMES_REFUSED));
  add('telemetryDropped', 'telemetry', 'host_slow', board[Board.TELEMETRY_DROPPED]!);
  add('eventsRefused', 'event', 'refused', board[Board.EVENTS_REFUSED]!);
  add('leavesIgnored', 'leave', 'ignored', board[Board.LEAVES_IGNORED]!);
  add('fieldsSaturated', 'field', 'saturated', ledger.words[ledger.valid + LedgerWords.FIELDS_SATURATED]!);
  for (const [name, reason] of Object.entries(InvalidReason)) {
    if (reason === InvalidReason.NONE) continue;
    const count = sum(ThreadBooks.INVALID_REASONS + reason);
    add(`invalid.${name}`, 'sample', `invalid_${name.toLowerCase()}`, count);
  }
  return losses;
}

/** Windows that found no room for rows or entry and went on: nothing is lost by it. */
export function windowsMerged(shards: readonly ShardMemory[]): number {
  return shards.reduce(
    (total, { buffer }) => total + Atomics.load(new Int32Array(buffer), Control.I32_MERGED),
    0,
  );
}
