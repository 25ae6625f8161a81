/**
 * Single numbers of the whole engine that another thread may read at any time (8-byte words, doubles). Each
 * has one writer at a time, so plain stores are enough; a reader can be late, never wrong.
 */
export const Board = {
  /** Engine time, ms since the engine started: real time, or what `advanceTo` said. */
  CLOCK: 0,
  /** Number of the last flush that was asked for. */
  FLUSH: 1,
  LAST_FLUSH_TIME: 2,
  /** From the request until the snapshot was handed on, ms. */
  LAST_FLUSH_DURATION: 3,
  LAST_FLUSH_STATS: 4,
  /** Flush deadlines that passed while one was still running. */
  MISSED_TICKS: 5,
  /** Flushes that went on without a shard that did not answer in time. */
  FLUSHES_INCOMPLETE: 6,
  ROOMS: 7,
  PARTICIPANTS: 8,
  REAPED: 9,
  /** Leave calls for somebody unknown, or repeated. */
  LEAVES_IGNORED: 10,
  EVENTS_TAKEN: 11,
  EVENTS_REFUSED: 12,
  STATS_WORKER_RESTARTS: 13,
  POOL_REBUILDS: 14,
  TIMER_RESTARTS: 15,
  /** The timer thread's last turn, monotonic ms. */
  TIMER_BEAT: 16,
  /** Events and webhooks the host was too slow to take. */
  TELEMETRY_DROPPED: 17,
  /** Events of participants nobody knew: sent with what the call brought. */
  LATE_EVENTS: 18,
  WEBHOOKS_QUEUED: 19,
  WEBHOOKS_SENT: 20,
  WEBHOOKS_FAILED: 21,
  WEBHOOKS_DROPPED: 22,
  /** Webhook attempts after the first. */
  WEBHOOK_RETRIES: 23,
  /** Host: 1 while somebody there wants snapshots. A word, because what is in a ring overtakes a message. */
  WANTS_SNAPSHOTS: 24,
  /** Host: 1 while somebody there wants events and webhooks. */
  WANTS_TELEMETRY: 25,
  /** Host: 1 from the beginning of the engine's end: other recording threads stop. */
  CLOSED: 26,
  /** Reports of rooms that were sent; the number of the last. */
  NODE_ROOMS_SENT: 27,
  /** Host: how late its event loop was since it was last written, ms. */
  HOST_LOOP_P50: 28,
  HOST_LOOP_P99: 29,
  HOST_LOOP_MAX: 30,
  /** Part of the last flush's duration: stamping and encoding its stats, ms. */
  LAST_ENCODE_DURATION: 31,
  WORDS: 32,
} as const;

export function createBoard(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(Board.WORDS * 8));
}
