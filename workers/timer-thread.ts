import { parentPort, workerData } from 'node:worker_threads';
import type { WebhookInfo } from '@livekit/protocol';
import { Unpackr } from 'msgpackr/unpack';
import { EventIntake } from '../src/engine/event-intake.js';
import { Flusher } from '../src/engine/flusher.js';
import type { HostMessage, StopReport, TelemetryEntry, TimerData } from '../src/engine/messages.js';
import { monotonicMs } from '../src/engine/monotonic.js';
import { StatsPool } from '../src/engine/stats-pool.js';
import { readiness } from '../src/engine/status.js';
import { TimerLoop } from '../src/engine/timer-loop.js';
import { CallbackExporter } from '../src/exporters/callback-exporter.js';
import type { ExporterSurroundings } from '../src/exporters/exporter.js';
import { ExporterBooks } from '../src/exporters/exporter-books.js';
import { FanOut } from '../src/exporters/fan-out.js';
import { EngineMetrics } from '../src/exporters/prometheus/engine-metrics.js';
import { LabelOverflow } from '../src/exporters/prometheus/label-overflow.js';
import { PacketMetrics } from '../src/exporters/prometheus/packet-metrics.js';
import type { PrometheusParts } from '../src/exporters/prometheus/prometheus-exporter.js';
import { StreamMetrics } from '../src/exporters/prometheus/stream-metrics.js';
import { TrackMetrics } from '../src/exporters/prometheus/track-metrics.js';
import { Board } from '../src/memory/board.js';
import { ThreadBooks } from '../src/memory/cells.js';
import { EventRingReader } from '../src/memory/event-ring.js';
import { ExportDrop } from '../src/memory/exporter-books.js';
import { type Frame, FrameType, SAID_BEFORE } from '../src/memory/frames.js';
import { TelemetryCells, TelemetryLedger } from '../src/memory/telemetry-ledger.js';
import { PacketCounter } from '../src/snapshot/packet-counter.js';
import { SnapshotBuilder } from '../src/snapshot/snapshot-builder.js';
import { StreamObserver } from '../src/snapshot/stream-observer.js';
import { ThreadView } from '../src/snapshot/thread-view.js';
import { TrackTraffic } from '../src/snapshot/track-traffic.js';
import { Analytics } from '../src/telemetry/analytics.js';
import { EventMetrics } from '../src/telemetry/event-metrics.js';
import { RegistryGauges } from '../src/telemetry/registry-gauges.js';
import { TelemetryService } from '../src/telemetry/service.js';
import { startExporters } from '../src/telemetry/start-exporters.js';
import type { Outcome } from '../src/telemetry/webhooks/outcome.js';
import type { WebhookStatus, Webhooks } from '../src/telemetry/webhooks/webhooks.js';

/** Of the time to close: webhooks that hang leave this much to the exporters. */
const EXPORTERS_SHARE = 0.5;

const data = workerData as TimerData;
const port = parentPort!;
const { board } = data;

const ledger = new TelemetryLedger(data.telemetry);
const eventMetrics = new EventMetrics(ledger);
const service = new TelemetryService(
  { ...data, originEpochMs: () => loop.originEpochMs() },
  {
    event: (event, seq, time) => tell('event', seq, time, event),
    webhook: (event, seq, time) => {
      tell('webhook', seq, time, event);
      webhooks?.notify(event);
    },
    nodeRooms: (rooms, time) => {
      tell('nodeRooms', 0, time, rooms);
      if (analytics.isWanted) analytics.sendNodeRooms(rooms);
    },
    impossible: (call) =>
      loop.log('warn', { call: call.call }, 'a call was impossible; further ones are counted'),
  },
  ledger,
  eventMetrics,
);
const { participants } = service;
const webhooks = data.webhooks && (await startWebhooks(data.webhooks));
/** What became of webhooks, to be told in a turn of its own: one drop may bring any number of others. */
let outcomes: { readonly info: WebhookInfo; readonly outcome: Outcome }[] = [];
/** Attempts of the timer threads before this one: its own are added to them. */
const retriesBefore = board[Board.WEBHOOK_RETRIES]!;
/** Books of the recording threads but the host's own. */
const attached = data.threads
  .slice(1)
  .map(({ cells }) => new Float64Array(cells.buffer, 0, ThreadBooks.WORDS));

function isAnnounced(books: Float64Array): boolean {
  const announced = books[ThreadBooks.ANNOUNCED]!;
  return announced === 0 || announced === board[Board.TIMER_RESTARTS]! + 1;
}

