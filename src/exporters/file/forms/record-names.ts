import { BatchKind } from '../../batch.js';

/** What a line, or a record of the reader, holds one of. */
export const RecordKind = { STAT: 'stat', EVENT: 'event', NODE_ROOMS: 'nodeRooms' } as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export const RECORD_OF_BATCH: Readonly<Record<BatchKind, RecordKind>> = {
  [BatchKind.STATS]: RecordKind.STAT,
  [BatchKind.EVENTS]: RecordKind.EVENT,
  [BatchKind.NODE_ROOMS]: RecordKind.NODE_ROOMS,
};
