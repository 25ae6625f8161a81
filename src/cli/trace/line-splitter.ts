import { isUtf8 } from 'node:buffer';
import { TraceError } from './trace-error.js';

/** Longest line, in bytes. */
export const MAX_LINE_BYTES = 16 * 2 ** 20;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';
const REPLACEMENT = '\uFFFD';

/** One line of a text file, or why it cannot be read. */
export interface RawLine {
  /** Counted from 1. */
  readonly number: number;
  /** Bytes of the file up to here, this line and its newline among them. */
  readonly end: number;
  readonly text: string | TraceError;
}

/**
 * Cuts a stream of bytes into lines. It keeps no more than the line that is not complete yet, and of one that is
 * too long nothing.
 */
export class LineSplitter {
  #number = 0;
  #end = 0;
  #partial: Buffer[] = [];
  #partialBytes = 0;
  /** Of the line that is too long, and is not kept. */
  #tooLong = false;

  /** The lines that a chunk completes. */
  *push(chunk: Buffer): Generator<RawLine, void, undefined> {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, to));
      from = to + 1;
      yield this.#take(1);
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The last line, where no newline ended it. */
  *end(): Generator<RawLine, void, undefined> {
    if (this.#partialBytes > 0) yield this.#take(0);
  }

  #keep(part: Buffer): void {
    this.#partialBytes += part.length;
    if (this.#partialBytes > MAX_LINE_BYTES) {
      this.#tooLong = true;
      this.#partial = [];
    } else {
      this.#partial.push(part);
    }
  }

  #take(newlineBytes: number): RawLine {
    const number = ++this.#number;
    this.#end += this.#partialBytes + newlineBytes;
    const text = this.#tooLong ? this.#refusal() : this.#decode(number);
    this.#partial = [];
    this.#partialBytes = 0;
    this.#tooLong = false;
    return { number, end: this.#end, text };
  }

  #refusal(): TraceError {
    const rule = `at most 16 MiB (${MAX_LINE_BYTES} bytes) long`;
    return new TraceError('line', rule, `${this.#partialBytes} bytes`, this.#number);
  }

  #decode(number: number): string | TraceError {
    const line = this.#partial.length === 1 ? this.#partial[0]! : Buffer.concat(this.#partial);
    const text = line.toString('utf8');
    if (text.includes(REPLACEMENT) && !isUtf8(line)) {
      return new TraceError('line', 'UTF-8', 'bytes that are not', number);
    }
    return number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }
}
