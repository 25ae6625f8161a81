import type { BatchDetail } from '../exporters/batch.js';
import type { ExporterReport, LogLevel } from '../exporters/exporter.js';
import type { ExporterLeft } from '../exporters/fan-out.js';
import type { ResolvedFileOptions } from '../exporters/file/file-options.js';
import type { ResolvedGrpcOptions } from '../exporters/grpc/grpc-options.js';
import type { ResolvedMetricsOptions } from '../exporters/prometheus/metrics-options.js';
import type { CellsMemory } from '../memory/cells.js';
import type { CallFrame, MimeFrame, SlotFrame } from '../memory/frames.js';
import type { LedgerMemory } from '../memory/ledger.js';
import type { ShardMemory } from '../memory/shard.js';
import type { TelemetryMemory } from '../memory/telemetry-ledger.js';
import type { ResolvedWebhookOptions } from '../telemetry/webhooks/webhook-options.js';
import type { WebhookCloseReport } from '../telemetry/webhooks/webhooks.js';
import type { ReapNews } from './registry.js';

/** An exporter that is to run, and its books, which outlive the thread it runs in. */
export interface ExporterMemory {
  readonly name: string;
  readonly books: Float64Array;
}

/** What the host hands a timer thread when it starts. */
export interface TimerData {
  readonly shards: readonly ShardMemory[];
  /** Of each recording thread, by lane. */
  readonly threads: readonly { readonly cells: CellsMemory; readonly events: SharedArrayBuffer }[];
  readonly board: Float64Array;
  readonly ledger: LedgerMemory;
  readonly telemetry: TelemetryMemory;
  readonly exporters: readonly ExporterMemory[];
  readonly httpCounts: Float64Array;
  /** The package's. */
  readonly version: string;
  readonly statsWorkerUrl: string;
  readonly reportIntervalMs: number;
  readonly reapAfterMs: number;
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly seed: string;
  readonly webhooks: ResolvedWebhookOptions | undefined;
  readonly metrics: ResolvedMetricsOptions | undefined;
  readonly grpc: ResolvedGrpcOptions | undefined;
  readonly file: ResolvedFileOptions | undefined;
  readonly clock:
    | { readonly virtualStartMs: number }
    /** process.hrtime at engine time 0, ms: it is the same clock in all threads. */
    | { readonly monotonicStartMs: number };
  /** What the host's thread had announced before: a new timer thread hears it first. */
  readonly known: {
    readonly calls: readonly CallFrame[];
    readonly slots: readonly SlotFrame[];
    readonly mimes: readonly MimeFrame[];
  };
}

/** What the host asks of the timer thread; each request gets one answer with its id. */
export type TimerRequest =
  | { readonly op: 'flush' }
  /** Moves a virtual clock; flushes at every multiple of the report interval it reaches. */
  | { readonly op: 'advance'; readonly fromMs: number; readonly toMs: number }
  /** Waits until everything published is applied, then keeps still until `resume`. */
  | { readonly op: 'barrier' }
  | { readonly op: 'resume' }
  | { readonly op: 'terminateStatsWorker'; readonly shard: number }
  | { readonly op: 'stop'; readonly deadlineMs: number };

export type HostMessage =
  | { readonly kind: 'request'; readonly id: number; readonly request: TimerRequest }
  /** The host has worked off the snapshot of a flush. */
  | { readonly kind: 'snapshotTaken'; readonly flush: number }
  /** The host has worked off so many entries. */
  | { readonly kind: 'telemetryTaken'; readonly count: number };

/** What a flush came to. */
export interface FlushReport {
  readonly flush: number;
  /** When it was, milliseconds since 1970. */
  readonly timeMs: number;
  /** Stats in the snapshot. */
  readonly stats: number;
}

/** What the last flush, and what was sent after it, came to. */
export interface StopReport {
  /** Everything recorded was reported in time. */
  readonly complete: boolean;
  readonly webhooks: WebhookCloseReport | undefined;
  readonly exporters: readonly ExporterLeft[];
}

export type Answer = FlushReport | StopReport | boolean | undefined;

export interface SnapshotMessage extends BatchDetail {
  readonly kind: 'snapshot';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An event, a webhook or a report of rooms, as the timer thread hands it to the host. */
export interface TelemetryEntry {
  readonly kind: 'event' | 'webhook' | 'nodeRooms';
  /** Sequence number in its room; 0 for a report of rooms. */
  readonly seq: number;
  /** Engine time of the call, ms. */
  readonly time: number;
  /** `livekit.AnalyticsEvent`, `livekit.WebhookEvent` or `livekit.AnalyticsNodeRooms`. */
  readonly bytes: Uint8Array;
}

export interface TelemetryMessage {
  readonly kind: 'telemetry';
  /** Number of the commit this is part of: once it was heard, that counts as committed. */
  readonly commit: number;
  readonly originEpochMs: number;
  readonly entries: readonly TelemetryEntry[];
}

export type TimerMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly answer: Answer;
      readonly error: string | undefined;
    }
  | SnapshotMessage
  | TelemetryMessage
  | { readonly kind: 'exporter'; readonly name: string; readonly report: ExporterReport }
  | ({ readonly kind: 'reaped' } & ReapNews)
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly message: string };
