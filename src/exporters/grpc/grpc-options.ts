import { createPrivateKey, X509Certificate } from 'node:crypto';
import { kindOf, optionRules } from '../../option-rules.js';
import { parseIngestUrl } from './ingest-url.js';

/** How a receiver proves who it is, and the exporter who it is. */
export interface GrpcTlsOptions {
  /** Certificates of the authorities that are trusted, PEM. @default those of Node */
  readonly caPem?: string;
  /** The exporter's own certificate and the chain above it, PEM. With `keyPem`, or neither. */
  readonly certPem?: string;
  /** With `certPem`, or neither. */
  readonly keyPem?: string;
  /** The name the receiver's certificate must have. @default the URL's host */
  readonly serverName?: string;
}

/** Where analytics are streamed to (`livekit.AnalyticsRecorderService`). Can be cloned to another thread. */
export interface GrpcOptions {
  /** `grpcs://host:port` for TLS, `grpc://host:port` without; `https` and `http` mean the same. */
  readonly url: string;
  /** Sent with every stream as `authorization: Bearer …`; without TLS, in the clear. */
  readonly token?: string;
  /** Sent with every stream; values are printable ASCII. @default {} */
  readonly metadata?: Readonly<Record<string, string>>;
  /** With a URL of `grpcs` or `https` only. */
  readonly tls?: GrpcTlsOptions;
  /** Batches that may wait for their acknowledgement; further ones are dropped. @default 1024 */
  readonly maxQueuedBatches?: number;
  /** Bytes of protobuf that may wait; one batch always may. @default 268435456 */
  readonly maxQueuedBytes?: number;
  /** A stream is ended after so many batches, and its answer acknowledges them. @default 16 */
  readonly ackEveryBatches?: number;
  /** A stream is ended when it has been open this long, milliseconds. @default 1000 */
  readonly ackEveryMs?: number;
  /** A stream without its answer this long after `ackEveryMs` has failed, milliseconds. @default 30000 */
  readonly deadlineMs?: number;
  /** The shortest wait before a retry, milliseconds. @default 500 */
  readonly retryMinMs?: number;
  /** The longest wait before a retry: waits are random, below a limit that doubles, milliseconds. @default 30000 */
  readonly retryMaxMs?: number;
  /**
   * A connection is pinged when nothing was heard for this long, milliseconds; 0 for never. Receivers drop those
   * that ping more often than they allow. @default 0
   */
  readonly keepAliveMs?: number;
  /** A connection whose ping has no answer after this long is given up, milliseconds. @default 20000 */
  readonly keepAliveTimeoutMs?: number;
  /**
   * Stats or events of more bytes travel as several messages, of whole stats or events. Receivers take 4 MiB unless
   * they are set up for more. @default 4000000
   */
  readonly maxMessageBytes?: number;
}

/** Every option's default. */
export const grpcDefaults = Object.freeze({
  metadata: Object.freeze({} as Record<string, string>),
  maxQueuedBatches: 1_024,
  maxQueuedBytes: 256 * 1024 * 1024,
  ackEveryBatches: 16,
  ackEveryMs: 1_000,
  deadlineMs: 30_000,
  retryMinMs: 500,
  retryMaxMs: 30_000,
  keepAliveMs: 0,
  keepAliveTimeoutMs: 20_000,
  maxMessageBytes: 4_000_000,
});

/** Options checked and completed; they are options again, with the same meaning. */
export interface ResolvedGrpcOptions
  extends Required<Omit<GrpcOptions, 'token' | 'tls'>>,
    Pick<GrpcOptions, 'token' | 'tls'> {}

type WholeOption = Exclude<keyof typeof grpcDefaults, 'metadata'>;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof GrpcOptions>([
  'url',
  'token',
  'metadata',
  'tls',
  'maxQueuedBatches',
  'maxQueuedBytes',
  'ackEveryBatches',
  'ackEveryMs',
  'deadlineMs',
  'retryMinMs',
  'retryMaxMs',
  'keepAliveMs',
  'keepAliveTimeoutMs',
  'maxMessageBytes',
]);
const TLS_NAMES: ReadonlySet<string> = new Set<keyof GrpcTlsOptions>([
  'caPem',
  'certPem',
  'keyPem',
  'serverName',
]);

const DAY_MS = 86_400_000;
const MOST_BYTES = 2 ** 40;

const { invalid, invalidSecret, ensureKnown, whole } = optionRules('grpc');

const URL_RULE = 'grpc://host:port, or grpcs://host:port for TLS';

function ingestUrl(value: unknown): { readonly url: string; readonly isSecure: boolean } {
  if (typeof value !== 'string' || value === '') throw invalidSecret('url', URL_RULE, kindOf(value));
  const parsed = parseIngestUrl(value);
  if ('fault' in parsed) throw invalidSecret('url', URL_RULE, parsed.fault);
  return parsed;
}

/** What may be in a header's value; spaces at its ends would be lost on the way. */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/;
const HEADER_NAME = /^[0-9a-z_.-]{1,100}$/;
/** HTTP's and gRPC's own. */
const RESERVED_NAME =
  /^(?:grpc-.*|.*-bin|connection|content-length|content-type|host|http2-settings|keep-alive|proxy-connection|te|transfer-encoding|upgrade|user-agent)$/;
