import { isAbsolute, resolve } from 'node:path';
import { optionRules } from '../../option-rules.js';
import { FileForm } from './forms/file-forms.js';

/** When what was written is forced to the disk. */
export const FsyncPolicy = {
  /** When the system likes: a crash of the machine may lose what was written last, one of the process nothing. */
  NEVER: 'never',
  /** Every `fsyncIntervalMs`. */
  INTERVAL: 'interval',
  /** Before a batch counts as sent. */
  BATCH: 'batch',
} as const;
export type FsyncPolicy = (typeof FsyncPolicy)[keyof typeof FsyncPolicy];

/** Where stats and events are written, and how. Can be cloned to another thread. */
export interface FileOptions {
  /** The file; its directory must exist. Closed files lie beside it, with the time in their name. */
  readonly path: string;
  /**
   * `jsonl`: a line of JSON for each stat, event and report of rooms; `msgpack`: frames of protobuf.
   * @default by the path's ending: `.msgpack` and `.mp` are msgpack, all else JSON Lines
   */
  readonly form?: FileForm;
  /** Batches that may wait; further ones are dropped. @default 1024 */
  readonly maxQueuedBatches?: number;
  /** Bytes of protobuf that may wait. @default 67108864 */
  readonly maxQueuedBytes?: number;
  /** A file is closed once it is as large; it may be larger by one batch, bytes. @default 268435456 */
  readonly maxFileBytes?: number;
  /** A file with anything in it is closed once it is as old, milliseconds. @default 86400000 */
  readonly maxFileAgeMs?: number;
  /** Whether closed files are compressed. @default true */
  readonly gzip?: boolean;
  /** Closed files that are kept, the newest. @default 32 */
  readonly keepFiles?: number;
  /** Bytes of closed files that are kept, the newest. @default no limit */
  readonly keepBytes?: number;
  /** @default 'interval' */
  readonly fsync?: FsyncPolicy;
  /** With `fsync: 'interval'`, milliseconds. @default 1000 */
  readonly fsyncIntervalMs?: number;
  /** Wait after a failure, doubled for each further one, milliseconds. @default 250 */
  readonly retryMinMs?: number;
  /** The longest wait after a failure, milliseconds. @default 10000 */
  readonly retryMaxMs?: number;
  /** Of files that are made, permission bits; the process's umask takes its own away. @default 0o640 */
  readonly mode?: number;
}

/** Every option's default, but the form's, which depends on the path. */
export const fileDefaults = Object.freeze({
  maxQueuedBatches: 1024,
  maxQueuedBytes: 64 * 2 ** 20,
  maxFileBytes: 256 * 2 ** 20,
  maxFileAgeMs: 86_400_000,
  gzip: true,
  keepFiles: 32,
  keepBytes: Number.MAX_SAFE_INTEGER,
  fsync: FsyncPolicy.INTERVAL as FsyncPolicy,
  fsyncIntervalMs: 1_000,
  retryMinMs: 250,
  retryMaxMs: 10_000,
  mode: 0o640,
});

/** Options checked and completed; they are options again, with the same meaning. The path is absolute. */
export type ResolvedFileOptions = Required<FileOptions>;

type WholeOption = Exclude<keyof typeof fileDefaults, 'gzip' | 'fsync'>;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof FileOptions>([
  'path',
  'form',
  'maxQueuedBatches',
  'maxQueuedBytes',
  'maxFileBytes',
  'maxFileAgeMs',
  'gzip',
  'keepFiles',
  'keepBytes',
  'fsync',
  'fsyncIntervalMs',
  'retryMinMs',
  'retryMaxMs',
  'mode',
]);

const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;
/** Room in a name of 255 bytes for what closed files are called. */
const MAX_NAME_BYTES = 200;

const { invalid } = optionRules('file');

function filePath(value: unknown): string {
  const rule = 'a path of a file, without a NUL';
  if (typeof value !== 'string' || value === '' || value.includes('\0') || /[/\\]$/.test(value)) {
    throw invalid('path', rule, value);
  }
  const path = isAbsolute(value) ? value : resolve(value);
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) {
    throw invalid('path', `a path whose name has at most ${MAX_NAME_BYTES} bytes`, bytes);
  }
  if (name.endsWith('.gz')) throw invalid('path', 'a path that does not end in .gz', value);
  return path;
}

function oneOf<T extends string>(field: string, value: unknown, choices: Readonly<Record<string, T>>): T {
  const known: readonly unknown[] = Object.values(choices);
  if (known.includes(value)) return value as T;
  throw invalid(field, `one of ${known.join(', ')}`, value);
}

/**
 * Checks options and fills in what was left out.
 * @throws SfuStatsError INVALID_OPTION, naming the option, the rule and the value
 */
export function resolveFileOptions(options: FileOptions): ResolvedFileOptions {
  if (typeof options !== 'object' || options === null) throw invalid('', 'an object', options);
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) throw invalid('option', 'a known option', name);
  }
  const limit = (name: WholeOption, least: number, most: number): number => {
    const value: unknown = options[name] ?? fileDefaults[name];
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    throw invalid(name, `a whole number from ${least} to ${most}`, value);
  };
  const path = filePath(options.path);
  const byEnding = /\.(msgpack|mp)$/.test(path) ? FileForm.MSGPACK : FileForm.JSON_LINES;
  const gzip: unknown = options.gzip ?? fileDefaults.gzip;
  if (typeof gzip !== 'boolean') throw invalid('gzip', 'true or false', gzip);
  const retryMinMs = limit('retryMinMs', 1, DAY_MS);
  return {
    path,
    form: oneOf('form', options.form ?? byEnding, FileForm),
    maxQueuedBatches: limit('maxQueuedBatches', 1, 1_000_000),
    maxQueuedBytes: limit('maxQueuedBytes', 1, 2 ** 40),
    maxFileBytes: limit('maxFileBytes', 1, 2 ** 50),
    maxFileAgeMs: limit('maxFileAgeMs', 1, YEAR_MS),
    gzip,
    keepFiles: limit('keepFiles', 0, 1_000_000),
    keepBytes: limit('keepBytes', 0, Number.MAX_SAFE_INTEGER),
    fsync: oneOf('fsync', options.fsync ?? fileDefaults.fsync, FsyncPolicy),
    fsyncIntervalMs: limit('fsyncIntervalMs', 1, DAY_MS),
    retryMinMs,
    retryMaxMs: limit('retryMaxMs', retryMinMs, DAY_MS),
    mode: limit('mode', 0o200, 0o777),
  };
}
