import type { WriteStream } from 'node:tty';

const SHOWN_AFTER_MS = 2_000;
const EVERY_MS = 250;
const BYTES_PER_MB = 1_000_000;
const CLEAR_LINE = '\r\x1b[K';

/** What is shown: bytes read so far, of `size` where that is known. */
export interface Reading {
  readonly name: string;
  readonly size: number | undefined;
  readonly bytesRead: number;
}

/** Shows how far a long replay has come, in one line of a terminal that is taken away again. */
export class Progress {
  readonly #terminal: WriteStream;
  readonly #reading: Reading;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #isShown = false;

  constructor(terminal: WriteStream, reading: Reading) {
    this.#terminal = terminal;
    this.#reading = reading;
    this.#timer = setInterval(() => this.#show(), EVERY_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#isShown) this.#terminal.write(CLEAR_LINE);
  }

  #show(): void {
    const elapsedMs = performance.now() - this.#startedAt;
    if (elapsedMs < SHOWN_AFTER_MS) return;
    this.#isShown = true;
    this.#terminal.write(`${CLEAR_LINE}${progressText(this.#reading, elapsedMs)}`);
  }
}

/** `meeting.jsonl: 42 % (42.0 of 100.2 MB), 7 s` */
export function progressText({ name, size, bytesRead }: Reading, elapsedMs: number): string {
  const megabytes = (bytes: number): string => (bytes / BYTES_PER_MB).toFixed(1);
  const seconds = `${Math.floor(elapsedMs / 1000)} s`;
  if (size === undefined || size === 0) return `${name}: ${megabytes(bytesRead)} MB, ${seconds}`;
  const percent = Math.floor((100 * bytesRead) / size);
  return `${name}: ${percent} % (${megabytes(bytesRead)} of ${megabytes(size)} MB), ${seconds}`;
}
