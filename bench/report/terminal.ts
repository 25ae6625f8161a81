import CliTable from 'cli-table3';
import type { QuestionResult } from './results.js';
import { figureTable, measurementTable, type Table } from './tables.js';

function rendered(table: Table): string {
  const [head, ...rows] = table;
  if (head === undefined) return '';
  const drawn = new CliTable({ head: [...head], style: { head: [], border: [], compact: true } });
  drawn.push(...rows.map((row) => [...row]));
  return `${drawn.toString()}\n`;
}

/** One question's tables, for a terminal. */
export function questionText(results: readonly QuestionResult[]): string {
  const [first] = results;
  if (first === undefined) return '';
  const ran = results.map(
    ({ node, bareNs, seconds }) => `${node}: ${seconds.toFixed(0)} s, bare cell ${bareNs.toFixed(2)} ns`,
  );
  const lines = [`\n${first.title}`, ...first.notes.map((note) => `  ${note}`), `  (${ran.join('; ')})`];
  return `${lines.join('\n')}\n${rendered(measurementTable(results))}${rendered(figureTable(results))}`;
}
