/** A bounded piece of the protocol, of which all states are searched. */
export interface Scenario {
  readonly model: string;
  readonly bounds?: readonly string[];
  /** Far fewer than all: the state that the check has at least. */
  readonly states: number;
  /** States it must come through, so that nothing holds because nothing happened. */
  readonly reaches: readonly string[];
  /** Mistakes that must be caught, each by its switch, within bounds of their own: short traces. */
  readonly mistakes: Readonly<Record<string, readonly string[]>>;
}

const DEATHS = ['DEATH_BEFORE_ANSWER', 'DEATH_IN_APPLY', 'DEATH_IN_ROWS', 'RECORD_APPLIED_TWICE'];
const SMALL_WINDOW = ['SAMPLES=2', 'DEATHS=1'];
const SMALL_SLOTS = ['SAMPLES=1'];

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a window: workers die at any store, flushes come late': {
    model: 'window',
    states: 1_000_000,
    reaches: [...DEATHS, 'FLUSH_LATE', 'RING_FULL', 'SLOT_IN_TWO_WINDOWS', 'STOP_WAITS_FOR_ROOM'],
    mistakes: {
      APPLIED_AFTER_WINDOW: SMALL_WINDOW,
      APPLIED_FIRST: SMALL_WINDOW,
      BASE_AFTER_WINDOW: SMALL_WINDOW,
      BASE_WITH_ROWS: SMALL_WINDOW,
      COUNT_APART: SMALL_WINDOW,
      DELTAS: SMALL_WINDOW,
      ENTRY_AFTER_WINDOW: SMALL_WINDOW,
      ENTRY_UNREAD: SMALL_WINDOW,
      EVENTS_FIRST: SMALL_WINDOW,
      FLUSH_IN_REDRAIN: SMALL_WINDOW,
      MERGE_AT_STOP: SMALL_WINDOW,
      NO_LAST_PUBLISH: SMALL_WINDOW,
      PUBLISHED_FIRST: SMALL_WINDOW,
      RELEASED_FIRST: SMALL_WINDOW,
      REQUEST_LATE: SMALL_WINDOW,
      ROOM_UNREAD: SMALL_WINDOW,
      STAMP_FIRST: SMALL_WINDOW,
    },
  },
  'slots: owners come and go, a worker and a timer thread die': {
    model: 'slots',
    states: 1_000_000,
    reaches: [
      ...DEATHS,
      ...['DEATH_AFTER_COMMIT', 'DEATH_WHILE_STOPPING', 'FLUSH_REPEATED', 'SLOT_IN_TWO_WINDOWS'],
      ...['SLOT_REUSED', 'STOP_WAITS_FOR_ROOM', 'WINDOW_MERGED'],
    ],
    mistakes: {
      COVERED_FIRST: SMALL_SLOTS,
      FREE_AT_APPLIED: SMALL_SLOTS,
      GENERATION_FIRST: SMALL_SLOTS,
      NOT_RELEASED_AGAIN: SMALL_SLOTS,
      STOP_NOT_RESET: SMALL_SLOTS,
    },
  },
  'the ledger: two shards, one late, a timer thread dies': {
    model: 'ledger',
    states: 1_000_000,
    reaches: [
      ...['DEATH_AFTER_COMMIT', 'DEATH_BEFORE_ANSWER', 'DEATH_IN_APPLY', 'DEATH_WHILE_STOPPING'],
      ...['FLUSH_LATE', 'FLUSH_REPEATED', 'SHARD_LEFT_OUT', 'STOP_WAITS_FOR_ROOM'],
    ],
    mistakes: { COMMIT_PER_SHARD: ['LATE=0'], WINDOWS_READ_AGAIN: ['TIMER_DEATHS=0'] },
  },
  'two drains that want one shard': {
    model: 'window',
    bounds: ['DRAINS=2', 'SAMPLES=2', 'DEATHS=1'],
    states: 500_000,
    reaches: [...DEATHS, 'FLUSH_LATE', 'OWNER_TAKEN', 'SLOT_IN_TWO_WINDOWS', 'STOP_WAITS_FOR_ROOM'],
    mistakes: { TWO_DRAINS: ['DRAINS=2', 'SAMPLES=1', 'DEATHS=0', 'LATE=0'] },
  },
  'an audit at any time': {
    model: 'window',
    bounds: ['AUDITS=1', 'SAMPLES=2', 'DEATHS=1'],
    states: 200_000,
    reaches: [...DEATHS, 'AUDIT_WITH_ROWS', 'FLUSH_LATE', 'SLOT_IN_TWO_WINDOWS', 'STOP_WAITS_FOR_ROOM'],
    mistakes: { BARRIER_BEFORE_ANSWER: ['AUDITS=1', 'SAMPLES=2', 'DEATHS=0'] },
  },
  'two tracks with fewer rows than they could use': {
    model: 'window',
    bounds: ['SLOTS=2', 'SAMPLES=2', 'DEATHS=0', 'CAPACITY=4', 'COARSE=atomic'],
    states: 500_000,
    reaches: ['FLUSH_LATE', 'ROWS_WITHOUT_ROOM', 'SLOT_IN_TWO_WINDOWS', 'STOP_WAITS_FOR_ROOM'],
    mistakes: {},
  },
};
