import type { EventRingReader } from '../memory/event-ring.js';
import type { TelemetryLedger } from '../memory/telemetry-ledger.js';

/** What an intake works with; made by the thread's entry. */
export interface IntakeParts {
  /** The event rings, by lane. */
  readonly rings: readonly Pick<EventRingReader, 'read' | 'release'>[];
  readonly ledger: TelemetryLedger;
  /** Takes one frame; must not throw. */
  readonly take: (lane: number, frame: Uint8Array) => void;
  /**
   * Hands on what was told: to the host, with the number of the commit it is part of. Whatever else keeps it for later
   * (queues, books) has it when this returns.
   */
  readonly handOn: (commit: number) => void;
}

/**
 * Takes the event rings' frames in groups, each of which counts whole or not at all. The order is: take calls, write
 * down what they changed, hand on what they led to, commit, give the rings' room back. All of it happens in one turn of
 * the event loop, so nothing of a group leaves the thread before its commit but the host's message, which stands for
 * it: what the host has heard of is committed for the thread that died (`TelemetryLedger.recover`). A group that was
 * not heard of is in the ring still, and the next thread takes it with the same numbers and ids. Timer thread.
 */
export class EventIntake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes all that is there; returns how many frames that were. */
  drain(): number {
    const { rings, ledger, take } = this.#parts;
    let taken = 0;
    for (const [lane, ring] of rings.entries()) {
      let isCrowded: boolean;
      do {
        isCrowded = false;
        taken += ring.read((frame) => {
          take(lane, frame);
          isCrowded = ledger.isCrowded;
          return !isCrowded;
        });
        this.settle();
        ring.release();
      } while (isCrowded);
    }
    return taken;
  }

  /** Commits what has changed since the last time. */
  settle(): void {
    const { ledger, handOn } = this.#parts;
    if (!ledger.hasChanges) return;
    handOn(ledger.prepare());
    ledger.commit();
  }
}
