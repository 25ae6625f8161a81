import Table from 'cli-table3';
import { type Audit, type BookTotals, Direction, type DirectionTotals } from '../../index.js';
import type { Colors } from '../colors.js';
import { grouped, scored } from './figures.js';
import type { KindSums } from './kind-tally.js';
import type { OpenedRecorders } from './room-player.js';
import { isSameTraffic } from './traffic.js';

const NUMBERS = ['samples', 'messages', 'packets', 'bytes'] as const satisfies readonly (keyof BookTotals)[];

function table(head: readonly string[]): Table.Table {
  return new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
}

function openedOf({ kind, direction }: KindSums, opened: OpenedRecorders): number {
  const count = opened[kind];
  return typeof count === 'number' ? count : count[direction];
}

/** What was reported of each kind of track; the score is the mean of the windows' means. */
export function kindTable(sums: readonly KindSums[], opened: OpenedRecorders, colors: Colors): string {
  const names = ['', 'tracks', 'packets/messages', 'bytes', 'lost', 'score', 'min', 'median'];
  const kinds = table(names.map((name) => colors.bold(name)));
  for (const sum of sums) {
    const { kind, direction, scores } = sum;
    kinds.push([
      `${kind} ${direction === Direction.UPSTREAM ? 'up' : 'down'}`,
      grouped(openedOf(sum, opened)),
      grouped(sum.packets),
      grouped(sum.bytes),
      kind === 'audio' || kind === 'video' ? grouped(sum.lost) : scored(undefined),
      scored(scores.mean),
      scored(scores.min),
      scored(scores.median),
    ]);
  }
  return kinds.toString();
}

/** The books, in both directions, line by line. */
export function booksTable(played: DirectionTotals, audit: Audit, colors: Colors): string {
  const { recorded, reported, dropped, inside } = audit;
  const lines: readonly (readonly [name: string, totals: DirectionTotals])[] = [
    ['played', played],
    ['recorded', recorded],
    ['= reported', reported],
    ...Object.entries(dropped).map(([reason, totals]) => [`+ dropped, ${reason}`, totals] as const),
    ...Object.entries(inside).map(([where, totals]) => [`+ inside, ${where}`, totals] as const),
  ];
  const books = table(['', 'direction', ...NUMBERS].map((name) => colors.bold(name)));
  for (const [name, totals] of lines) {
    books.push([name, 'up', ...NUMBERS.map((number) => grouped(totals.UPSTREAM[number]))]);
    books.push(['', 'down', ...NUMBERS.map((number) => grouped(totals.DOWNSTREAM[number]))]);
  }
  return books.toString();
}

/** Whether the books hold, and the sentence that says so. */
export function verdictOn(
  played: DirectionTotals,
  audit: Audit,
): { readonly holds: boolean; readonly text: string } {
  if (!audit.balanced)
    return { holds: false, text: 'The books do NOT balance: recorded ≠ reported + dropped + inside.' };
  if (!isSameTraffic(played, audit.recorded))
    return { holds: false, text: 'The books do NOT balance: played ≠ recorded.' };
  return { holds: true, text: 'The books balance: played = recorded = reported + dropped + inside.' };
}
