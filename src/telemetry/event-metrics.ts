import type { TrackType } from '@livekit/protocol';
import type { MetricFamily, MetricSource, ValueSeries } from '../exporters/prometheus/families.js';
import { MAX_LABELS, TelemetryCells, type TelemetryLedger } from '../memory/telemetry-ledger.js';
import type { CallObserver } from './call-observer.js';
import { CellHistogram } from './cell-histogram.js';
import { ErrorLabels, OVERFLOW_LABEL } from './error-labels.js';
import { TRACK_KINDS, trackKind } from './track-kinds.js';
import { DropReason, FailReason, type Outcome, Result } from './webhooks/outcome.js';

const SECONDS_OF_A_ROOM = [5, 10, 60, 300, 600, 1800, 3600, 7200, 18_000, 36_000];
const WEBHOOKS_OF_A_KEY = [1, 2, 3, 4, 5, 10, 20, 40, 80];
/** 128 to 33,554,432. */
const BYTES_OF_A_STREAM = Array.from({ length: 10 }, (_, n) => 128 * 4 ** n);

const JOIN_LABELS = [
  ['rtc_connected', 'false'],
  ['rtc_active', 'false'],
  ['rtc_active', 'true'],
];
const [CONNECTED, ACTIVE, WARPED] = [0, 1, 2];

const ATTEMPT = 'attempt';
const SUCCESS = 'success';
const FAILURE = 'failure';

const PUBLISH_LABELS = TRACK_KINDS.flatMap((kind) => [
  [kind, ATTEMPT],
  [kind, SUCCESS],
]);

/** It was queued in a timer thread that died. */
const TIMER_RESTART = 'timer_restart';
const DISPATCH_LABELS = [
  [SUCCESS, ''],
  ...Object.values(FailReason).map((reason) => [FAILURE, reason]),
  ...[...Object.values(DropReason), TIMER_RESTART].map((reason) => ['dropped', reason]),
];
const STATUS_OF: Readonly<Record<Result, string>> = {
  [Result.SENT]: SUCCESS,
  [Result.FAILED]: FAILURE,
  [Result.DROPPED]: 'dropped',
};
const dispatchOf = (status: string, reason: string): number =>
  DISPATCH_LABELS.findIndex((labels) => labels[0] === status && labels[1] === reason);

/** Where each metric's cells begin. */
const JOINS = TelemetryCells.METRICS;
const PUBLISHES = JOINS + JOIN_LABELS.length;
const SUBSCRIBE_ATTEMPTS = PUBLISHES + PUBLISH_LABELS.length;
const SUBSCRIBE_SUCCESSES = SUBSCRIBE_ATTEMPTS + 1;
const FAILURES = SUBSCRIBE_SUCCESSES + 1;
const OTHER_FAILURES = FAILURES + MAX_LABELS;
const DISPATCHES = OTHER_FAILURES + 1;
const ROOM_SECONDS = DISPATCHES + DISPATCH_LABELS.length;
const QUEUE_LENGTHS = ROOM_SECONDS + CellHistogram.cells(SECONDS_OF_A_ROOM);
const STREAM_BYTES = QUEUE_LENGTHS + CellHistogram.cells(WEBHOOKS_OF_A_KEY);

/** One past the last cell the metrics use. */
export const METRICS_END = STREAM_BYTES + CellHistogram.cells(BYTES_OF_A_STREAM);

/** What webhooks came to since the start, over all timer threads. */
export interface WebhookTotals {
  readonly sent: number;
  readonly failed: number;
  readonly dropped: number;
}

/**
 * LiveKit's metrics of calls and webhooks. All is counted into the ledger, and shown as it was committed: exactly
 * once, whichever thread died meanwhile. Timer thread.
 */
export class EventMetrics implements CallObserver, MetricSource {
  readonly #ledger: TelemetryLedger;
  readonly #errors: ErrorLabels;
  readonly #roomSeconds: CellHistogram;
  readonly #queueLengths: CellHistogram;
  readonly #streamBytes: CellHistogram;

  /** What was queued in the thread before this one went with it, and is counted; to be committed by the caller. */
  constructor(ledger: TelemetryLedger) {
    this.#ledger = ledger;
    this.#errors = new ErrorLabels(ledger);
    this.#roomSeconds = new CellHistogram(ledger, ROOM_SECONDS, SECONDS_OF_A_ROOM);
    this.#queueLengths = new CellHistogram(ledger, QUEUE_LENGTHS, WEBHOOKS_OF_A_KEY);
    this.#streamBytes = new CellHistogram(ledger, STREAM_BYTES, BYTES_OF_A_STREAM);
    const queued = ledger.get(TelemetryCells.WEBHOOKS_QUEUED) - ledger.get(TelemetryCells.WEBHOOKS_SETTLED);
    if (queued === 0) return;
    ledger.add(DISPATCHES + dispatchOf('dropped', TIMER_RESTART), queued);
    ledger.add(TelemetryCells.WEBHOOKS_SETTLED, queued);
  }

