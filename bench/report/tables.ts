import type { Verdict } from '../harness/figures.js';
import type { Measurement } from '../harness/measurement.js';
import { pairedRatio } from '../harness/statistics.js';
import type { QuestionResult } from './results.js';

/** A table as rows of text, the first of them its head. */
export type Table = readonly (readonly string[])[];

/** Three digits that count. */
export function shown(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  if (size >= 10) return value.toFixed(1);
  return size >= 1 || size === 0 ? value.toFixed(2) : value.toPrecision(2);
}

const same = (one: Measurement, other: Measurement): boolean =>
  one.case === other.case && one.contestant === other.contestant;

function timesReference(result: QuestionResult, one: Measurement): string {
  const reference = result.measurements.find(
    (other) => other.case === one.case && other.contestant === result.reference,
  );
  if (reference === undefined || reference.rounds.length !== one.rounds.length) return '';
  return `${shown(pairedRatio(one.rounds, reference.rounds))}×`;
}

/** What was measured of one question: a column a Node version; of a single one the spread, and the ratio, too. */
export function measurementTable(results: readonly QuestionResult[]): Table {
  const [first] = results;
  if (first === undefined) return [];
  const rows = new Map<string, Measurement>();
  for (const { measurements } of results) {
    for (const one of measurements) {
      const name = `${one.case}\n${one.contestant}`;
      if (!rows.has(name)) rows.set(name, one);
    }
  }
  const withRatio = first.reference !== undefined;
  const of = (result: QuestionResult, row: Measurement): string[] => {
    const one = result.measurements.find((other) => same(other, row));
    if (one === undefined) return ['', ...(withRatio ? [''] : [])];
    const cell = `${shown(one.best)} / ${shown(one.median)} ±${Math.round(100 * one.spread)} %`;
    return [cell, ...(withRatio ? [timesReference(result, one)] : [])];
  };
  const head = results.flatMap(({ node }) => [`${node} best / median`, ...(withRatio ? ['×'] : [])]);
  return [
    ['case', 'who', 'unit', ...head],
    ...[...rows.values()].map((row) => [
      row.case,
      row.contestant,
      row.unit,
      ...results.flatMap((result) => of(result, row)),
    ]),
  ];
}

export function figureTable(results: readonly QuestionResult[]): Table {
  const texts = [...new Set(results.flatMap(({ figures }) => figures.map(({ text }) => text)))];
  if (texts.length === 0) return [];
  const find = (result: QuestionResult, text: string): Verdict | undefined =>
    result.figures.find((figure) => figure.text === text);
  const bound = (text: string): string => {
    const all = results.flatMap((result) => find(result, text) ?? []);
    const bounds = [...new Set(all.map((one) => shown(one.bound)))].join(' or ');
    return `${all[0]!.relation === 'at most' ? '≤' : '≥'} ${bounds} ${all[0]!.unit}`;
  };
  const cell = (figure: Verdict | undefined): string => {
    if (figure === undefined) return '';
    const value =
      figure.kind === 'ratio'
        ? shown(figure.value)
        : `${shown(figure.normalised)} (measured ${shown(figure.value)})`;
    return `${figure.held ? 'held' : 'MISSED'}: ${value}`;
  };
  return [
    ['must show', 'bound', ...results.map(({ node }) => node)],
    ...texts.map((text) => [text, bound(text), ...results.map((result) => cell(find(result, text)))]),
  ];
}
