import Table from 'cli-table3';
import type { ExportRecord } from '../../index.js';
import { visible } from '../../visible.js';
import type { Colors } from '../colors.js';
import { type Row, rowOf } from './row.js';
import type { View } from './views.js';

/** Longer text is not worth cutting with care. */
const MAX_CELL_CHARACTERS = 256;

interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

const text = (head: string, width: number, of: (row: Row) => string): Column => ({
  head,
  width,
  align: 'left',
  cell: (row) => visible(of(row).slice(0, MAX_CELL_CHARACTERS)),
});
const figure = (head: string, width: number, of: (row: Row) => number | bigint | undefined): Column => ({
  head,
  width,
  align: 'right',
  cell: (row) => String(of(row) ?? ''),
});

const COLUMNS: readonly Column[] = [
  text('time', 24, ({ time }) => time),
  text('what', 23, ({ direction, event }) => direction ?? event ?? 'rooms'),
  text('room', 18, ({ roomName, roomId }) => roomName || roomId),
  text('participant', 18, ({ participant }) => participant),
  text('track', 18, ({ track }) => track),
  figure('packets', 9, ({ packets }) => packets),
  figure('bytes', 12, ({ bytes }) => bytes),
  figure('lost', 7, ({ lost }) => lost),
  figure('rtt', 6, ({ rttMs }) => rttMs),
  figure('jitter', 8, ({ jitterUs }) => jitterUs),
  {
    head: 'min/med/avg',
    width: 14,
    align: 'right',
    cell: ({ score }) =>
      score === undefined
        ? ''
        : [score.min, score.median, score.average].map((value) => value.toFixed(2)).join('/'),
  },
];

const NO_LINES = Object.fromEntries(
  [
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].flatMap((names) => names.map((name) => [name, ''])),
);

/** Printable, and as wide as it is long. */
const PLAIN = /^[ -~]*$/;
const CUT = '…';

/** One line for each record, in columns of fixed widths: a table that can be longer than memory. */
export class TableLines implements View {
  #head: string;

  constructor(colors: Colors) {
    this.#head = `${colors.bold(tableLine(COLUMNS.map(({ head }) => head)))}\n`;
  }

  add(record: ExportRecord): string {
    const row = rowOf(record);
    return this.#withHead(`${tableLine(COLUMNS.map(({ cell }) => cell(row)))}\n`);
  }

  end(): string {
    return this.#withHead('');
  }

  #withHead(line: string): string {
    const shown = this.#head + line;
    this.#head = '';
    return shown;
  }
}

/** cli-table3 knows how wide every character is, and takes a hundred times as long. */
function tableLine(cells: readonly string[]): string {
  if (!cells.every((cell) => PLAIN.test(cell))) return wideLine(cells);
  return COLUMNS.map(({ width, align }, column) => {
    const cell = cells[column]!;
    const cut = cell.length > width ? cell.slice(0, width - 1) + CUT : cell;
    return align === 'left' ? cut.padEnd(width) : cut.padStart(width);
  })
    .join(' ')
    .trimEnd();
}

/** Laid out by cli-table3. */
export function wideLine(cells: readonly string[]): string {
  const table = new Table({
    colWidths: COLUMNS.map(({ width }) => width),
    colAligns: COLUMNS.map(({ align }) => align),
    chars: { ...NO_LINES, middle: ' ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  table.push([...cells]);
  return table.toString().trimEnd();
}
