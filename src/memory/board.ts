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
  STATS_REPORTED: 5,
  /** Flush deadlines that passed while one was still running. */
  MISSED_TICKS: 6,
  /** Flushes that went on without a shard that did not answer in time. */
  FLUSHES_INCOMPLETE: 7,
  ROOMS: 8,
  PARTICIPANTS: 9,
  REAPED: 10,
  /** Leave calls for somebody unknown, or repeated. */
  LEAVES_IGNORED: 11,
  EVENTS_TAKEN: 12,
  EVENTS_REFUSED: 13,
  STATS_WORKER_RESTARTS: 14,
  POOL_REBUILDS: 15,
  TIMER_RESTARTS: 16,
  SNAPSHOTS_DROPPED: 17,
  SCORES_DROPPED: 18,
  FIELDS_SATURATED: 19,
  /** The timer thread's last turn, monotonic ms. */
  TIMER_BEAT: 20,
  /** Number of the last call that was taken from the event ring. */
  CALLS_TAKEN: 21,
  /** Events and webhooks the host was too slow to take. */
  TELEMETRY_DROPPED: 22,
  /** Events of participants nobody knew: sent with what the call brought. */
  LATE_EVENTS: 23,
  WEBHOOKS_QUEUED: 24,
  WEBHOOKS_SENT: 25,
  WEBHOOKS_FAILED: 26,
  WEBHOOKS_DROPPED: 27,
  /** Webhook attempts after the first. */
  WEBHOOK_RETRIES: 28,
  /** Host: 1 while somebody there wants snapshots. A word, because what is in a ring overtakes a message. */
  WANTS_SNAPSHOTS: 29,
  /** Host: 1 while somebody there wants events and webhooks. */
  WANTS_TELEMETRY: 30,
  /** Host: 1 from the beginning of the engine's end: other recording threads stop. */
  CLOSED: 31,
  WORDS: 32,
} as const;

export function createBoard(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(Board.WORDS * 8));
}
