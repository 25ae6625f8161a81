import type { ExportRecord, JsonMessageObject } from '../../index.js';
import { list, object } from './row.js';

export interface CatFilter {
  /** Sid or name. */
  readonly room?: string;
  /** Sids. */
  readonly participant?: string;
  readonly track?: string;
  readonly kind?: 'stats' | 'events' | 'rooms';
}

const KINDS = { stat: 'stats', event: 'events', nodeRooms: 'rooms' } as const;

/** Whether a record is of all that is asked for; a report of rooms is of every room and participant in it. */
export function isWanted({ kind, json = {} }: ExportRecord, filter: CatFilter): boolean {
  if (filter.kind !== undefined && filter.kind !== KINDS[kind]) return false;
  if (kind === 'nodeRooms') return isReportWanted(json, filter);
  const { room, participant, track } = filter;
  const roomOfEvent = object(json.room);
  if (room !== undefined) {
    if (![json.roomId, json.roomName, roomOfEvent.sid, roomOfEvent.name].includes(room)) return false;
  }
  if (participant !== undefined) {
    const sids = [json.participantId, object(json.participant).sid, object(json.publisher).sid];
    if (!sids.includes(participant)) return false;
  }
  return track === undefined || [json.trackId, object(json.track).sid].includes(track);
}

function isReportWanted(report: JsonMessageObject, { room, participant, track }: CatFilter): boolean {
  if (track !== undefined) return false;
  if (room === undefined && participant === undefined) return true;
  return list(report.rooms).some(
    ({ id, name, participants }) =>
      (room === undefined || id === room || name === room) &&
      (participant === undefined || list(participants).some((inside) => inside.id === participant)),
  );
}
