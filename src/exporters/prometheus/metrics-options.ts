import { createSecureContext } from 'node:tls';
import { kindOf, optionRules } from '../../option-rules.js';

/** What the listener shows of itself, and asks of who comes. */
export interface MetricsTlsOptions {
  /** The listener's certificate, and those between it and its root, PEM. */
  readonly certPem: string;
  /** Its private key, PEM, without a passphrase. */
  readonly keyPem: string;
  /** With it, a client must present a certificate that one of these signed, PEM. @default asks for none */
  readonly caPem?: string;
}

/** Where Prometheus may scrape, and how much a scraper may take. Can be cloned to another thread. */
export interface MetricsOptions {
  /** Address to listen on. Beyond loopback, set a `token` or `tls.caPem` too. @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes any that is free; `status()` says which. @default 9464 */
  readonly port?: number;
  /** Bearer token that `/metrics` asks for; `/healthz` and `/readyz` never do. @default asks for none */
  readonly token?: string;
  /** @default speaks HTTP */
  readonly tls?: MetricsTlsOptions;
  /** Series for each room. @default false */
  readonly perRoom?: boolean;
  /** Series for each track. @default false */
  readonly perTrack?: boolean;
  /** Rooms, and tracks, that get series of their own; what is beyond is counted. @default 1000 */
  readonly maxSeries?: number;
  /** Connections at a time; further ones are dropped, and counted. @default 64 */
  readonly maxConnections?: number;
  /** A request with longer headers is refused, bytes. @default 8192 */
  readonly maxHeaderBytes?: number;
  /** For a request to arrive, and again for its answer to be taken, milliseconds. @default 10000 */
  readonly requestTimeoutMs?: number;
  /** Wait before it is tried again to listen, doubled for each further time, milliseconds. @default 1000 */
  readonly retryMinMs?: number;
  /** The longest such wait, milliseconds. @default 30000 */
  readonly retryMaxMs?: number;
  /** Label `node_type` of every series. @default "SERVER" */
  readonly nodeType?: string;
}

/** Every option's default. */
export const metricsDefaults = Object.freeze({
  host: '127.0.0.1',
  port: 9_464,
  perRoom: false,
  perTrack: false,
  maxSeries: 1_000,
  maxConnections: 64,
  maxHeaderBytes: 8_192,
  requestTimeoutMs: 10_000,
  retryMinMs: 1_000,
  retryMaxMs: 30_000,
  nodeType: 'SERVER',
});

type Optional = 'token' | 'tls';

/** Options checked and completed; they are options again, with the same meaning. */
export interface ResolvedMetricsOptions
  extends Required<Omit<MetricsOptions, Optional>>,
    Pick<MetricsOptions, Optional> {}

type WholeOption = {
  [Name in keyof typeof metricsDefaults]: (typeof metricsDefaults)[Name] extends number ? Name : never;
}[keyof typeof metricsDefaults];

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof MetricsOptions>([
  'host',
  'port',
  'token',
  'tls',
  'perRoom',
  'perTrack',
  'maxSeries',
  'maxConnections',
  'maxHeaderBytes',
  'requestTimeoutMs',
  'retryMinMs',
  'retryMaxMs',
  'nodeType',
]);
const TLS_NAMES: ReadonlySet<string> = new Set<keyof MetricsTlsOptions>(['certPem', 'keyPem', 'caPem']);

const DAY_MS = 86_400_000;
const MAX_NAME = 255;
/** What a client can send in a header of its own accord: RFC 6750's b64token, without surprises. */
const TOKEN = /^[\x21-\x7e]+$/;

const { invalid, invalidSecret, ensureKnown } = optionRules('metrics');

function flag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(field, 'true or false', value);
}

function name(field: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME && !/\s/.test(value)) {
    return value;
  }
  throw invalid(field, `1 to ${MAX_NAME} characters without white space`, value);
}

function bearerToken(value: unknown): string {
  if (typeof value === 'string' && value.length <= 4_096 && TOKEN.test(value)) return value;
  const got = typeof value === 'string' && value !== '' ? 'another string' : kindOf(value);
  throw invalidSecret('token', '1 to 4096 visible ASCII characters', got);
}

function pem(field: string, value: unknown): string {
  if (typeof value === 'string' && value.includes('-----BEGIN ')) return value;
  const got = typeof value === 'string' && value !== '' ? 'another string' : kindOf(value);
  throw invalidSecret(field, 'PEM text', got);
}

function tls(given: unknown): MetricsTlsOptions {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidSecret('tls', '{ certPem, keyPem, caPem }', kindOf(given));
  }
  ensureKnown(TLS_NAMES, given, 'tls');
  const { certPem, keyPem, caPem } = given as Partial<MetricsTlsOptions>;
  const resolved: MetricsTlsOptions = {
    certPem: pem('tls.certPem', certPem),
    keyPem: pem('tls.keyPem', keyPem),
    ...(caPem === undefined ? {} : { caPem: pem('tls.caPem', caPem) }),
  };
  try {
    createSecureContext({ cert: resolved.certPem, key: resolved.keyPem, ca: resolved.caPem });
  } catch (error) {
    // OpenSSL's code is a name; its message might quote what it was given.
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw invalidSecret(
      'tls',
      'certificates and the key that fits, in PEM',
      `what OpenSSL refuses (${code})`,
    );
  }
  return resolved;
}

/**
 * Checks options and fills in what was left out.
 * @throws SfuStatsError INVALID_OPTION, naming the option, the rule and the value; never a token, nor a key.
 */
export function resolveMetricsOptions(options: MetricsOptions): ResolvedMetricsOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidSecret('', 'an object', kindOf(options));
  }
  ensureKnown(OPTION_NAMES, options, 'option');
  const whole = (field: WholeOption, least: number, most: number): number => {
    const value = options[field] ?? metricsDefaults[field];
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw invalid(field, `a whole number from ${least} to ${most}`, value);
  };
  const retryMinMs = whole('retryMinMs', 1, DAY_MS);
  return {
    host: name('host', options.host ?? metricsDefaults.host),
    port: whole('port', 0, 65_535),
    ...(options.token === undefined ? {} : { token: bearerToken(options.token) }),
    ...(options.tls === undefined ? {} : { tls: tls(options.tls) }),
    perRoom: flag('perRoom', options.perRoom ?? metricsDefaults.perRoom),
    perTrack: flag('perTrack', options.perTrack ?? metricsDefaults.perTrack),
    maxSeries: whole('maxSeries', 1, 1_000_000),
    maxConnections: whole('maxConnections', 1, 10_000),
    maxHeaderBytes: whole('maxHeaderBytes', 1_024, 1_048_576),
    requestTimeoutMs: whole('requestTimeoutMs', 1, DAY_MS),
    retryMinMs,
    retryMaxMs: whole('retryMaxMs', retryMinMs, DAY_MS),
    nodeType: name('nodeType', options.nodeType ?? metricsDefaults.nodeType),
  };
}
