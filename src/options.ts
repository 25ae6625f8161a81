import { callHosts, ErrorCode, refused } from './errors.js';
import {
  type FileOptions,
  type ResolvedFileOptions,
  resolveFileOptions,
} from './exporters/file/file-options.js';
import {
  type GrpcOptions,
  type ResolvedGrpcOptions,
  resolveGrpcOptions,
} from './exporters/grpc/grpc-options.js';
import {
  type MetricsOptions,
  type ResolvedMetricsOptions,
  resolveMetricsOptions,
} from './exporters/prometheus/metrics-options.js';
import {
  type ResolvedWebhookOptions,
  resolveWebhookOptions,
  type WebhookOptions,
} from './telemetry/webhooks/webhook-options.js';

/** Anything that logs as pino does: an object of fields, then a message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Capacity {
  /**
   * Tracks of one recording thread, each direction for itself, that are open or were closed in the last two
   * report windows. A data or signal recorder takes two.
   * @default 10000
   */
  readonly tracks?: number;
  /** SSRCs of those tracks, together. @default twice `tracks` */
  readonly streams?: number;
}

/** A clock that stands still until `advanceTo` moves it, for tests and replays. */
export interface VirtualClock {
  /** What time it is at 0, milliseconds since 1970, of the years 1 to 9999. */
  readonly virtualStartMs: number;
}

export interface StatsEngineOptions {
  /** Stats workers, each with its share of the tracks. @default cores - 1, at least 1 */
  readonly shards?: number;
  readonly capacity?: Capacity;
  /** Other threads that may record (`engine.port()`); each has `capacity` of its own. @default 0 */
  readonly ports?: number;
  /** A snapshot is reported this often, milliseconds. @default 30000 */
  readonly reportIntervalMs?: number;
  /** What was recorded is shown to the stats workers this often, milliseconds. @default 1000 */
  readonly publishIntervalMs?: number;
  /** A participant who left is remembered this long, milliseconds. @default 180000 */
  readonly reapAfterMs?: number;
  /** Ring of each recording thread and shard, bytes, a power of two. @default 1048576 */
  readonly ringBytes?: number;
  /** Event ring of each recording thread, bytes, a power of two. @default 1048576 */
  readonly eventRingBytes?: number;
  /**
   * Blocks of 16 scores, of each shard, for tracks with more than 16 scores in a window.
   * @default a quarter of a shard's tracks
   */
  readonly scoreBlocks?: number;
  /** Stamped on every stat. @default "" */
  readonly nodeId?: string;
  /** Stamped on every stat. @default "" */
  readonly analyticsKey?: string;
  /** Ids are made from it: the same seed gives the same ids. @default 16 random bytes, in hex */
  readonly seed?: string;
  /** @default "real" */
  readonly clock?: 'real' | VirtualClock;
  /** Where webhooks go, and with how much patience. @default nowhere */
  readonly webhooks?: WebhookOptions;
  /** Where Prometheus may scrape; `{}` for 127.0.0.1:9464. @default nowhere */
  readonly metrics?: MetricsOptions;
  /** Where stats and events are ingested, by gRPC. @default nowhere */
  readonly grpc?: GrpcOptions;
  /** The file that stats and events are written to. @default none */
  readonly file?: FileOptions;
  /** @default logs nothing */
  readonly logger?: Logger;
  /**
   * Where `timer-thread.js` and `stats-worker.js` lie, a file URL that ends in a slash: for programs that
   * were bundled. @default beside this module
   */
  readonly threadsUrl?: string | URL;
}

/** Every option's default, but those that depend on the machine, on other options or on chance. */
export const defaults = Object.freeze({
  tracks: 10_000,
  ports: 0,
  reportIntervalMs: 30_000,
  publishIntervalMs: 1_000,
  reapAfterMs: 180_000,
  ringBytes: 1_048_576,
  eventRingBytes: 1_048_576,
  nodeId: '',
  analyticsKey: '',
  clock: 'real',
} as const);

export interface ResolvedOptions {
  readonly shards: number;
  readonly tracks: number;
  readonly streams: number;
  readonly ports: number;
  readonly reportIntervalMs: number;
  readonly publishIntervalMs: number;
  readonly reapAfterMs: number;
  readonly ringBytes: number;
  readonly eventRingBytes: number;
  readonly scoreBlocks: number;
  readonly nodeId: string;
  readonly analyticsKey: string;
  readonly seed: string;
  readonly clock: 'real' | VirtualClock;
  readonly webhooks: ResolvedWebhookOptions | undefined;
  readonly metrics: ResolvedMetricsOptions | undefined;
  readonly grpc: ResolvedGrpcOptions | undefined;
  readonly file: ResolvedFileOptions | undefined;
  readonly logger: Logger;
  readonly threadsUrl: URL;
}

/** What depends on the machine or on chance. */
export interface Surroundings {
  readonly cores: number;
  readonly randomSeed: () => string;
  readonly threadsUrl: URL;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof StatsEngineOptions>([
  'shards',
  'capacity',
  'ports',
  'reportIntervalMs',
  'publishIntervalMs',
  'reapAfterMs',
  'ringBytes',
  'eventRingBytes',
  'scoreBlocks',
  'nodeId',
  'analyticsKey',
  'seed',
  'clock',
  'webhooks',
  'metrics',
  'grpc',
  'file',
  'logger',
  'threadsUrl',
]);

const CAPACITY_NAMES: ReadonlySet<string> = new Set<keyof Capacity>(['tracks', 'streams']);

/** Refuses what is no object, and members nobody knows: a misspelt option would be one that is ignored. */
function ensureKnown(field: string, value: unknown, names: ReadonlySet<string>, prefix = ''): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(ErrorCode.INVALID_OPTION, field, 'an object', value);
  }
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    throw refused(ErrorCode.INVALID_OPTION, 'option', 'a known option', `${prefix}${name}`);
  }
}