const threads = data.threads.map(({ cells }, lane) => new ThreadView(cells, lane));
const observer = new StreamObserver(service.knownTracks);
const builder = new SnapshotBuilder(data.shards, threads, data.ledger, data, observer);
// T1: the thread before this one may have died between its last commit and the release.
builder.releaseTaken();
/** Only for series of single rooms and tracks. */
const traffic =
  data.metrics && (data.metrics.perRoom || data.metrics.perTrack)
    ? new TrackTraffic(data.threads, data.shards[0]!.layout.laneSlots, () => builder.owners(), data.metrics)
    : undefined;
const unpackr = new Unpackr({ useRecords: false });

function tell(
  kind: TelemetryEntry['kind'],
  seq: number,
  time: number,
  message: { toBinary(): Uint8Array },
): void {
  const isExported = kind === 'event' && analytics.isWanted;
  if (!loop.wantsTelemetry && !isExported) return;
  const bytes = message.toBinary();
  if (loop.wantsTelemetry && !loop.addTelemetry({ kind, seq, time, bytes })) {
    ledger.add(TelemetryCells.TELEMETRY_DROPPED);
  }
  if (isExported) analytics.sendEvent(bytes);
}

function surroundingsOf(name: string): ExporterSurroundings {
  const own = new ExporterBooks(data.exporters.find((exporter) => exporter.name === name)!.books);
  // What the thread before this one had queued died with it.
  own.settle(ExportDrop.TIMER_RESTART);
  return {
    books: own,
    report: (report) => loop.post({ kind: 'exporter', name, report }),
    log: (level, fields, message) => loop.log(level, { exporter: name, ...fields }, message),
  };
}

function take(lane: number, frame: Frame): void {
  if (frame[0] === FrameType.SLOT) {
    builder.setOwner(frame);
    const [, , , , { room, participant }, saidAfter] = frame;
    // Names that were taken by the thread before this one are no news: later calls may have said others.
    const isNews = saidAfter === undefined || saidAfter === ledger.get(TelemetryCells.CALLS_TAKEN);
    if (isNews) participants.seen(room, participant);
    else if (saidAfter === SAID_BEFORE) participants.seenBefore(room, participant);
  } else if (frame[0] === FrameType.MIME) {
    threads[lane]!.setMime(frame[1], frame[2]);
  } else {
    const [, time, number, call] = frame;
    // Taken by the thread before this one, which died before it could give the room back.
    if (number <= ledger.get(TelemetryCells.CALLS_TAKEN)) return;
    ledger.set(TelemetryCells.CALLS_TAKEN, number);
    service.take(call, time, number);
  }
}

const intake = new EventIntake({
  rings: data.threads.map(({ events }) => new EventRingReader(events)),
  ledger,
  take: (lane, bytes) => {
    try {
      take(lane, unpackr.unpack(bytes) as Frame);
    } catch (error) {
      ledger.add(TelemetryCells.FRAMES_REFUSED);
      loop.log('error', { error: String(error) }, 'a frame of the event ring was refused');
    }
  },
  handOn: (commit) => {
    // The host's message commits: what a thread that dies after it had not queued would be missing, uncounted.
    analytics.sendEvents();
    loop.deliverTelemetry(commit);
  },
});

/** Their HTTP client and signer take a third of the time to start: only who has webhooks waits for them. */
async function startWebhooks(options: NonNullable<TimerData['webhooks']>): Promise<Webhooks> {
  const { Webhooks } = await import('../src/telemetry/webhooks/webhooks.js');
  return new Webhooks(options, {
    processed: (info, outcome) => {
      if (outcomes.push({ info, outcome }) === 1) setImmediate(settleOutcomes);
    },
    queued: (length) => eventMetrics.webhookQueued(length),
    log: (level, fields, message) => loop.log(level, fields, message),
  });
}

/** Counts and tells what became of webhooks, each with the commit it belongs to. */
function settleOutcomes(): void {
  const settled = outcomes;
  outcomes = [];
  for (const { info, outcome } of settled) {
    eventMetrics.webhookSettled(outcome);
    service.webhookProcessed(info, board[Board.CLOCK]!);
    if (ledger.isCrowded) intake.settle();
  }
  intake.settle();
}

function showWebhooks({ queued, inFlight, retries }: WebhookStatus): void {
  const { sent, failed, dropped } = eventMetrics.webhookTotals();
  board[Board.WEBHOOKS_QUEUED] = queued + inFlight;
  board[Board.WEBHOOKS_SENT] = sent;
  board[Board.WEBHOOKS_FAILED] = failed;
  board[Board.WEBHOOKS_DROPPED] = dropped;
  board[Board.WEBHOOK_RETRIES] = retriesBefore + retries;
}