  joined(): void {
    this.#ledger.add(JOINS + CONNECTED!);
  }

  active(isWarp: boolean): void {
    this.#ledger.add(JOINS + (isWarp ? WARPED! : ACTIVE!));
  }

  publishRequested(type: TrackType): void {
    this.#ledger.add(PUBLISHES + 2 * TRACK_KINDS.indexOf(trackKind(type)));
  }

  published(type: TrackType): void {
    this.#ledger.add(PUBLISHES + 2 * TRACK_KINDS.indexOf(trackKind(type)) + 1);
  }

  subscribeRequested(): void {
    this.#ledger.add(SUBSCRIBE_ATTEMPTS);
  }

  subscribed(): void {
    this.#ledger.add(SUBSCRIBE_SUCCESSES);
  }

  subscribeFailed(error: string): void {
    const label = this.#errors.numberOf(error);
    this.#ledger.add(label === undefined ? OTHER_FAILURES : FAILURES + label);
  }

  roomEnded(durationMs: number): void {
    this.#roomSeconds.observe(durationMs / 1000);
  }

  dataStream(bytes: number): void {
    this.#streamBytes.observe(bytes);
  }

  /**
   * A webhook was queued at one URL.
   * @param length of its key's queue, itself included
   */
  webhookQueued(length: number): void {
    this.#ledger.add(TelemetryCells.WEBHOOKS_QUEUED);
    this.#queueLengths.observe(length);
  }

  /** What became of a webhook at one URL, whether or not it had been queued. */
  webhookSettled({ result, reason, queuedEpochMs }: Outcome): void {
    this.#ledger.add(DISPATCHES + dispatchOf(STATUS_OF[result], reason));
    if (queuedEpochMs !== undefined) this.#ledger.add(TelemetryCells.WEBHOOKS_SETTLED);
  }

  webhookTotals(): WebhookTotals {
    const totals = { sent: 0, failed: 0, dropped: 0 };
    DISPATCH_LABELS.forEach(([status], n) => {
      const count = this.#ledger.committed(DISPATCHES + n);
      if (status === SUCCESS) totals.sent += count;
      else if (status === FAILURE) totals.failed += count;
      else totals.dropped += count;
    });
    return totals;
  }

  /** Errors that were counted under another label, because there were too many. */
  get overflowed(): number {
    return this.#ledger.committed(TelemetryCells.LABELS_OVERFLOWED);
  }

  collect(): MetricFamily[] {
    return [
      {
        ...counter('livekit_participant_join_total', 'Participants that connected, and that became active'),
        labelNames: ['state', 'warp'],
        series: this.#series(JOINS, JOIN_LABELS),
      },
      {
        ...counter('livekit_track_publish_counter', 'Tracks that were asked to be published, and that were'),
        labelNames: ['kind', 'state'],
        series: this.#series(PUBLISHES, PUBLISH_LABELS),
      },
      {
        ...counter('livekit_track_subscribe_counter', 'Subscriptions asked for, made, and failed by error'),
        labelNames: ['state', 'error'],
        series: this.#subscriptions(),
      },
      {
        ...counter('livekit_webhook_dispatch_total', 'What became of webhooks, once for each URL'),
        labelNames: ['status', 'reason'],
        series: this.#series(DISPATCHES, DISPATCH_LABELS),
      },
      histogram('livekit_room_duration_seconds', 'How long rooms went on', this.#roomSeconds),
      histogram('livekit_webhook_queue_length', 'Webhooks of a key, when one was queued', this.#queueLengths),
      histogram('livekit_datapacket_stream_bytes', 'Bytes of data streams', this.#streamBytes),
    ];
  }

  #series(first: number, labels: readonly (readonly string[])[]): ValueSeries[] {
    return labels.map((values, n) => ({ labels: values, value: this.#ledger.committed(first + n) }));
  }

  #subscriptions(): ValueSeries[] {
    const errors = Array.from({ length: this.#ledger.committed(TelemetryCells.LABELS) }, (_, n) => [
      FAILURE,
      this.#errors.text(n),
    ]);
    return [
      ...this.#series(SUBSCRIBE_ATTEMPTS, [
        [ATTEMPT, ''],
        [SUCCESS, ''],
      ]),
      ...this.#series(FAILURES, errors),
      ...this.#series(OTHER_FAILURES, [[FAILURE, OVERFLOW_LABEL]]),
    ];
  }
}

function counter(name: string, help: string): { readonly type: 'counter'; name: string; help: string } {
  return { type: 'counter', name, help };
}

function histogram(name: string, help: string, cells: CellHistogram): MetricFamily {
  const series = [{ labels: [], ...cells.read() }];
  return { type: 'histogram', name, help, labelNames: [], bounds: cells.bounds, series };
}
