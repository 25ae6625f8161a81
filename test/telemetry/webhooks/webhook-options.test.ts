import { describe, expect, test } from 'vitest';
import { SfuStatsError } from '../../../dist/src/errors.js';
import { shownUrl } from '../../../dist/src/telemetry/webhooks/shown-url.js';
import {
  resolveWebhookOptions,
  type WebhookOptions,
  webhookDefaults,
} from '../../../dist/src/telemetry/webhooks/webhook-options.js';

const base = { apiKey: 'key', apiSecret: 'topsecret', urls: ['https://example.com/hook'] };

function refusalOf(options: unknown): SfuStatsError {
  try {
    resolveWebhookOptions(options as WebhookOptions);
  } catch (error) {
    if (error instanceof SfuStatsError) return error;
  }
  throw new Error('these options were not refused by name');
}

test('what is left out gets its default', () => {
  expect(resolveWebhookOptions(base)).toEqual({
    apiKey: 'key',
    apiSecret: 'topsecret',
    urls: [{ url: 'https://example.com/hook', apiKey: 'key', apiSecret: 'topsecret' }],
    include: [],
    exclude: [],
    requestTimeoutMs: 10_000,
    totalDeadlineMs: 120_000,
    maxAgeMs: 30_000,
    maxQueuePerKey: 200,
    maxInFlight: 50,
    retries: 4,
    retryMinMs: 1_000,
    retryMaxMs: 30_000,
    maxResponseBytes: 65_536,
  });
});

test('the defaults cannot be changed', () => {
  expect(Object.isFrozen(webhookDefaults)).toBe(true);
  expect(Object.isFrozen(webhookDefaults.include) && Object.isFrozen(webhookDefaults.exclude)).toBe(true);
});

test('the total deadline leaves time for all retries, however old an event may become', () => {
  expect(resolveWebhookOptions({ ...base, maxAgeMs: 600_000 }).totalDeadlineMs).toBe(690_000);
  expect(resolveWebhookOptions({ ...base, totalDeadlineMs: 5_000 }).totalDeadlineMs).toBe(5_000);
});

test('a URL may have a key of its own', () => {
  const urls = [
    'http://a/',
    { url: 'http://b/', apiKey: 'own', apiSecret: 'own secret' },
    { url: 'http://c/' },
  ];
  expect(resolveWebhookOptions({ ...base, urls }).urls).toEqual([
    { url: 'http://a/', apiKey: 'key', apiSecret: 'topsecret' },
    { url: 'http://b/', apiKey: 'own', apiSecret: 'own secret' },
    { url: 'http://c/', apiKey: 'key', apiSecret: 'topsecret' },
  ]);
});

test('resolved options reach another thread whole, and resolve to themselves', () => {
  const resolved = resolveWebhookOptions({ ...base, include: ['room_started'], retries: 2 });
  expect(resolveWebhookOptions(structuredClone(resolved))).toEqual(resolved);
});

test('names are read once: what is checked is what is taken', () => {
  let reads = 0;
  const include = Object.defineProperty(['room_started'], 0, {
    get: () => (reads++ === 0 ? 'room_started' : Symbol('never checked')),
  });
  expect(resolveWebhookOptions({ ...base, include }).include).toEqual(['room_started']);
});

describe('a refusal names the option, the rule and the value', () => {
  test.each<[string, object]>([
    ['webhooks.apiKey', { apiKey: '' }],
    ['webhooks.apiSecret', { apiSecret: undefined }],
    ['webhooks.apiSecret', { apiSecret: 7 }],
    ['webhooks.urls', { urls: 'https://example.com' }],
    ['webhooks.urls[1].url', { urls: ['http://a/', 'ftp://b/'] }],
    ['webhooks.urls[0].url', { urls: ['example.com/hook'] }],
    ['webhooks.urls[0].url', { urls: ['file:///etc/passwd'] }],
    ['webhooks.urls[0].url', { urls: [{}] }],
    ['webhooks.urls[0]', { urls: [null] }],
    ['webhooks.urls[1]', { urls: ['http://a', 'http://a/'] }],
    ['webhooks.urls[0].apiSecret', { urls: [{ url: 'http://a/', apiKey: 'own' }] }],
    ['webhooks.urls[0].apiKey', { urls: [{ url: 'http://a/', apiSecret: 'own' }] }],
    ['webhooks.urls[0]', { urls: [{ url: 'http://a/', key: 'own' }] }],
    ['webhooks.include', { include: 'room_started' }],
    ['webhooks.exclude', { exclude: ['room_started', ''] }],
    ['webhooks.requestTimeoutMs', { requestTimeoutMs: 0 }],
    ['webhooks.totalDeadlineMs', { totalDeadlineMs: Number.POSITIVE_INFINITY }],
    ['webhooks.maxAgeMs', { maxAgeMs: -1 }],
    ['webhooks.maxQueuePerKey', { maxQueuePerKey: 0 }],
    ['webhooks.maxInFlight', { maxInFlight: 0.5 }],
    ['webhooks.retries', { retries: '4' }],
    ['webhooks.retryMinMs', { retryMinMs: Number.NaN }],
    ['webhooks.retryMaxMs', { retryMinMs: 500, retryMaxMs: 499 }],
    ['webhooks.maxResponseBytes', { maxResponseBytes: 0 }],
    ['webhooks.option', { retry: 3 }],
  ])('%s of %j', (field, wrong) => {
    const refusal = refusalOf({ ...base, ...wrong });
    expect(refusal.code).toBe('SFU_STATS_INVALID_OPTION');
    expect(refusal.field).toBe(field);
    expect(refusal.message).toBe(`${field} must be ${refusal.rule}, got ${refusal.value}`);
  });

  test('also if there are no options at all', () => {
    expect(refusalOf(null)).toMatchObject({ code: 'SFU_STATS_INVALID_OPTION', field: 'webhooks' });
    expect(refusalOf('topsecret').message).not.toContain('topsecret');
  });
});

test('one URL may be listed twice for two keys', () => {
  const urls = ['http://a/', { url: 'http://a/', apiKey: 'own', apiSecret: 'own secret' }];
  expect(resolveWebhookOptions({ ...base, urls }).urls).toHaveLength(2);
});

test('no refusal repeats a secret, nor a URL that may hold one', () => {
  const wrongs: object[] = [
    { urls: ['ftp://user:topsecret@example.com/?token=topsecret'] },
    { urls: ['topsecret'] },
    { urls: ['topsecret:x@example.com'] },
    { urls: ['topsecret://example.com'] },
    { urls: [['http://user:topsecret@example.com/']] },
    { urls: 'http://user:topsecret@example.com/' },
    { urls: ['http://u:topsecret@a/', 'http://u:topsecret@a/'] },
    { apiKey: '', apiSecret: 'topsecret' },
    { apiSecret: ['topsecret'] },
    { urls: [{ url: 'http://a/', apiSecret: 'topsecret' }] },
    { maxAgeMs: -1 },
  ];
  for (const wrong of wrongs) {
    const refusal = refusalOf({ ...base, ...wrong });
    const said = JSON.stringify({ ...refusal, message: refusal.message, stack: refusal.stack });
    expect(said.toLowerCase()).not.toContain('topsecret');
  }
});

test('a URL is shown without userinfo, query and fragment', () => {
  expect(shownUrl('https://user:topsecret@example.com:8443/hook/a?token=topsecret#topsecret')).toBe(
    'https://example.com:8443/hook/a',
  );
});