function drainEvents(): void {
  board[Board.EVENTS_TAKEN]! += intake.drain();
  settleOutcomes();
  if (webhooks !== undefined) showWebhooks(webhooks.status());
  board[Board.LATE_EVENTS] = ledger.committed(TelemetryCells.LATE_EVENTS);
  board[Board.LEAVES_IGNORED] = ledger.committed(TelemetryCells.LEAVES_IGNORED);
  board[Board.TELEMETRY_DROPPED] = ledger.committed(TelemetryCells.TELEMETRY_DROPPED);
  board[Board.EVENTS_REFUSED] = ledger.committed(TelemetryCells.FRAMES_REFUSED);
  board[Board.ROOMS] = participants.roomCount;
  board[Board.PARTICIPANTS] = participants.openCount;
}

const pool = new StatsPool(data.shards, data.statsWorkerUrl, board, (level, fields, message) =>
  loop.log(level, fields, message),
);
const flusher: Flusher = new Flusher({
  board,
  builder,
  participants,
  announced: () => attached.every((books) => isAnnounced(books)),
  giveUpAnnouncements: () => {
    for (const books of attached) if (!isAnnounced(books)) books[ThreadBooks.ANNOUNCED] = 0;
  },
  drainEvents,
  monotonic: monotonicMs,
  originEpochMs: () => loop.originEpochMs(),
  wantsRows: () => loop.wantsSnapshots,
  sink: (snapshot) => {
    // Before its windows are given back: a slot that ends is complete now.
    traffic?.update();
    analytics.sendStats(snapshot);
  },
});
const loop: TimerLoop = new TimerLoop({
  data,
  port,
  pool,
  flusher,
  drainEvents,
  reap: (time) => {
    const { participants: reaped, tracks } = service.reap(time, data.reapAfterMs);
    board[Board.ROOMS] = participants.roomCount;
    return { reaped, tracks, callsTaken: ledger.committed(TelemetryCells.CALLS_TAKEN) };
  },
  snapshotTaken: (flush) => callback.taken(flush),
  reportRooms: () => {
    if (analytics.isWanted) analytics.sendNodeRoomStates(participants);
  },
  finish,
  nextReap: () => participants.nextDue(data.reapAfterMs),
});

// What was known before this thread: it takes over, nothing is announced again.
for (const [, time, number, call] of data.known.calls) service.restore(call, time, number);
service.restored();
for (const [, id, mime] of data.known.mimes) threads[0]!.setMime(id, mime);
// Their names are older than the latest that was said: the calls have those.
for (const frame of data.known.slots) builder.setOwner(frame);

const callback = new CallbackExporter(
  (snapshot, transfer) => loop.post({ kind: 'snapshot', ...snapshot }, transfer),
  surroundingsOf('callback'),
);
const fanOut = new FanOut(
  await startExporters({ ...data, surroundingsOf, prometheus: metricsShown() }),
  (level, fields, message) => loop.log(level, fields, message),
);
const analytics = new Analytics({ ...data, originEpochMs: () => loop.originEpochMs() }, fanOut, callback);

/** Everything there are metrics of; read when somebody scrapes. */
function metricsShown(): PrometheusParts {
  const { nodeId, httpCounts } = data;
  const packets = new PacketCounter(data.shards, data.threads);
  const streams = new StreamMetrics(data.ledger);
  return {
    sources: [
      new PacketMetrics(packets),
      streams,
      eventMetrics,
      new RegistryGauges(service),
      new EngineMetrics(data),
      new LabelOverflow(
        ['country', 'packets', packets],
        ['country', 'streams', streams],
        ['error', 'subscriptions', eventMetrics],
        ...(traffic === undefined ? [] : [['track', 'traffic', traffic] as const]),
      ),
      ...(traffic === undefined ? [] : [new TrackMetrics(traffic)]),
    ],
    readiness: () => readiness(data),
    nodeId,
    httpCounts,
    monotonicMs,
  };
}

/** Webhooks first: what becomes of them are events, which exporters send. */
async function finish(deadlineMs: number): Promise<Omit<StopReport, 'complete'>> {
  const deadline = monotonicMs() + deadlineMs;
  const forExporters = fanOut.isWanted ? EXPORTERS_SHARE * deadlineMs : 0;
  const report = await webhooks?.close({ deadlineMs: deadlineMs - forExporters });
  drainEvents();
  const leftMs = Math.max(0, deadline - monotonicMs());
  const [left] = await Promise.all([fanOut.close(leftMs), callback.close(leftMs)]);
  return { webhooks: report, exporters: left };
}

intake.settle();
port.on('message', (message: HostMessage) => loop.onMessage(message));
loop.start();
