import type { Writable } from 'node:stream';
import { shownJson, TraceError } from '../trace/trace-error.js';

/** Bad lines that are named when they are skipped; the others are only counted. */
const NAMED_LINES = 10;
/** Unknown fields that are named: names come from the trace, and there may be any number. */
const NAMED_FIELDS = 1_000;

/** What a replay tells of lines it could not use, and of fields it did not know, on standard error. */
export class BadLines {
  readonly #file: string;
  readonly #stderr: Writable;
  readonly #fields = new Set<string>();
  #skipped = 0;

  constructor(file: string, stderr: Writable) {
    this.#file = file;
    this.#stderr = stderr;
  }

  get skipped(): number {
    return this.#skipped;
  }

  /** Tells why the replay stops here. */
  tell(error: Error): void {
    // The message of a TraceError begins with its line.
    this.#say(error instanceof TraceError ? error.message : ` ${error.message}`);
  }

  /** Counts a line that is passed over. */
  skip(error: TraceError): void {
    this.#skipped++;
    if (this.#skipped <= NAMED_LINES) this.tell(error);
    if (this.#skipped === NAMED_LINES + 1) this.#say(' more lines are skipped, and only counted');
  }

  /** Warns of a field, once for each name. */
  unknownField(name: string, line: number): void {
    // Shortened: a thousand names as long as lines may be would be gigabytes.
    const shown = shownJson(name);
    if (this.#fields.has(shown) || this.#fields.size > NAMED_FIELDS) return;
    this.#fields.add(shown);
    if (this.#fields.size <= NAMED_FIELDS) this.#say(`${line}: unknown field ${shown} is ignored`);
    else this.#say(`${line}: more unknown fields are ignored, and no longer named`);
  }

  /** Says how many lines were skipped, if any were. */
  conclude(): void {
    if (this.#skipped > 0)
      this.#say(` ${this.#skipped} ${this.#skipped === 1 ? 'line was' : 'lines were'} skipped`);
  }

  #say(message: string): void {
    this.#stderr.write(`${this.#file}:${message}\n`);
  }
}
