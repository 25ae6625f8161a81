import type { BatchKind } from '../../../dist/src/exporters/batch.js';
import type { IngestCall, IngestChannel } from '../../../dist/src/exporters/grpc/ingest-channel.js';
import type { StreamStatus } from '../../../dist/src/exporters/grpc/stream-status.js';
import type { Cancel, Timers } from '../../../dist/src/exporters/grpc/timers.js';

/** A stream whose every turn is the test's. */
export class FakeCall implements IngestCall {
  readonly kind: BatchKind;
  readonly messages: Uint8Array[] = [];
  isHalfClosed = false;
  isCancelled = false;
  isOver = false;
  /** Messages that were written before the one before was taken, or after the end. */
  breaches = 0;
  readonly #ended: (status: StreamStatus) => void;
  #taken: (() => void) | undefined;

  constructor(kind: BatchKind, ended: (status: StreamStatus) => void) {
    this.kind = kind;
    this.#ended = ended;
  }

  write(message: Uint8Array, taken: () => void): void {
    if (this.#taken !== undefined || this.isHalfClosed || this.isOver) this.breaches++;
    this.messages.push(message);
    this.#taken = taken;
  }

  end(): void {
    if (this.isHalfClosed || this.isOver) this.breaches++;
    this.isHalfClosed = true;
  }

  cancel(): void {
    this.isCancelled = true;
    this.isOver = true;
  }

  get isWriting(): boolean {
    return this.#taken !== undefined;
  }

  /** The connection takes what was written. */
  take(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  /** Takes all that comes. */
  takeAll(): void {
    while (this.isWriting) this.take();
  }

  endWith(code: number, details = ''): void {
    this.isOver = true;
    this.#ended({ code, details });
  }
}

export class FakeChannel implements IngestChannel {
  readonly calls: FakeCall[] = [];
  resets = 0;

  open(kind: BatchKind, ended: (status: StreamStatus) => void): FakeCall {
    const call = new FakeCall(kind, ended);
    this.calls.push(call);
    return call;
  }

  reset(): void {
    this.resets++;
  }

  /** The stream that is open, if one is. */
  get current(): FakeCall | undefined {
    const call = this.calls.at(-1);
    return call?.isOver ? undefined : call;
  }
}

/** Time that passes when a test says so. */
export class FakeTimers implements Timers {
  readonly waits = new Set<{ readonly dueMs: number; readonly delayMs: number; readonly run: () => void }>();
  #nowMs = 0;

  after(delayMs: number, run: () => void): Cancel {
    const wait = { dueMs: this.#nowMs + delayMs, delayMs, run };
    this.waits.add(wait);
    return () => this.waits.delete(wait);
  }

  afterAndHold(delayMs: number, run: () => void): Cancel {
    return this.after(delayMs, run);
  }

  /** Lets time pass until the next wait is over; false where there is none. */
  advance(): boolean {
    const [next] = [...this.waits].sort((a, b) => a.dueMs - b.dueMs);
    if (next === undefined) return false;
    this.#nowMs = next.dueMs;
    this.waits.delete(next);
    next.run();
    return true;
  }
}
