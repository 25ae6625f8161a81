import { visible } from './visible.js';

/** Stable codes: match on these, never on a message. */
export const ErrorCode = {
  /** An option is of the wrong type or out of its range. */
  INVALID_OPTION: 'SFU_STATS_INVALID_OPTION',
  /** An argument of a call is of the wrong type or out of its range. */
  INVALID_ARGUMENT: 'SFU_STATS_INVALID_ARGUMENT',
  /** `capacity.tracks` slots are open, or wait for the windows they were closed in. */
  NO_SLOT: 'SFU_STATS_NO_SLOT',
  /** The engine, port or recorder was closed. */
  CLOSED: 'SFU_STATS_CLOSED',
  /** All `ports` were handed out. */
  NO_PORT: 'SFU_STATS_NO_PORT',
  /** A call that needs a virtual clock, or a time that lies before the engine's. */
  CLOCK: 'SFU_STATS_CLOCK',
  /** A thread could not be started, or did not answer within its deadline. */
  THREAD: 'SFU_STATS_THREAD',
  /** A file that cannot be read, or that the file exporter did not write. */
  UNREADABLE_FILE: 'SFU_STATS_UNREADABLE_FILE',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export interface ErrorDetails {
  /** The option, argument or field. */
  readonly field?: string;
  /** What is asked of it, in words. */
  readonly rule?: string;
  /** What was given, shortened. */
  readonly value?: string;
  readonly cause?: unknown;
}

/** Every error this package throws or rejects with. */
export class SfuStatsError extends Error {
  override readonly name = 'SfuStatsError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly rule: string | undefined;
  readonly value: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.field = details.field;
    this.rule = details.rule;
    this.value = details.value;
  }
}

const SHOWN_CHARACTERS = 80;
/** Digits of a larger one could be any number. */
const MAX_SHOWN_BIGINT = 10n ** 80n;

/** A value as an error may show it: one line, bounded, whatever it is. */
export function shown(value: unknown): string {
  let text: string;
  if (typeof value === 'string') text = quoted(firstOf(value));
  else if (typeof value === 'bigint')
    text = value > MAX_SHOWN_BIGINT || value < -MAX_SHOWN_BIGINT ? 'a large bigint' : `${value}n`;
  else if (typeof value === 'object' && value !== null) text = isArray(value) ? 'an array' : 'an object';
  else if (typeof value === 'function') text = 'a function';
  else if (typeof value === 'symbol')
    text = `Symbol(${quoted(firstOf(value.description ?? '')).slice(1, -1)})`;
  else text = Object.is(value, -0) ? '-0' : String(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

const firstOf = (text: string): string => text.slice(0, SHOWN_CHARACTERS + 1);

const quoted = (text: string): string => visible(JSON.stringify(text));

function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

const REASON_CHARACTERS = 240;

/** What was thrown, in one bounded line, whatever it is. */
export function reasonOf(thrown: unknown): string {
  try {
    return quoted(String(thrown).slice(0, REASON_CHARACTERS)).slice(1, -1).replaceAll('\\"', '"');
  } catch {
    return shown(thrown);
  }
}

/** Calls what the host gave us; what it throws, or rejects with if it is async, goes to `failed` and no further. */
export function callHosts(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const answer = call();
    if (answer instanceof Promise) answer.catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** The error for a field that breaks a rule. */
export function refused(code: ErrorCode, field: string, rule: string, value: unknown): SfuStatsError {
  const got = shown(value);
  return new SfuStatsError(code, `${field} must be ${rule}, got ${got}`, { field, rule, value: got });
}

/**
 * Runs what reads a value of the caller's: what their getters and proxies throw is that value's fault, and told as that.
 */
export function reading<T>(code: ErrorCode, field: string, value: unknown, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isOurs(cause)) throw cause;
    const rule = 'an object whose members can be read';
    const got = shown(value);
    throw new SfuStatsError(code, `${field} must be ${rule}, got ${got}`, { field, rule, value: got, cause });
  }
}

function isOurs(error: unknown): error is SfuStatsError {
  try {
    return error instanceof SfuStatsError;
  } catch {
    return false;
  }
}