const MOST_HEADERS = 64;
const MOST_HEADER_CHARACTERS = 16_384;

function headerValue(field: string, value: unknown): string {
  const isShort = typeof value === 'string' && value.length <= MOST_HEADER_CHARACTERS;
  if (isShort && HEADER_VALUE.test(value)) return value;
  throw invalidSecret(
    field,
    `1 to ${MOST_HEADER_CHARACTERS} characters of printable ASCII, without spaces at the ends`,
    typeof value === 'string' && value !== '' ? 'another string' : kindOf(value),
  );
}

function headers(given: unknown, hasToken: boolean): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidSecret('metadata', 'an object of strings', kindOf(given));
  const entries = Object.entries(given).map(([name, value]): [string, string] => {
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(lower) || RESERVED_NAME.test(lower))
      throw invalid('metadata', 'an object whose keys are names of headers, none of gRPC itself', name);
    return [lower, headerValue(`metadata.${lower}`, value)];
  });
  const result = Object.fromEntries(entries);
  if (entries.length > MOST_HEADERS)
    throw invalid('metadata', `an object of at most ${MOST_HEADERS} keys`, entries.length);
  if (Object.keys(result).length < entries.length)
    throw invalidSecret('metadata', 'an object of different names', 'one name twice');
  if (hasToken && Object.hasOwn(result, 'authorization'))
    throw invalidSecret('metadata', 'without authorization where there is a token', 'both');
  return result;
}

/** @param read throws for what is not one */
function pem(field: string, what: string, value: unknown, read: (text: string) => unknown): string {
  if (typeof value === 'string') {
    try {
      read(value);
      return value;
    } catch {
      // What was wrong with it might quote it.
    }
  }
  throw invalidSecret(
    field,
    `${what} in PEM`,
    typeof value === 'string' && value !== '' ? 'another string' : kindOf(value),
  );
}

function tls(given: unknown, isSecure: boolean): GrpcTlsOptions {
  if (typeof given !== 'object' || given === null) throw invalidSecret('tls', 'an object', kindOf(given));
  ensureKnown(TLS_NAMES, given, 'tls');
  if (!isSecure) throw invalidSecret('tls', 'left out without a URL of grpcs or https', 'an object');
  const { caPem, certPem, keyPem, serverName } = given as GrpcTlsOptions;
  if ((certPem === undefined) !== (keyPem === undefined)) {
    const [missing, present] = certPem === undefined ? ['certPem', 'keyPem'] : ['keyPem', 'certPem'];
    throw invalidSecret(`tls.${missing}`, `given with ${present}`, 'undefined');
  }
  const certificate = (text: string): X509Certificate => new X509Certificate(text);
  const checked: GrpcTlsOptions = {
    ...(caPem !== undefined && { caPem: pem('tls.caPem', 'certificates', caPem, certificate) }),
    ...(certPem !== undefined && { certPem: pem('tls.certPem', 'a certificate', certPem, certificate) }),
    ...(keyPem !== undefined && { keyPem: pem('tls.keyPem', 'a private key', keyPem, createPrivateKey) }),
    ...(serverName !== undefined && { serverName: headerValue('tls.serverName', serverName) }),
  };
  if (certPem !== undefined && !certificate(certPem).checkPrivateKey(createPrivateKey(keyPem!)))
    throw invalidSecret('tls.keyPem', 'the key of certPem', 'another');
  return checked;
}

/**
 * Checks options and fills in what was left out.
 * @throws SfuStatsError INVALID_OPTION, naming the option, the rule and the value; never a secret, nor the URL.
 */
export function resolveGrpcOptions(options: GrpcOptions): ResolvedGrpcOptions {
  if (typeof options !== 'object' || options === null) throw invalidSecret('', 'an object', kindOf(options));
  ensureKnown(OPTION_NAMES, options, 'option');
  const limit = (name: WholeOption, least: number, most: number): number =>
    whole(name, options[name] ?? grpcDefaults[name], least, most);
  const { url, isSecure } = ingestUrl(options.url);
  const { token } = options;
  const retryMinMs = limit('retryMinMs', 1, DAY_MS);
  return {
    url,
    ...(token !== undefined && { token: headerValue('token', token) }),
    metadata: headers(options.metadata ?? grpcDefaults.metadata, token !== undefined),
    ...(options.tls !== undefined && { tls: tls(options.tls, isSecure) }),
    maxQueuedBatches: limit('maxQueuedBatches', 1, 1_000_000),
    maxQueuedBytes: limit('maxQueuedBytes', 1, MOST_BYTES),
    ackEveryBatches: limit('ackEveryBatches', 1, 1_000_000),
    ackEveryMs: limit('ackEveryMs', 0, DAY_MS),
    deadlineMs: limit('deadlineMs', 1, DAY_MS),
    retryMinMs,
    retryMaxMs: limit('retryMaxMs', retryMinMs, DAY_MS),
    keepAliveMs: limit('keepAliveMs', 0, DAY_MS),
    keepAliveTimeoutMs: limit('keepAliveTimeoutMs', 1, DAY_MS),
    maxMessageBytes: limit('maxMessageBytes', 1_024, 2 ** 30),
  };
}