function whole(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  throw refused(ErrorCode.INVALID_OPTION, name, `a whole number from ${least} to ${most}`, value);
}

function powerOfTwo(name: string, value: unknown, least: number, most: number): number {
  const number = whole(name, value, least, most);
  if ((number & (number - 1)) === 0) return number;
  throw refused(ErrorCode.INVALID_OPTION, name, 'a power of two', value);
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= 256) return value;
  throw refused(ErrorCode.INVALID_OPTION, name, 'a string of at most 256 characters', value);
}

/** Timestamps of protobuf, which every stat and event has, know no other years. */
const YEAR_1_MS = -62_135_596_800_000;
const YEAR_10000_MS = 253_402_300_800_000;

function clockOption(value: unknown): 'real' | VirtualClock {
  if (value === 'real') return value;
  const start = (value as VirtualClock | null)?.virtualStartMs;
  if (typeof start === 'number' && start >= YEAR_1_MS && start < YEAR_10000_MS)
    return { virtualStartMs: start };
  const rule = '"real" or { virtualStartMs: milliseconds since 1970, of the years 1 to 9999 }';
  throw refused(ErrorCode.INVALID_OPTION, 'clock', rule, value);
}

function loggerOption(value: unknown): Logger {
  const logger = value as Logger | null;
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') {
      throw refused(ErrorCode.INVALID_OPTION, `logger.${level}`, 'a function', logger?.[level]);
    }
  }
  return guarded(logger!);
}

/** What a logger throws must not reach the host through us. There is nowhere to say it: that was the logger. */
function guarded(logger: Logger): Logger {
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      callHosts(
        () => logger[level](fields, message),
        () => {},
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function urlOption(name: string, value: unknown): URL {
  try {
    const url = new URL(String(value));
    if (url.protocol === 'file:' && url.pathname.endsWith('/')) return url;
  } catch {
    // Said below, in the same words as for any other URL.
  }
  throw refused(ErrorCode.INVALID_OPTION, name, 'a file URL that ends in a slash', String(value));
}

function unlessLeftOut<T, R>(options: T | undefined, resolve: (options: T) => R): R | undefined {
  return options === undefined ? undefined : resolve(options);
}

/**
 * Checks options and fills in what was left out.
 * @throws SfuStatsError INVALID_OPTION, naming the option, the rule and the value.
 */
export function resolveOptions(options: StatsEngineOptions, surroundings: Surroundings): ResolvedOptions {
  ensureKnown('options', options, OPTION_NAMES);
  const { capacity = {} } = options;
  ensureKnown('capacity', capacity, CAPACITY_NAMES, 'capacity.');
  const shards = whole('shards', options.shards ?? Math.max(1, surroundings.cores - 1), 1, 64);
  const tracks = whole('capacity.tracks', capacity.tracks ?? defaults.tracks, 2, 2 ** 22);
  const ports = whole('ports', options.ports ?? defaults.ports, 0, 16);
  const shardTracks = Math.ceil(tracks / shards) * (1 + ports);
  return {
    shards,
    tracks,
    streams: whole('capacity.streams', capacity.streams ?? 2 * tracks, 1, 2 ** 23),
    ports,
    reportIntervalMs: whole(
      'reportIntervalMs',
      options.reportIntervalMs ?? defaults.reportIntervalMs,
      100,
      86_400_000,
    ),
    publishIntervalMs: whole(
      'publishIntervalMs',
      options.publishIntervalMs ?? defaults.publishIntervalMs,
      10,
      60_000,
    ),
    reapAfterMs: whole('reapAfterMs', options.reapAfterMs ?? defaults.reapAfterMs, 0, 86_400_000),
    ringBytes: powerOfTwo('ringBytes', options.ringBytes ?? defaults.ringBytes, 16_384, 2 ** 30),
    eventRingBytes: powerOfTwo(
      'eventRingBytes',
      options.eventRingBytes ?? defaults.eventRingBytes,
      65_536,
      2 ** 30,
    ),
    scoreBlocks: whole('scoreBlocks', options.scoreBlocks ?? Math.ceil(shardTracks / 4), 0, 2 ** 24),
    nodeId: text('nodeId', options.nodeId ?? defaults.nodeId),
    analyticsKey: text('analyticsKey', options.analyticsKey ?? defaults.analyticsKey),
    seed: text('seed', options.seed ?? surroundings.randomSeed()),
    clock: clockOption(options.clock ?? defaults.clock),
    webhooks: unlessLeftOut(options.webhooks, resolveWebhookOptions),
    metrics: unlessLeftOut(options.metrics, resolveMetricsOptions),
    grpc: unlessLeftOut(options.grpc, resolveGrpcOptions),
    file: unlessLeftOut(options.file, resolveFileOptions),
    logger: options.logger === undefined ? silent : loggerOption(options.logger),
    threadsUrl:
      options.threadsUrl === undefined
        ? surroundings.threadsUrl
        : urlOption('threadsUrl', options.threadsUrl),
  };
}
