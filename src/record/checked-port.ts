import { types } from 'node:util';
import { ErrorCode, refused } from '../errors.js';
import type { EnginePort } from './attach.js';

/**
 * A port as an engine gives it, each member read once. What lies outside of its memory, or below its first lane, would
 * be written into what belongs to other threads.
 * @throws SfuStatsError INVALID_ARGUMENT
 */
export function checkedPort(port: EnginePort): EnginePort {
  const { memory, publishIntervalMs } = port;
  const { lane, shards, cells, events, board } = memory;
  const isPort =
    Number.isInteger(publishIntervalMs) &&
    publishIntervalMs > 0 &&
    publishIntervalMs < 2 ** 31 &&
    Number.isInteger(lane) &&
    lane >= 0 &&
    shards.every(({ buffer, layout }) => types.isSharedArrayBuffer(buffer) && lane < layout.lanes) &&
    types.isSharedArrayBuffer(cells.buffer) &&
    types.isSharedArrayBuffer(events) &&
    types.isFloat64Array(board);
  if (isPort) return { memory: { lane, shards, cells, events, board }, publishIntervalMs };
  throw refused(ErrorCode.INVALID_ARGUMENT, 'port', 'what engine.port() gave', port);
}
