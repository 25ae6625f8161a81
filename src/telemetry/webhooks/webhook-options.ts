import { kindOf, optionRules } from '../../option-rules.js';

/** A receiver that checks signatures with a key of its own. */
export interface WebhookTarget {
  /** http or https. Userinfo is never sent, as `Authorization` carries the token; a fragment neither. */
  readonly url: string;
  /** With `apiSecret`, or neither. @default the options' `apiKey` */
  readonly apiKey?: string;
  /** With `apiKey`, or neither. @default the options' `apiSecret` */
  readonly apiSecret?: string;
}

/** Where webhooks go, and with how much patience. Can be cloned to another thread. */
export interface WebhookOptions {
  /** The issuer of every token. */
  readonly apiKey: string;
  /** What tokens are signed with (HS256). */
  readonly apiSecret: string;
  /** Each gets every webhook, and costs the others nothing. */
  readonly urls: readonly (string | WebhookTarget)[];
  /** Names of the events that are sent; unless it is empty, `exclude` does not count. @default [] */
  readonly include?: readonly string[];
  /** Names of events that are not sent. @default [] */
  readonly exclude?: readonly string[];
  /** A request without its answer after this long has failed and is tried again, milliseconds. @default 10000 */
  readonly requestTimeoutMs?: number;
  /**
   * Of an event's life, from its notification through all retries, milliseconds.
   * @default `maxAgeMs` + 90000
   */
  readonly totalDeadlineMs?: number;
  /** An event that has waited longer for its first attempt is dropped, milliseconds. @default 30000 */
  readonly maxAgeMs?: number;
  /** Events of one key that may wait; further ones are dropped. @default 200 */
  readonly maxQueuePerKey?: number;
  /** Requests to one URL at a time. @default 50 */
  readonly maxInFlight?: number;
  /** Attempts after the first, on errors of the connection, timeouts, 429 and 5xx but 501. @default 4 */
  readonly retries?: number;
  /** Wait before the first retry, doubled for each further one, milliseconds. @default 1000 */
  readonly retryMinMs?: number;
  /** The longest wait before a retry, also where `Retry-After` asks for more, milliseconds. @default 30000 */
  readonly retryMaxMs?: number;
  /** A longer response is cut off and its connection dropped, bytes. @default 65536 */
  readonly maxResponseBytes?: number;
}

/** Every option's default, but those that depend on other options. */
export const webhookDefaults = Object.freeze({
  include: Object.freeze([] as string[]),
  exclude: Object.freeze([] as string[]),
  requestTimeoutMs: 10_000,
  maxAgeMs: 30_000,
  maxQueuePerKey: 200,
  maxInFlight: 50,
  retries: 4,
  retryMinMs: 1_000,
  retryMaxMs: 30_000,
  maxResponseBytes: 65_536,
});

/** `totalDeadlineMs` above `maxAgeMs`: five attempts of 10 s and the waits between them fit in. */
const RETRYING_MS = 90_000;

/** Options checked and completed; they are options again, with the same meaning. */
export interface ResolvedWebhookOptions extends Required<Omit<WebhookOptions, 'urls'>> {
  readonly urls: readonly Required<WebhookTarget>[];
}

type WholeOption = Exclude<keyof typeof webhookDefaults, 'include' | 'exclude'>;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof WebhookOptions>([
  'apiKey',
  'apiSecret',
  'urls',
  'include',
  'exclude',
  'requestTimeoutMs',
  'totalDeadlineMs',
  'maxAgeMs',
  'maxQueuePerKey',
  'maxInFlight',
  'retries',
  'retryMinMs',
  'retryMaxMs',
  'maxResponseBytes',
]);
const TARGET_NAMES: ReadonlySet<string> = new Set<keyof WebhookTarget>(['url', 'apiKey', 'apiSecret']);

const DAY_MS = 86_400_000;

const { invalid, invalidSecret, ensureKnown, whole } = optionRules('webhooks');

function secretText(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidSecret(field, 'a string that is not empty', kindOf(value));
}

function eventNames(field: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalid(field, 'an array of names of events', value);
  // Read once: a getter's second answer would go unchecked.
  const names: unknown[] = [...value];
  for (const name of names) {
    if (typeof name !== 'string' || name === '') throw invalid(field, 'an array of names of events', name);
  }
  return names as string[];
}

function httpUrl(field: string, value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw invalidSecret(
    field,
    'an http or https URL',
    url === undefined ? kindOf(value) : 'one of another protocol',
  );
}

function target(field: string, given: unknown, options: WebhookOptions): Required<WebhookTarget> {
  if (typeof given === 'string') return target(field, { url: given }, options);
  if (typeof given !== 'object' || given === null) {
    throw invalidSecret(field, 'a URL or { url, apiKey, apiSecret }', kindOf(given));
  }
  ensureKnown(TARGET_NAMES, given, field);
  const { url, apiKey, apiSecret } = given as Partial<WebhookTarget>;
  const hasOwnKey = apiKey !== undefined || apiSecret !== undefined;
  return {
    url: httpUrl(`${field}.url`, url),
    apiKey: secretText(`${field}.apiKey`, hasOwnKey ? apiKey : options.apiKey),
    apiSecret: secretText(`${field}.apiSecret`, hasOwnKey ? apiSecret : options.apiSecret),
  };
}

function targets(options: WebhookOptions): readonly Required<WebhookTarget>[] {
  const { urls } = options;
  if (!Array.isArray(urls)) throw invalidSecret('urls', 'an array', kindOf(urls));
  const resolved = urls.map((given, index) => target(`urls[${index}]`, given, options));
  resolved.forEach(({ url, apiKey }, index) => {
    const first = resolved.findIndex((other) => other.url === url && other.apiKey === apiKey);
    if (first < index) throw invalidSecret(`urls[${index}]`, `another than urls[${first}]`, 'the same');
  });
  return resolved;
}

/**
 * Checks options and fills in what was left out.
 * @throws SfuStatsError INVALID_OPTION, naming the option, the rule and the value; never a secret, nor a URL.
 */
export function resolveWebhookOptions(options: WebhookOptions): ResolvedWebhookOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidSecret('', 'an object', kindOf(options));
  }
  ensureKnown(OPTION_NAMES, options, 'option');
  const limit = (name: WholeOption, least: number, most: number): number =>
    whole(name, options[name] ?? webhookDefaults[name], least, most);
  const maxAgeMs = limit('maxAgeMs', 1, DAY_MS);
  const totalDeadlineMs = options.totalDeadlineMs ?? maxAgeMs + RETRYING_MS;
  const retryMinMs = limit('retryMinMs', 0, DAY_MS);
  return {
    apiKey: secretText('apiKey', options.apiKey),
    apiSecret: secretText('apiSecret', options.apiSecret),
    urls: targets(options),
    include: eventNames('include', options.include ?? webhookDefaults.include),
    exclude: eventNames('exclude', options.exclude ?? webhookDefaults.exclude),
    requestTimeoutMs: limit('requestTimeoutMs', 1, DAY_MS),
    totalDeadlineMs: whole('totalDeadlineMs', totalDeadlineMs, 1, 2 * DAY_MS),
    maxAgeMs,
    maxQueuePerKey: limit('maxQueuePerKey', 1, 1_000_000),
    maxInFlight: limit('maxInFlight', 1, 10_000),
    retries: limit('retries', 0, 100),
    retryMinMs,
    retryMaxMs: limit('retryMaxMs', retryMinMs, DAY_MS),
    maxResponseBytes: limit('maxResponseBytes', 1, 2 ** 30),
  };
}
