import type { ExportRecord, JsonMessageObject } from '../../index.js';

/** What a record says, as a table and a CSV have it. Text is as hostile as it came; what is not known is absent. */
export interface Row {
  readonly kind: 'stat' | 'event' | 'rooms';
  readonly time: string;
  readonly roomId: string;
  readonly roomName: string;
  readonly participant: string;
  readonly track: string;
  /** Of a stat. */
  readonly direction?: 'up' | 'down';
  readonly packets?: number;
  readonly bytes?: bigint;
  readonly lost?: number;
  readonly rttMs?: number;
  readonly jitterUs?: number;
  readonly score?: { readonly min: number; readonly median: number; readonly average: number };
  /** Of an event. */
  readonly event?: string;
}

const EMPTY: JsonMessageObject = {};

export function rowOf(record: ExportRecord): Row {
  const json = record.json ?? EMPTY;
  if (record.kind === 'stat') return statRow(json);
  return record.kind === 'event' ? eventRow(json) : roomsRow(json);
}

function statRow(stat: JsonMessageObject): Row {
  const streams = list(stat.streams);
  const sum = (...names: readonly string[]): number =>
    streams.reduce((total, stream) => names.reduce((some, name) => some + number(stream[name]), total), 0);
  const bytes = streams.reduce(
    (total, { primaryBytes, retransmitBytes, paddingBytes }) =>
      total + whole(primaryBytes) + whole(retransmitBytes) + whole(paddingBytes),
    0n,
  );
  const most = (name: string): number => streams.reduce((top, { [name]: n }) => Math.max(top, number(n)), 0);
  const score = {
    min: number(stat.minScore),
    median: number(stat.medianScore),
    average: number(stat.score),
  };
  return {
    kind: 'stat',
    time: text(stat.timeStamp),
    roomId: text(stat.roomId),
    roomName: text(stat.roomName),
    participant: text(stat.participantId),
    track: text(stat.trackId),
    direction: stat.kind === 'DOWNSTREAM' ? 'down' : 'up',
    packets: sum('primaryPackets', 'retransmitPackets', 'paddingPackets'),
    bytes,
    lost: sum('packetsLost'),
    rttMs: most('rtt'),
    jitterUs: most('jitter'),
    // No score is 0: without one all three are.
    ...(score.average > 0 ? { score } : {}),
  };
}

function eventRow(event: JsonMessageObject): Row {
  const room = object(event.room);
  return {
    kind: 'event',
    time: text(event.timestamp),
    roomId: text(event.roomId) || text(room.sid),
    roomName: text(room.name),
    participant: text(event.participantId) || text(object(event.participant).sid),
    track: text(event.trackId) || text(object(event.track).sid),
    event: event.type === undefined ? 'ROOM_CREATED' : text(event.type),
  };
}

function roomsRow(report: JsonMessageObject): Row {
  const rooms = list(report.rooms);
  const participants = rooms.reduce((count, room) => count + list(room.participants).length, 0);
  return {
    kind: 'rooms',
    time: text(report.timestamp),
    roomId: '',
    roomName: `${rooms.length} rooms`,
    participant: `${participants} participants`,
    track: '',
  };
}

/** A message within a message; an empty one where there is none. */
export function object(value: unknown): JsonMessageObject {
  return typeof value === 'object' && value !== null ? (value as JsonMessageObject) : EMPTY;
}

export function list(value: unknown): readonly JsonMessageObject[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A 64-bit number, which JSON has as a string. */
function whole(value: unknown): bigint {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : 0n;
}
