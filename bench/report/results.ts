import { readFileSync, writeFileSync } from 'node:fs';
import type { Environment } from '../harness/environment.js';
import type { Verdict } from '../harness/figures.js';
import type { Measurement, Series } from '../harness/measurement.js';

/** One question on one Node. */
export interface QuestionResult {
  readonly question: string;
  readonly title: string;
  readonly node: string;
  /** Two adds to bare cells in this run, ns: what absolute figures are divided by. */
  readonly bareNs: number;
  readonly seconds: number;
  readonly environment: Environment;
  readonly measurements: readonly Measurement[];
  readonly figures: readonly Verdict[];
  readonly notes: readonly string[];
  readonly reference?: string;
  readonly series?: readonly Series[];
}

export interface Results {
  readonly results: readonly QuestionResult[];
}

export function readResults(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch {
    return { results: [] };
  }
}

/** What was run again takes the place of what it was; the order is that of `questions`, then of the Node versions. */
export function merged(before: Results, now: Results, questions: readonly string[]): Results {
  const isAgain = (one: QuestionResult): boolean =>
    now.results.some(({ question, node }) => question === one.question && node === one.node);
  const kept = before.results.filter((one) => questions.includes(one.question) && !isAgain(one));
  const place = (one: QuestionResult): number => questions.indexOf(one.question);
  const order = (a: QuestionResult, b: QuestionResult): number =>
    place(a) - place(b) || a.node.localeCompare(b.node, 'en', { numeric: true });
  return { results: [...kept, ...now.results].sort(order) };
}

/** Numbers as they are read, so that the file is not larger than what it says. */
export function writeResults(path: string, results: Results): void {
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  writeFileSync(path, `${JSON.stringify(results, rounded, 1)}\n`);
}
