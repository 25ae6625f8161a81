import { visible } from '../../visible.js';

const SHOWN_CHARACTERS = 80;
/** Of the path of a field, in which a trace may have any names. */
const TOLD_CHARACTERS = 240;

/** A JSON value as a message may show it: one line, bounded, whatever it is. */
export function shownJson(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = visible(JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN_CHARACTERS) : value));
  return typeof value === 'string' && value.length > SHOWN_CHARACTERS ? `${text.slice(0, -1)}…"` : text;
}

/** Text that may quote a trace, as a message may show it: one line, bounded. */
export function told(text: string): string {
  return visible(text.length > TOLD_CHARACTERS ? `${text.slice(0, TOLD_CHARACTERS)}…` : text);
}

/** Why a line of a trace is refused. The message is `LINE: field: rule, got value`. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  /** Counted from 1; 0 where the error was not yet given its line. */
  readonly line: number;
  /** As a path: `streams[1].primaryBytes`; `line` for the line as a whole. */
  readonly field: string;
  /** What is asked of the field, in words. */
  readonly rule: string;
  /** What stands there, shortened. */
  readonly value: string;

  constructor(field: string, rule: string, value: string, line = 0) {
    const path = told(field);
    super(`${line}: ${path}: ${rule}, got ${value}`);
    this.line = line;
    this.field = path;
    this.rule = rule;
    this.value = value;
  }

  /** The same error, seen from the object that holds the field: `owner` is put before the path. */
  inside(owner: string): TraceError {
    return new TraceError(`${owner}.${this.field}`, this.rule, this.value, this.line);
  }

  onLine(line: number): TraceError {
    return new TraceError(this.field, this.rule, this.value, line);
  }
}

/** The error for a field that breaks a rule. */
export function refusal(field: string, rule: string, value: unknown): TraceError {
  return new TraceError(field, rule, shownJson(value));
}
