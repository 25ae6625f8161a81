import { basename, extname } from 'node:path';

/** A closed file, as its name has it. */
export interface ClosedName {
  readonly name: string;
  /** When it was closed, and a number for those of one millisecond: in the order of the files. */
  readonly id: string;
  readonly isCompressed: boolean;
  /** Not whole: what a crash left of compressing it. */
  readonly isTemporary: boolean;
}

const COUNTER_DIGITS = 6;

/** What the closed files of one path are called: `stats-20260131T235959999Z-000000.jsonl.gz`. */
export class ClosedNames {
  readonly #stem: string;
  readonly #ending: string;
  readonly #pattern: RegExp;

  constructor(path: string) {
    this.#ending = extname(path);
    this.#stem = basename(path, this.#ending);
    const [stem, ending] = [this.#stem, this.#ending].map((text) =>
      text.replaceAll(/[\\^$.*+?()[\]{}|-]/g, '\\$&'),
    );
    this.#pattern = new RegExp(`^${stem}-(\\d{8}T\\d{9}Z-\\d{${COUNTER_DIGITS}})${ending}(\\.gz)?(\\.tmp)?$`);
  }

  /** Undefined for any other file. */
  parse(name: string): ClosedName | undefined {
    const [, id, gz, tmp] = this.#pattern.exec(name) ?? [];
    if (id === undefined) return undefined;
    return { name, id, isCompressed: gz !== undefined, isTemporary: tmp !== undefined };
  }

  of(id: string): string {
    return `${this.#stem}-${id}${this.#ending}`;
  }

  /** The id of a file closed now: behind the last one, also when the clock was set back. */
  static nextId(nowMs: number, last: string): string {
    const time = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '');
    const id = `${time}-${'0'.repeat(COUNTER_DIGITS)}`;
    if (id > last) return id;
    const cut = last.length - COUNTER_DIGITS;
    return last.slice(0, cut) + String(Number(last.slice(cut)) + 1).padStart(COUNTER_DIGITS, '0');
  }
}
