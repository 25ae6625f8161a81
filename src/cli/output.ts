import type { Writable } from 'node:stream';

const PIECE_CHARACTERS = 64 * 1024;

/** Text for whoever reads, as fast as he does. */
export class Output {
  readonly #stream: Writable;
  #piece = '';
  #error: NodeJS.ErrnoException | undefined;
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

  /** Nobody reads any more. */
  get isGone(): boolean {
    return this.#error?.code === 'EPIPE';
  }

  get isFull(): boolean {
    return this.#piece.length >= PIECE_CHARACTERS;
  }

  add(text: string): void {
    this.#piece += text;
  }

  /** @throws what the stream reports, but that its reader is gone */
  async flush(): Promise<void> {
    const piece = this.#piece;
    this.#piece = '';
    if (piece !== '' && this.#error === undefined && !this.#stream.write(piece)) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    if (this.#error !== undefined && !this.isGone) throw this.#error;
  }
}
