import { readFileSync, writeFileSync } from 'node:fs';
import type { QuestionResult, Results } from './results.js';
import { figureTable, measurementTable, type Table } from './tables.js';

const BEGIN = '<!-- bench: begin, written by npm run bench -->';
const END = '<!-- bench: end -->';

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function markdown(table: Table): string {
  const [head, ...rows] = table;
  if (head === undefined) return '';
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function section(results: readonly QuestionResult[]): string {
  const [first] = results;
  if (first === undefined) return '';
  const ran = results.map(({ node, bareNs, environment }) => {
    const { cpu, cores, commit, date, load } = environment;
    return `Node ${node}, ${cores} × ${cpu}, ${date}, commit ${commit}, load ${load}, bare cell ${bareNs.toFixed(2)} ns`;
  });
  const parts = [
    `### ${first.title}\n`,
    `${first.notes.join(' ')}\n`,
    `${markdown(measurementTable(results))}`,
    markdown(figureTable(results)),
    `<sub>${ran.join('<br>')}</sub>\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** All tables as Markdown, in the order of the results. */
export function resultSections({ results }: Results): string {
  const questions = [...new Set(results.map(({ question }) => question))];
  return questions.map((name) => section(results.filter(({ question }) => question === name))).join('\n');
}

/** Replaces what stands between the two marks of a document. @throws Error when they are not there */
export function replaceMarked(document: string, text: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the document has no ${BEGIN} before ${END}`);
  return `${document.slice(0, from + BEGIN.length)}\n\n${text}\n${document.slice(to)}`;
}

export function writeDocument(path: string, results: Results): void {
  writeFileSync(path, replaceMarked(readFileSync(path, 'utf8'), resultSections(results)));
}
