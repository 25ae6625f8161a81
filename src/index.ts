export type { Audit, BookTotals, DirectionTotals } from './engine/audit.js';
export type { CloseOptions } from './engine/close-options.js';
export type { CloseReport } from './engine/close-report.js';
export type { MessageOf, ParticipantInput, RoomInput, TrackInput } from './engine/encode-message.js';
export { StatsEngine } from './engine/engine.js';
export type { BatchTotals, ExporterStatus } from './engine/exporter-status.js';
export type { FlushReport } from './engine/messages.js';
export { Snapshot } from './engine/snapshot.js';
export type { EngineStatus } from './engine/status.js';
export type {
  GuardedCall,
  ParticipantActiveCall,
  ParticipantCall,
  ParticipantJoinedCall,
  ParticipantLeftCall,
  ParticipantResumedCall,
  TrackEventCall,
  TrackQualityCall,
  TrackRtpStatsCall,
  TrackSubscribeFailedCall,
  TrackSubscriptionCall,
  TrackUnpublishedCall,
} from './engine/telemetry-calls.js';
export { TelemetryEvent } from './engine/telemetry-event.js';
export { ErrorCode, SfuStatsError } from './errors.js';
export type { FileOptions } from './exporters/file/file-options.js';
export type { RecordKind } from './exporters/file/forms/record-names.js';
export {
  type ExportDamage,
  type ExportEntry,
  ExportRecord,
  type JsonMessageObject,
} from './exporters/file/reader/export-entry.js';
export { readExportFile } from './exporters/file/reader/read-export-file.js';
export type { GrpcOptions, GrpcTlsOptions } from './exporters/grpc/grpc-options.js';
export type { MetricsOptions, MetricsTlsOptions } from './exporters/prometheus/metrics-options.js';
export { Direction } from './memory/totals.js';
export type { Capacity, Logger, StatsEngineOptions, VirtualClock } from './options.js';
export { defaults } from './options.js';
export { type AttachedRecorder, attach, type EnginePort } from './record/attach.js';
export { DataRecorder, type TrafficTotals } from './record/data-recorder.js';
export type { DataRecorderOptions, TrackRecorderOptions } from './record/recording-thread.js';
export type { ParticipantRef, RoomRef, TrackRef } from './record/refs.js';
export { InvalidReason, RecordResult } from './record/result.js';
export type { LayerSample, StreamSample, TrackSample } from './record/sample.js';
export { type SignalIdentity, SignalRecorder } from './record/signal-recorder.js';
export { TrackRecorder } from './record/track-recorder.js';
export type { LayerWindow, StreamTotals, TrackWindow } from './snapshot/track-window.js';
export type { WebhookOptions, WebhookTarget } from './telemetry/webhooks/webhook-options.js';
export { VERSION } from './version.js';
