import { ErrorCode, SfuStatsError } from '../errors.js';
import type { CounterTable } from './counter-table.js';
import { DataRecorder } from './data-recorder.js';
import type { CountryOption } from './labels.js';
import type { ParticipantRef, RoomRef } from './refs.js';

/** Whose signalling traffic it was. */
export interface SignalIdentity extends CountryOption {
  readonly room: RoomRef;
  readonly participant: ParticipantRef;
  /** @default `TR_SG` + the participant's sid */
  readonly track?: string;
}

/**
 * Counts signalling messages, from the first byte on: before room and participant are known. `resolve` then
 * attributes everything counted so far. Until then nothing is reported; one that is closed unresolved is
 * counted as unattributed.
 */
export class SignalRecorder extends DataRecorder {
  readonly #resolve: (identity: SignalIdentity) => void;
  #resolved = false;

  /** @internal Recorders are opened by an engine or a port. */
  constructor(counters: CounterTable, resolve: (identity: SignalIdentity) => void) {
    super(counters);
    this.#resolve = resolve;
  }

  get isResolved(): boolean {
    return this.#resolved;
  }

  /**
   * Says whose traffic it is.
   * @throws SfuStatsError INVALID_ARGUMENT for a bad sid; CLOSED when resolved before, or closed.
   */
  resolve(identity: SignalIdentity): void {
    if (this.#resolved) throw new SfuStatsError(ErrorCode.CLOSED, 'this signal recorder was resolved before');
    if (!this.messages.isOpen) throw new SfuStatsError(ErrorCode.CLOSED, 'this signal recorder was closed');
    this.#resolve(identity);
    this.#resolved = true;
  }

  override close(): void {
    // Nobody will ever say whose it was.
    if (!this.#resolved && this.messages.isOpen) this.messages.attribute(false);
    super.close();
  }
}
