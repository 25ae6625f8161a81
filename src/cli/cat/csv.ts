import { visible } from '../../visible.js';
import type { Row } from './row.js';

const COLUMNS = [
  'kind',
  'time',
  'room_id',
  'room_name',
  'participant_id',
  'track_id',
  'direction',
  'event',
  'packets',
  'bytes',
  'lost',
  'rtt_ms',
  'jitter_us',
  'score_min',
  'score_median',
  'score_avg',
] as const;

/** RFC 4180 ends lines so. */
const LINE_END = '\r\n';
/** What spreadsheets take for the beginning of a formula, also behind blanks, and in full width. */
const FORMULA = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20|%]/;

export function csvHead(): string {
  return COLUMNS.join(',') + LINE_END;
}

export function csvLine(row: Row): string {
  const { score } = row;
  const cells = [
    row.kind,
    textCell(row.time),
    textCell(row.roomId),
    textCell(row.roomName),
    textCell(row.participant),
    textCell(row.track),
    row.direction,
    textCell(row.event ?? ''),
    row.packets,
    row.bytes,
    row.lost,
    row.rttMs,
    row.jitterUs,
    score?.min,
    score?.median,
    score?.average,
  ];
  return cells.map((cell) => cell ?? '').join(',') + LINE_END;
}

/** Names come from clients: one line, no formula. */
function textCell(text: string): string {
  const shown = visible(text);
  const safe = FORMULA.test(shown) ? `'${shown}` : shown;
  return safe === shown && !/[",']|^\s|\s$/.test(safe) ? safe : `"${safe.replaceAll('"', '""')}"`;
}
