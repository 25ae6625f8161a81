import { Unpackr } from 'msgpackr/unpack';
import { EventIntake } from '../../dist/src/engine/event-intake.js';
import { Registry } from '../../dist/src/engine/registry.js';
import { createEventRing, EventRingReader } from '../../dist/src/memory/event-ring.js';
import { type CallFrame, FrameType, type TelemetryCall } from '../../dist/src/memory/frames.js';
import {
  createTelemetryMemory,
  TelemetryCells,
  TelemetryLedger,
} from '../../dist/src/memory/telemetry-ledger.js';
import { EventWriter } from '../../dist/src/record/event-writer.js';
import { EventMetrics } from '../../dist/src/telemetry/event-metrics.js';
import { RegistryGauges } from '../../dist/src/telemetry/registry-gauges.js';
import { TelemetryService } from '../../dist/src/telemetry/service.js';
import { Life, mortal, outlives } from './death.js';
import { DirectCalls, ORIGIN_MS, REAP_AFTER_MS } from './telemetry.js';

interface TimerThread {
  readonly ledger: TelemetryLedger;
  readonly service: TelemetryService;
  readonly metrics: EventMetrics;
  readonly intake: EventIntake;
}

const unpackr = new Unpackr({ useRecords: false });

/**
 * A host and its timer threads without threads: calls go through a real ring, each thread has a heap of its own, and
 * dies at the store it is told to. What the host hears is kept.
 */
export class MortalTelemetry {
  /** What the host heard: each with its room's sequence number. */
  readonly heard: string[] = [];
  readonly calls = new DirectCalls((call) => this.#send(call));
  readonly registry: Registry;
  deaths = 0;
  time = 0;
  readonly #memory = createTelemetryMemory(1_024);
  readonly #hostLedger = new TelemetryLedger(this.#memory);
  readonly #ring = createEventRing(65_536);
  readonly #writer = new EventWriter(this.#ring);
  #number = 0;
  #lastCommit = 0;
  #reaped = 0;
  #timer: TimerThread;

  constructor() {
    this.registry = new Registry({
      callsTaken: () => this.#hostLedger.committed(TelemetryCells.CALLS_TAKEN),
      reaped: () => this.#reaped,
    });
    this.#timer = this.#start(new Life(Number.POSITIVE_INFINITY));
  }

  get service(): TelemetryService {
    return this.#timer.service;
  }

  /** All metrics, as a scrape gives them. */
  get metrics(): unknown {
    return [...this.#timer.metrics.collect(), ...new RegistryGauges(this.#timer.service).collect()];
  }

  #send(call: TelemetryCall): void {
    const frame: CallFrame = [FrameType.CALL, this.time, ++this.#number, call];
    this.#writer.send(frame);
    this.registry.note(frame);
  }

  /** The timer thread takes what is there; or begins to, and dies before it makes its n-th store. */
  drain(dieAt = Number.POSITIVE_INFINITY): void {
    this.#writer.flush();
    const life = new Life(dieAt);
    // The thread that is there has no end: one with this life takes over where it stands, and nothing has changed.
    if (dieAt !== Number.POSITIVE_INFINITY) this.#timer = this.#start(life);
    const { intake } = this.#timer;
    if (outlives(life, () => intake.drain())) return;
    this.deaths++;
    this.#timer = this.#start(new Life(Number.POSITIVE_INFINITY));
    this.#timer.intake.drain();
  }

  /** The reaper comes; `dies`: right after that the thread is another. */
  reap(dies = false): void {
    const { participants: reaped, tracks } = this.service.reap(this.time, REAP_AFTER_MS);
    this.#reaped += reaped.length;
    const callsTaken = this.#hostLedger.committed(TelemetryCells.CALLS_TAKEN);
    this.registry.reap({ reaped, tracks, callsTaken });
    if (dies) this.die();
  }

  /** Another thread takes over. */
  die(): void {
    this.deaths++;
    this.#timer = this.#start(new Life(Number.POSITIVE_INFINITY));
  }

  #start(life: Life): TimerThread {
    this.#hostLedger.recover(this.#lastCommit);
    const view = new Float64Array(this.#memory.buffer);
    const ledger = new TelemetryLedger(this.#memory, mortal(view, life));
    const metrics = new EventMetrics(ledger);
    let entries: string[] = [];
    const say = (kind: string, json: string, seq: number): void => {
      entries.push(`${seq} ${kind} ${json}`);
    };
    const service = new TelemetryService(
      { nodeId: 'ND', analyticsKey: '', seed: 'test', originEpochMs: () => ORIGIN_MS },
      {
        event: (event, seq) => say('event', event.toJsonString(), seq),
        webhook: (event, seq) => say('webhook', event.toJsonString(), seq),
        nodeRooms: (rooms) => say('rooms', rooms.toJsonString(), 0),
        impossible: () => {},
      },
      ledger,
      metrics,
    );
    const taken = this.#hostLedger.committed(TelemetryCells.CALLS_TAKEN);
    for (const [, time, number, call] of this.registry.calls(taken)) service.restore(call, time, number);
    service.restored();
    const intake = new EventIntake({
      rings: [new EventRingReader(this.#ring)],
      ledger,
      take: (_, bytes) => {
        const [, time, number, call] = unpackr.unpack(bytes) as CallFrame;
        if (number <= ledger.get(TelemetryCells.CALLS_TAKEN)) return;
        ledger.set(TelemetryCells.CALLS_TAKEN, number);
        service.take(call, time, number);
      },
      handOn: (commit) => {
        if (entries.length === 0) return;
        this.heard.push(...entries);
        this.#lastCommit = commit;
        entries = [];
      },
    });
    return { ledger, service, metrics, intake };
  }
}
