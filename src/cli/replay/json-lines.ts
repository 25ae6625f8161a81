import type { Writable } from 'node:stream';
import type { Snapshot, TelemetryEvent } from '../../index.js';
import { Output } from '../output.js';

/**
 * The output of a replay, one JSON object a line. Lines wait until `flush` and are made only then, piece by
 * piece, as fast as the reader takes them: a snapshot's line may be longer than any string can be.
 */
export class JsonLines {
  readonly #output: Output;
  #lines: Iterable<string>[] = [];

  constructor(stream: Writable) {
    this.#output = new Output(stream);
  }

  /** Nobody reads any more: what is written from now on is lost, and nobody minds. */
  get isGone(): boolean {
    return this.#output.isGone;
  }

  get isWaiting(): boolean {
    return this.#lines.length > 0;
  }

  addSnapshot(snapshot: Snapshot): void {
    this.#lines.push(snapshotLine(snapshot));
  }

  addTelemetry(event: TelemetryEvent): void {
    this.#lines.push([telemetryLine(event)]);
  }

  addSummary(summary: object): void {
    this.#lines.push([`${JSON.stringify({ type: 'summary', ...summary })}\n`]);
  }

  /**
   * Writes the lines that wait; resolves when the reader is ready for more, or gone.
   * @throws what the stream reports, but that its reader is gone
   */
  async flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    for (const line of lines) {
      for (const part of line) {
        this.#output.add(part);
        if (this.#output.isFull) await this.#output.flush();
      }
    }
    await this.#output.flush();
  }
}

/** `{"t":30000,"type":"stats","stats":[…]}`, in parts; nothing for a flush without stats. */
function* snapshotLine(snapshot: Snapshot): Generator<string, void, undefined> {
  const { stats, engineMs } = snapshot;
  if (stats.length === 0) return;
  let before = `{"t":${engineMs},"type":"stats","stats":[`;
  for (const stat of stats) {
    yield `${before}${stat.toJsonString()}`;
    before = ',';
  }
  yield ']}\n';
}

/** `{"t":…,"seq":…,"type":"event","event":…}`, or a webhook; a report of rooms has no number. */
function telemetryLine({ kind, engineMs, seq, message }: TelemetryEvent): string {
  const json = message.toJsonString();
  if (kind === 'nodeRooms') return `{"t":${engineMs},"type":"node_rooms","nodeRooms":${json}}\n`;
  return `{"t":${engineMs},"seq":${seq},"type":"${kind}","${kind}":${json}}\n`;
}
