import { describe, expect, test } from 'vitest';
import type { SfuStatsError } from '../../../dist/src/errors.js';
import {
  type MetricsOptions,
  metricsDefaults,
  resolveMetricsOptions,
} from '../../../dist/src/exporters/prometheus/metrics-options.js';
import { certificates } from '../../helpers/certificates.js';

function refusalOf(options: unknown): SfuStatsError {
  try {
    resolveMetricsOptions(options as MetricsOptions);
  } catch (error) {
    return error as SfuStatsError;
  }
  throw new Error('the options were taken');
}

test('every option has the default that is told', () => {
  expect(resolveMetricsOptions({})).toEqual(metricsDefaults);
  expect(metricsDefaults).toMatchObject({ host: '127.0.0.1', port: 9464, nodeType: 'SERVER' });
  expect(metricsDefaults).toMatchObject({ perRoom: false, perTrack: false, maxSeries: 1000 });
});

test('an option that is undefined is as one left out', () => {
  const undefinedOptions = { host: undefined, port: undefined, token: undefined, tls: undefined };
  expect(resolveMetricsOptions(undefinedOptions as unknown as MetricsOptions)).toEqual(metricsDefaults);
});

test('resolved options reach another thread whole, and resolve to themselves', () => {
  const { cert, key, ca } = certificates();
  const tls = { certPem: cert, keyPem: key, caPem: ca };
  const resolved = resolveMetricsOptions({ port: 0, token: 'secret', tls, perTrack: true });
  expect(resolveMetricsOptions(structuredClone(resolved))).toEqual(resolved);
});

describe('a refusal names the option, the rule and the value', () => {
  test.each<[string, object]>([
    ['metrics.host', { host: '' }],
    ['metrics.host', { host: 'local host' }],
    ['metrics.host', { host: 7 }],
    ['metrics.port', { port: -1 }],
    ['metrics.port', { port: 65_536 }],
    ['metrics.port', { port: '9464' }],
    ['metrics.token', { token: '' }],
    ['metrics.token', { token: 7 }],
    ['metrics.token', { token: null }],
    ['metrics.token', { token: 'two words' }],
    ['metrics.token', { token: 'line\nfeed' }],
    ['metrics.tls', { tls: null }],
    ['metrics.tls', { tls: [] }],
    ['metrics.tls', { tls: { cert: '' } }],
    ['metrics.tls.certPem', { tls: {} }],
    ['metrics.tls.certPem', { tls: { certPem: '/etc/cert.pem' } }],
    ['metrics.tls.keyPem', { tls: { certPem: '-----BEGIN CERTIFICATE-----' } }],
    ['metrics.perRoom', { perRoom: 1 }],
    ['metrics.perTrack', { perTrack: 'yes' }],
    ['metrics.maxSeries', { maxSeries: 0 }],
    ['metrics.maxConnections', { maxConnections: 0.5 }],
    ['metrics.maxHeaderBytes', { maxHeaderBytes: 10 }],
    ['metrics.requestTimeoutMs', { requestTimeoutMs: Number.NaN }],
    ['metrics.retryMinMs', { retryMinMs: 0 }],
    ['metrics.retryMaxMs', { retryMinMs: 500, retryMaxMs: 499 }],
    ['metrics.nodeType', { nodeType: '' }],
    ['metrics.option', { address: '127.0.0.1' }],
  ])('%s of %j', (field, wrong) => {
    const refusal = refusalOf(wrong);
    expect(refusal.code).toBe('SFU_STATS_INVALID_OPTION');
    expect(refusal.field).toBe(field);
    expect(refusal.message).toBe(`${field} must be ${refusal.rule}, got ${refusal.value}`);
  });

  test('also if there are no options at all', () => {
    for (const nothing of [null, undefined, 'topsecret', []]) {
      expect(refusalOf(nothing)).toMatchObject({ code: 'SFU_STATS_INVALID_OPTION', field: 'metrics' });
    }
  });

  test('and a certificate whose key is another', () => {
    const { cert } = certificates();
    const { clientKey } = certificates();
    const refusal = refusalOf({ tls: { certPem: cert, keyPem: clientKey } });
    expect(refusal.field).toBe('metrics.tls');
    expect(refusal.value).toMatch(/^what OpenSSL refuses \(ERR_OSSL_\w+\)$/);
  });
});

test('no refusal repeats a secret', () => {
  const key = `-----BEGIN PRIVATE KEY-----\ntopsecret\n-----END PRIVATE KEY-----`;
  const wrongs: unknown[] = [
    'topsecret',
    { token: 'topsecret with words' },
    { token: ['topsecret'] },
    { tls: 'topsecret' },
    { tls: { certPem: 'topsecret', keyPem: 'topsecret' } },
    { tls: { certPem: certificates().cert, keyPem: 'topsecret' } },
    { tls: { certPem: certificates().cert, keyPem: key } },
    { tls: { certPem: key, keyPem: key } },
    { tls: { certPem: certificates().cert, keyPem: certificates().key, caPem: 'topsecret' } },
  ];
  for (const wrong of wrongs) {
    const { message, value, rule } = refusalOf(wrong);
    expect(`${message} ${value} ${rule}`).not.toContain('topsecret');
  }
});
