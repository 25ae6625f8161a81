import { Board } from '../memory/board.js';
import { ThreadBooks } from '../memory/cells.js';
import { Ledger, LedgerWords } from '../memory/ledger.js';
import { Control, laneWord } from '../memory/shard.js';
import { InvalidReason } from '../record/result.js';
import type { EngineMemory } from './memory-plan.js';
import { monotonicMs } from './monotonic.js';

/** A ring that holds this much is worth a word. */
const RING_CROWDED = 0.8;
/** The timer thread ticks every 50 ms: silent this long, it stands still. */
const TIMER_SILENT_MS = 2_000;

export interface EngineStatus {
  readonly state: 'running' | 'closing' | 'closed';
  /** One line: "ok", or what is wrong. */
  readonly verdict: string;
  readonly threads: {
    readonly timer: 'running' | 'starting' | 'stuck';
    /** For each shard, the thread that drains it; 0 while there is none. */
    readonly statsWorkers: readonly number[];
    readonly timerRestarts: number;
    readonly statsWorkerRestarts: number;
    readonly poolRebuilds: number;
  };
  /** The last flush; number 0 before the first. */
  readonly lastFlush: {
    readonly number: number;
    /** Engine time, ms. */
    readonly atMs: number;
    readonly durationMs: number;
    readonly stats: number;
  };
  /** Share of each ring that waits to be applied, 0 to 1. */
  readonly rings: readonly { readonly shard: number; readonly lane: number; readonly fill: number }[];
  readonly rooms: number;
  readonly participants: number;
  /** Slots of the host's thread in use, those that wait for their last window among them. */
  readonly slotsInUse: number;
  readonly streamsInUse: number;
  /** Webhooks since the start, once for each URL; those queued wait or are in flight. */
  readonly webhooks: {
    readonly queued: number;
    readonly sent: number;
    readonly failed: number;
    readonly dropped: number;
    /** Attempts after the first. */
    readonly retries: number;
  };
  /** Participants forgotten since the start. */
  readonly reaped: number;
  /** Events of participants nobody knew (any more): sent with what the call itself brought. */
  readonly lateEvents: number;
  /** Losses and refusals since the start, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** What only the host's heap knows. */
export interface HostView {
  readonly state: EngineStatus['state'];
  readonly timerReady: boolean;
  readonly slotsInUse: number;
  readonly streamsInUse: number;
  readonly lastDeath: string | undefined;
  readonly callsDropped: ReadonlyMap<string, number>;
  readonly callsRefused: ReadonlyMap<string, number>;
  readonly callsStripped: number;
}

/** Reads what all threads say of themselves; nothing waits. Any thread. */
export function engineStatus(memory: EngineMemory, host: HostView): EngineStatus {
  const { board } = memory;
  const shards = memory.shards.map(({ buffer, layout }) => ({ ints: new Int32Array(buffer), layout }));
  const rings = shards.flatMap(({ ints, layout }, shard) =>
    memory.threads.map((_, lane) => {
      const published = Atomics.load(ints, laneWord(lane, Control.LANE_PUBLISHED));
      const applied = Atomics.load(ints, laneWord(lane, Control.LANE_APPLIED));
      return { shard, lane, fill: ((published - applied) | 0) / layout.ringWords };
    }),
  );
  const statsWorkers = shards.map(({ ints }) => Atomics.load(ints, Control.I32_OWNER));
  const silentMs = monotonicMs() - board[Board.TIMER_BEAT]!;
  const timer = !host.timerReady ? 'starting' : silentMs > TIMER_SILENT_MS ? 'stuck' : 'running';
  const status: Omit<EngineStatus, 'verdict'> = {
    state: host.state,
    threads: {
      timer,
      statsWorkers,
      timerRestarts: board[Board.TIMER_RESTARTS]!,
      statsWorkerRestarts: board[Board.STATS_WORKER_RESTARTS]!,
      poolRebuilds: board[Board.POOL_REBUILDS]!,
    },
    lastFlush: {
      number: board[Board.FLUSH]!,
      atMs: board[Board.LAST_FLUSH_TIME]!,
      durationMs: board[Board.LAST_FLUSH_DURATION]!,
      stats: board[Board.LAST_FLUSH_STATS]!,
    },
    rings,
    rooms: board[Board.ROOMS]!,
    participants: board[Board.PARTICIPANTS]!,
    slotsInUse: host.slotsInUse,
    streamsInUse: host.streamsInUse,
    webhooks: {
      queued: board[Board.WEBHOOKS_QUEUED]!,
      sent: board[Board.WEBHOOKS_SENT]!,
      failed: board[Board.WEBHOOKS_FAILED]!,
      dropped: board[Board.WEBHOOKS_DROPPED]!,
      retries: board[Board.WEBHOOK_RETRIES]!,
    },
    reaped: board[Board.REAPED]!,
    lateEvents: board[Board.LATE_EVENTS]!,
    drops: drops(memory, shards, host),
  };
  return { ...status, verdict: verdict(status, host) };
}

function drops(
  memory: EngineMemory,
  shards: readonly { readonly ints: Int32Array }[],
  host: HostView,
): Record<string, number> {
  const { board } = memory;
  const ledger = new Ledger(memory.ledger);
  const books = memory.threads.map(({ cells }) => new Float64Array(cells.buffer));
  const sum = (word: number): number => books.reduce((total, book) => total + book[word]!, 0);
  const counts: Record<string, number> = {
    unattributedAtDoor: sum(ThreadBooks.UNATTRIBUTED) + sum(ThreadBooks.UNATTRIBUTED + 4),
    staleHandles: sum(ThreadBooks.STALE),
    recordsFolded: sum(ThreadBooks.FOLDED),
    scoresLost: sum(ThreadBooks.SCORES_LOST) + ledger.words[ledger.valid + LedgerWords.SCORES_DROPPED]!,
    mimesRefused: sum(ThreadBooks.MIMES_REFUSED),
    snapshotsDropped: board[Board.SNAPSHOTS_DROPPED]!,
    telemetryDropped: board[Board.TELEMETRY_DROPPED]!,
    windowsMerged: shards.reduce((total, { ints }) => total + Atomics.load(ints, Control.I32_MERGED), 0),
    missedTicks: board[Board.MISSED_TICKS]!,
    flushesIncomplete: board[Board.FLUSHES_INCOMPLETE]!,
    eventsRefused: board[Board.EVENTS_REFUSED]!,
    leavesIgnored: board[Board.LEAVES_IGNORED]!,
    fieldsSaturated: ledger.words[ledger.valid + LedgerWords.FIELDS_SATURATED]!,
  };
  for (const [name, reason] of Object.entries(InvalidReason)) {
    if (reason !== InvalidReason.NONE) counts[`invalid.${name}`] = sum(ThreadBooks.INVALID_REASONS + reason);
  }
  for (const [name, count] of host.callsDropped) counts[`call.${name}`] = count;
  for (const [name, count] of host.callsRefused) counts[`refused.${name}`] = count;
  if (host.callsStripped > 0) counts.callsStripped = host.callsStripped;
  return counts;
}

function verdict(status: Omit<EngineStatus, 'verdict'>, host: HostView): string {
  if (status.state !== 'running') return status.state;
  const { timer, statsWorkers } = status.threads;
  const wrong: string[] = [];
  if (timer === 'starting')
    wrong.push(`the timer thread is starting${host.lastDeath ? ` (${host.lastDeath})` : ''}`);
  if (timer === 'stuck') wrong.push('the timer thread stands still');
  const undrained = statsWorkers.flatMap((thread, shard) => (thread === 0 ? [shard] : []));
  if (undrained.length > 0) wrong.push(`no stats worker drains shard ${undrained.join(', ')}`);
  const crowded = status.rings.filter(({ fill }) => fill >= RING_CROWDED);
  if (crowded.length > 0) wrong.push(`${crowded.length} of ${status.rings.length} rings are nearly full`);
  return wrong.length === 0 ? 'ok' : `degraded: ${wrong.join('; ')}`;
}
