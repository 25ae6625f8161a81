import Table from 'cli-table3';
import type { Colors } from '../colors.js';
import { counted, grouped, milliseconds, percent, scored } from './figures.js';

/** Flow in one direction, per second. */
export interface Rates {
  readonly messages: number;
  readonly packets: number;
  readonly bytes: number;
}

/** One look at a running demo. */
export interface LiveFigures {
  readonly elapsedMs: number;
  /** Undefined when it goes on until it is stopped. */
  readonly totalMs: number | undefined;
  readonly rooms: number;
  readonly participants: number;
  readonly tracks: number;
  readonly upstream: Rates;
  readonly downstream: Rates;
  readonly scoreMin: number | undefined;
  readonly scoreMedian: number | undefined;
  /** Fullest ring, 0 to 1. */
  readonly ringFill: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly flushes: number;
  readonly flushMs: number;
  readonly flushStats: number;
  /** How late the host's event loop came to its timers: half of them, and the latest. */
  readonly loopDelayMedianMs: number;
  readonly loopDelayMaxMs: number;
  /** How late the rooms are played, when this machine cannot play so many so fast. */
  readonly lagMs: number;
  readonly verdict: string;
}

/** A lag that is worth a word. */
const SHOWN_LAG_MS = 100;

const MEGABIT_BYTES = 125_000;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function elapsed({ elapsedMs, totalMs }: LiveFigures): string {
  return totalMs === undefined ? seconds(elapsedMs) : `${seconds(elapsedMs)} of ${seconds(totalMs)}`;
}

/** The figures as a table, for a terminal. */
export function liveTable(figures: LiveFigures, colors: Colors): string {
  const { upstream, downstream, verdict } = figures;
  const table = new Table({ style: { head: [], border: [], compact: true } });
  const row = (name: string, ...cells: string[]): void => {
    table.push([colors.dim(name), ...cells.map((content) => ({ content, hAlign: 'right' as const }))]);
  };
  const wide = (name: string, content: string): void => {
    table.push([colors.dim(name), { content, colSpan: 2, hAlign: 'right' }]);
  };
  row('', colors.bold('upstream'), colors.bold('downstream'));
  row('messages/s', grouped(upstream.messages), grouped(downstream.messages));
  row('packets/s', grouped(upstream.packets), grouped(downstream.packets));
  row('Mbit/s', (upstream.bytes / MEGABIT_BYTES).toFixed(1), (downstream.bytes / MEGABIT_BYTES).toFixed(1));
  wide('rooms', grouped(figures.rooms));
  wide('participants', grouped(figures.participants));
  wide('tracks', grouped(figures.tracks));
  wide('score min / median', `${scored(figures.scoreMin)} / ${scored(figures.scoreMedian)}`);
  wide('ring fill', percent(figures.ringFill));
  wide('drops', counted(figures.drops));
  wide('last flush', flushed(figures));
  wide(
    'host loop delay, median / max',
    `${milliseconds(figures.loopDelayMedianMs)} / ${milliseconds(figures.loopDelayMaxMs)}`,
  );
  if (figures.lagMs >= SHOWN_LAG_MS) wide('rooms are played late by', milliseconds(figures.lagMs));
  wide('engine', verdict === 'ok' ? colors.green(verdict) : colors.yellow(verdict));
  return `${colors.bold('sfu-stats demo')}  ${elapsed(figures)}\n${table.toString()}\n${colors.dim('Ctrl-C ends it')}`;
}

function flushed({ flushes, flushMs, flushStats }: LiveFigures): string {
  return flushes === 0
    ? 'none yet'
    : `no. ${flushes}: ${grouped(flushStats)} stats in ${milliseconds(flushMs)}`;
}

/** The figures as one line, for a log. */
export function liveLine(figures: LiveFigures): string {
  const { upstream, downstream } = figures;
  return [
    seconds(figures.elapsedMs).padStart(7),
    `${grouped(figures.rooms)} rooms ${grouped(figures.participants)} participants ${grouped(figures.tracks)} tracks`,
    `up ${grouped(upstream.messages)} messages/s ${grouped(upstream.packets)} packets/s`,
    `down ${grouped(downstream.messages)} messages/s ${grouped(downstream.packets)} packets/s`,
    `score min ${scored(figures.scoreMin)} median ${scored(figures.scoreMedian)}`,
    `ring ${percent(figures.ringFill)}`,
    `drops ${counted(figures.drops)}`,
    `flush ${milliseconds(figures.flushMs)}`,
    `loop delay ${milliseconds(figures.loopDelayMedianMs)} max ${milliseconds(figures.loopDelayMaxMs)}`,
    ...(figures.lagMs >= SHOWN_LAG_MS ? [`rooms are played late by ${milliseconds(figures.lagMs)}`] : []),
    figures.verdict,
  ].join(' | ');
}
