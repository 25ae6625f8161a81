import { mkdirSync, writeFileSync } from 'node:fs';
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { Series } from '../harness/measurement.js';
import { IN_TURN } from '../harness/message-pattern.js';
import type { QuestionResult, Results } from './results.js';
import { shown } from './tables.js';

const WIDTH = 720;
const COLOURS = ['#c2410c', '#1d4ed8', '#64748b', '#15803d'];
const OURS = '#1d4ed8';
const OTHERS = '#94a3b8';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`;
}

function drawing(height: number, title: string, parts: readonly string[]): string {
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#0f172a"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ${style}>`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(12, 22, title, 'font-size="15" font-weight="600"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A bar for each contestant of a case, on a logarithmic axis. */
export function costPlot(result: QuestionResult, name: string): string {
  const bars = result.measurements.filter((one) => one.case === name).sort((a, b) => a.median - b.median);
  const left = 250;
  const top = 40;
  const step = 24;
  const [least, most] = [bars[0]!.median, bars.at(-1)!.median];
  const x = scaleLog()
    .domain([10 ** Math.floor(Math.log10(least / 1.5)), most * 1.2])
    .range([left, WIDTH - 70]);
  const bottom = top + bars.length * step;
  const parts: string[] = [];
  for (let ns = 10 ** Math.ceil(Math.log10(x.domain()[0]!)); ns <= most; ns *= 10) {
    parts.push(
      `<line x1="${x(ns).toFixed(1)}" x2="${x(ns).toFixed(1)}" y1="${top}" y2="${bottom}" stroke="#e2e8f0"/>`,
      text(x(ns), bottom + 16, ns >= 1_000 ? `${ns / 1_000} µs` : `${ns} ns`, 'text-anchor="middle"'),
    );
  }
  bars.forEach((bar, n) => {
    const y = top + n * step;
    const isOurs = /^(engine|recorder)\./.test(bar.contestant);
    const width = x(bar.median) - left;
    parts.push(
      text(left - 8, y + 15, bar.contestant, `text-anchor="end"${isOurs ? ' font-weight="600"' : ''}`),
      `<rect x="${left}" y="${y + 3}" width="${width.toFixed(1)}" height="${step - 6}" fill="${isOurs ? OURS : OTHERS}"/>`,
      text(x(bar.median) + 6, y + 15, shown(bar.median)),
    );
  });
  return drawing(bottom + 30, `One message accounted, ${name}: ns, median, Node ${result.node}`, parts);
}

interface Axes {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly log: boolean;
}

/** Lines over one another. */
export function linePlot(series: readonly Series[], { title, x: xName, y: yName, log }: Axes): string {
  const [left, top, bottom, right] = [64, 62, 320, WIDTH - 20];
  const points = series.flatMap((one) => one.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const scale = log ? scaleLog : scaleLinear;
  const x = scale()
    .domain([log ? Math.min(...xs) : 0, Math.max(...xs)])
    .range([left, right]);
  // The delays of a saturated loop would leave nothing to see of the others: they are cut off, and said so.
  const y = scaleLog()
    .domain([Math.max(0.05, Math.min(...ys)), Math.max(...ys) * 1.2])
    .range([bottom, top])
    .clamp(true);
  const parts: string[] = [];
  for (let value = 10 ** Math.ceil(Math.log10(y.domain()[0]!)); value <= y.domain()[1]!; value *= 10) {
    parts.push(
      `<line x1="${left}" x2="${right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#e2e8f0"/>`,
      text(left - 6, y(value) + 4, value.toLocaleString('en'), 'text-anchor="end"'),
    );
  }
  const ticks = log ? xs.filter((value, n) => xs.indexOf(value) === n) : x.ticks(6);
  for (const value of ticks)
    parts.push(text(x(value), bottom + 18, value.toLocaleString('en'), 'text-anchor="middle"'));
  const path = line<readonly [number, number]>()
    .x(([at]) => x(at))
    .y(([, at]) => y(Math.max(at, y.domain()[0]!)));
  series.forEach((one, n) => {
    const colour = COLOURS[n % COLOURS.length]!;
    parts.push(
      `<path d="${path(one.points) ?? ''}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
      `<rect x="${left + n * 210}" y="38" width="12" height="4" fill="${colour}"/>`,
      text(left + 18 + n * 210, 44, one.name),
    );
  });
  parts.push(text(right, bottom + 36, xName, 'text-anchor="end"'), text(8, 60, yName));
  return drawing(bottom + 46, title, parts);
}

/** Draws what the results have of the three plots; returns the names of the files. */
export function writePlots(folder: string, { results }: Results): string[] {
  mkdirSync(folder, { recursive: true });
  const of = (name: string): QuestionResult | undefined => results.find(({ question }) => question === name);
  const plots: [string, string][] = [];
  const message = of('message');
  if (message !== undefined) plots.push(['cost-per-message.svg', costPlot(message, IN_TURN)]);
  const growth = of('growth')?.series;
  if (growth !== undefined) {
    const axes = { title: 'Flush time against tracks', x: 'tracks', y: 'ms', log: true };
    plots.push(['flush-time.svg', linePlot(growth, axes)]);
  }
  const loop = of('host-loop')?.series;
  if (loop !== undefined) {
    const title = 'Host loop: largest lateness in each 100 ms, 1 M messages/s and 20k samples/s';
    plots.push(['host-loop-delay.svg', linePlot(loop, { title, x: 'seconds', y: 'ms', log: false })]);
  }
  for (const [name, drawn] of plots) writeFileSync(`${folder}/${name}`, drawn);
  return plots.map(([name]) => name);
}
