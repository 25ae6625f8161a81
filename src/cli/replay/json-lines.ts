import type { Writable } from 'node:stream';
import type { Snapshot, TelemetryEvent } from '../../index.js';

/** Characters that are put together before they are written. */
const PIECE_CHARACTERS = 64 * 1024;

/**
 * The output of a replay, one JSON object a line. Lines wait until `flush` and are made only then, piece by
 * piece, as fast as the reader takes them: a snapshot's line may be longer than any string can be.
 */
export class JsonLines {
  readonly #stream: Writable;
  #error: NodeJS.ErrnoException | undefined;
  #lines: Iterable<string>[] = [];
  #resume: (() => void) | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    const resume = (): void => this.#resume?.();
    stream.on('drain', resume);
    stream.on('error', (error) => {
      this.#error ??= error;
      resume();
    });
  }

  /** Nobody reads any more: what is written from now on is lost, and nobody minds. */
  get isGone(): boolean {
    return this.#error?.code === 'EPIPE';
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
    let piece = '';
    for (const line of lines) {
      for (const part of line) {
        piece += part;
        if (piece.length < PIECE_CHARACTERS) continue;
        await this.#write(piece);
        piece = '';
      }
    }
    if (piece !== '') await this.#write(piece);
  }

  async #write(piece: string): Promise<void> {
    if (this.#error === undefined && !this.#stream.write(piece)) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    if (this.#error !== undefined && !this.isGone) throw this.#error;
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
