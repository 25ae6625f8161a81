import {
  type CallFrame,
  type CallName,
  FrameType,
  type TelemetryCall,
  waitsForRoom,
} from '../memory/frames.js';
import type { RecordingThread } from '../record/recording-thread.js';
import type { Registry } from './registry.js';

/** Calls that wait for room in the event ring, bytes: a timer thread that is away for long must not cost more. */
const MAX_WAITING_BYTES = 2 ** 26;

/**
 * Sends telemetry calls to the timer thread, numbered in their order, and counts those it does not send. Host
 * thread only.
 */
export class CallSender {
  readonly #thread: RecordingThread;
  readonly #registry: Registry;
  #sent = 0;
  /** Calls that found the event ring full, by name. */
  readonly dropped = new Map<CallName, number>();
  /** Calls that would have needed more than may be kept, by what they needed. */
  readonly refused = new Map<string, number>();

  constructor(thread: RecordingThread, registry: Registry) {
    this.#thread = thread;
    this.#registry = registry;
  }

  send(call: TelemetryCall): void {
    const { events } = this.#thread;
    const refusal =
      this.#registry.refusalOf(call) ?? (events.waitingBytes >= MAX_WAITING_BYTES ? 'waiting' : undefined);
    if (refusal !== undefined) {
      countIn(this.refused, refusal);
      return;
    }
    const frame: CallFrame = [FrameType.CALL, this.#thread.now(), this.#sent + 1, call];
    if (waitsForRoom(call)) {
      events.send(frame);
    } else if (!events.offer(frame)) {
      countIn(this.dropped, call.call);
      return;
    }
    this.#sent++;
    this.#registry.note(frame);
  }
}

function countIn<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
