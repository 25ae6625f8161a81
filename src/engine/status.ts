import type { ExporterReport } from '../exporters/exporter.js';
import { Board } from '../memory/board.js';
import { lossCounts, windowsMerged } from '../memory/losses.js';
import { ringFills } from '../memory/ring-fill.js';
import { Control } from '../memory/shard.js';
import { type ExporterStatus, exporterStatus } from './exporter-status.js';
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
  /** Who takes what out of the engine; `callback` first, for listeners in the host. */
  readonly exporters: readonly ExporterStatus[];
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
  /** What each exporter last said of itself. */
  readonly reports: ReadonlyMap<string, ExporterReport>;
}

/** Whether the engine does its work, as the timer thread sees it. What exporters say of themselves does not count. */
export function readiness(memory: EngineMemory): { readonly ready: boolean; readonly verdict: string } {
  const { verdict } = engineStatus(memory, {
    state: 'running',
    timerReady: true,
    slotsInUse: 0,
    streamsInUse: 0,
    lastDeath: undefined,
    callsDropped: new Map(),
    callsRefused: new Map(),
    callsStripped: 0,
    reports: new Map(),
  });
  return { ready: verdict === 'ok', verdict };
}

/** Reads what all threads say of themselves; nothing waits. Any thread. */
export function engineStatus(memory: EngineMemory, host: HostView): EngineStatus {
  const { board } = memory;
  const rings = ringFills(memory.shards);
  const statsWorkers = memory.shards.map(({ buffer }) =>
    Atomics.load(new Int32Array(buffer), Control.I32_OWNER),
  );
  const silentMs = monotonicMs() - board[Board.TIMER_BEAT]!;
  const timer = !host.timerReady ? 'starting' : silentMs > TIMER_SILENT_MS ? 'stuck' : 'running';
  const exporters = memory.exporters.map((exporter) =>
    exporterStatus(exporter, host.reports.get(exporter.name)),
  );
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
    exporters,
    reaped: board[Board.REAPED]!,
    lateEvents: board[Board.LATE_EVENTS]!,
    drops: drops(memory, exporters, host),
  };
  return { ...status, verdict: verdict(status, host) };
}

function drops(
  memory: EngineMemory,
  [callback, ...exporters]: readonly ExporterStatus[],
  host: HostView,
): Record<string, number> {
  const { board } = memory;
  const counts: Record<string, number> = {
    snapshotsDropped: callback?.dropped.full.batches ?? 0,
    windowsMerged: windowsMerged(memory.shards),
    missedTicks: board[Board.MISSED_TICKS]!,
    flushesIncomplete: board[Board.FLUSHES_INCOMPLETE]!,
  };
  for (const { name, count } of lossCounts(memory)) counts[name] = (counts[name] ?? 0) + count;
  for (const { name, dropped } of exporters) {
    for (const [reason, { batches }] of Object.entries(dropped)) counts[`${name}.${reason}`] = batches;
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
  for (const { name, state, error } of status.exporters) {
    if (state === 'failing') wrong.push(`exporter ${name} is failing (${error})`);
  }
  return wrong.length === 0 ? 'ok' : `degraded: ${wrong.join('; ')}`;
}
