import { InvalidArgumentError } from 'commander';
import type { FaultPlan } from './replay/faults.js';

const DEFAULT_FAULT_SEED = '1';
const MAX_FAULTS = 100_000;
/** A date, or a time with its zone: without one it would mean another moment on another machine. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** A parser for whole numbers in a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A parser for decimal numbers in a range. */
export function decimalNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}

/** `N[:seed]`; the seed is any text. */
export function faultPlan(text: string): FaultPlan {
  const colon = text.indexOf(':');
  const count = colon < 0 ? text : text.slice(0, colon);
  const seed = colon < 0 ? DEFAULT_FAULT_SEED : text.slice(colon + 1);
  if (!/^\d{1,6}$/.test(count) || Number(count) > MAX_FAULTS || seed === '') {
    throw new InvalidArgumentError(`It must be N or N:seed, N a whole number from 0 to ${MAX_FAULTS}.`);
  }
  return { count: Number(count), seed };
}

/** An ISO time from 1970 to 9999, in milliseconds since 1970. */
export function isoTime(text: string): number {
  const ms = ISO_TIME.test(text) && isInCalendar(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw new InvalidArgumentError(
    'It must be an ISO date, or a time with its zone, from 1970 to 9999: 2026-01-01T00:00:00Z.',
  );
}

/** `Date.parse` takes 31 February for 3 March. */
function isInCalendar(date: string): boolean {
  const ms = Date.parse(date);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

/** Text that is not empty. */
export function someText(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}

/** `host:port`; a host of IPv6 in brackets. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.%a-z]+\]|[^[\]:/\s]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== '' && Number(port) <= 65_535) {
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  }
  throw new InvalidArgumentError(
    'It must be host:port, as 127.0.0.1:9464 or [::1]:9464; port 0 is any free one.',
  );
}

/** An http or https URL. */
export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text;
  throw new InvalidArgumentError('It must be an http or https URL.');
}
