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
  SNAPSHOTS_DROPPED: 16,
  /** The timer thread's last turn, monotonic ms. */
  TIMER_BEAT: 17,
  /** Events and webhooks the host was too slow to take. */
  TELEMETRY_DROPPED: 19,
  /** Events of participants nobody knew: sent with what the call brought. */
  LATE_EVENTS: 20,
  WEBHOOKS_QUEUED: 21,
  WEBHOOKS_SENT: 22,
  WEBHOOKS_FAILED: 23,
  WEBHOOKS_DROPPED: 24,
  /** Webhook attempts after the first. */
  WEBHOOK_RETRIES: 25,
  /** Host: 1 while somebody there wants snapshots. A word, because what is in a ring overtakes a message. */
  WANTS_SNAPSHOTS: 26,
  /** Host: 1 while somebody there wants events and webhooks. */
  WANTS_TELEMETRY: 27,
  /** Host: 1 from the beginning of the engine's end: other recording threads stop. */
  CLOSED: 28,
  WORDS: 29,
} as const;

export function createBoard(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(Board.WORDS * 8));
}
