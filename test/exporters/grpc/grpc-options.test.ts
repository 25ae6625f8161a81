import { describe, expect, test } from 'vitest';
import { SfuStatsError } from '../../../dist/src/errors.js';
import {
  type GrpcOptions,
  grpcDefaults,
  resolveGrpcOptions,
} from '../../../dist/src/exporters/grpc/grpc-options.js';
import { certificatesFor } from './certificates.js';

const base = { url: 'grpc://collector:4317' };

function refusalOf(options: unknown): SfuStatsError {
  try {
    resolveGrpcOptions(options as GrpcOptions);
  } catch (error) {
    if (error instanceof SfuStatsError) return error;
  }
  throw new Error('these options were not refused by name');
}

test('what is left out gets its default', () => {
  expect(resolveGrpcOptions(base)).toEqual({
    url: 'grpc://collector:4317',
    metadata: {},
    maxQueuedBatches: 1_024,
    maxQueuedBytes: 268_435_456,
    ackEveryBatches: 16,
    ackEveryMs: 1_000,
    deadlineMs: 30_000,
    retryMinMs: 500,
    retryMaxMs: 30_000,
    keepAliveMs: 0,
    keepAliveTimeoutMs: 20_000,
    maxMessageBytes: 4_000_000,
  });
});

test('the defaults cannot be changed', () => {
  expect(Object.isFrozen(grpcDefaults)).toBe(true);
  expect(Object.isFrozen(grpcDefaults.metadata)).toBe(true);
});

test('a default message fits where servers take 4 MiB', () => {
  expect(grpcDefaults.maxMessageBytes).toBeLessThan(4 * 1024 * 1024);
});

test('resolved options reach another thread whole, and resolve to themselves', () => {
  const { caPem, certPem, keyPem } = certificatesFor('collector');
  const tls = { caPem, certPem, keyPem, serverName: 'collector.internal' };
  const resolved = resolveGrpcOptions({
    url: 'https://[::1]:443/',
    token: 'topsecret',
    metadata: { 'X-Tenant': 'a b' },
    tls,
  });
  expect(resolved).toMatchObject({
    url: 'https://[::1]:443',
    token: 'topsecret',
    metadata: { 'x-tenant': 'a b' },
    tls,
  });
  expect(resolveGrpcOptions(structuredClone(resolved))).toEqual(resolved);
});

test.each([
  ['grpc://localhost:1', 'grpc://localhost:1'],
  ['grpcs://a.example.com:443', 'grpcs://a.example.com:443'],
  ['http://10.0.0.1:80', 'http://10.0.0.1:80'],
  ['https://my_host-1:65535/', 'https://my_host-1:65535'],
])('%s is a URL', (url, resolved) => {
  expect(resolveGrpcOptions({ url }).url).toBe(resolved);
});

test.each([
  ['localhost:4317', 'one of another protocol'],
  ['collector', 'a string that is no URL'],
  ['', 'an empty string'],
  ['ftp://a:1', 'one of another protocol'],
  ['grpc://a', 'one without a port'],
  ['https://a.example.com', 'one without a port'],
  ['grpc://a:0', 'one without a port'],
  ['grpc://a:65536', 'a string that is no URL'],
  ['grpc://user:topsecret@a:1', 'one with userinfo'],
  ['grpc://a:1/path', 'one with a path, a query or a fragment'],
  ['grpc://a:1?token=topsecret', 'one with a path, a query or a fragment'],
  ['grpc://a:1#topsecret', 'one with a path, a query or a fragment'],
  ['grpc://a b:1', 'a string that is no URL'],
  ['grpc://a%20b:1', 'one without a valid host'],
  ['grpc://-a:1', 'one without a valid host'],
])('%j is none: it is %s', (url, got) => {
  const refusal = refusalOf({ url });
  expect(refusal.message).toBe(`grpc.url must be grpc://host:port, or grpcs://host:port for TLS, got ${got}`);
  expect(refusal).toMatchObject({ code: 'SFU_STATS_INVALID_OPTION', field: 'grpc.url' });
});

describe('a refusal names the option, the rule and the value', () => {
  const secure = { url: 'grpcs://collector:4317' };
  const { caPem, certPem, keyPem } = certificatesFor('collector');
  const another = certificatesFor('another');
  test.each<[string, object]>([
    ['grpc.url', { url: undefined }],
    ['grpc.url', { url: 7 }],
    ['grpc.option', { uri: 'grpc://a:1' }],
    ['grpc.token', { token: '' }],
    ['grpc.token', { token: 'a\nb' }],
    ['grpc.token', { token: ' a' }],
    ['grpc.token', { token: 'ä' }],
    ['grpc.token', { token: 7 }],
    ['grpc.metadata', { metadata: 'x' }],
    ['grpc.metadata', { metadata: ['x'] }],
    ['grpc.metadata', { metadata: { 'a b': 'x' } }],
    ['grpc.metadata', { metadata: { 'grpc-timeout': '1' } }],
    ['grpc.metadata', { metadata: { Connection: 'close' } }],
    ['grpc.metadata', { metadata: { 'x-bin': 'AA' } }],
    ['grpc.metadata', { metadata: { a: '1', A: '2' } }],
    ['grpc.metadata', { token: 'x', metadata: { Authorization: 'Basic x' } }],
    ['grpc.metadata', { metadata: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`x${n}`, '1'])) }],
    ['grpc.metadata.x-tenant', { metadata: { 'x-tenant': 7 } }],
    ['grpc.metadata.x-tenant', { metadata: { 'x-tenant': 'a\r\nb' } }],
    ['grpc.metadata.x-tenant', { metadata: { 'x-tenant': 'x'.repeat(20_000) } }],
    ['grpc.tls', { tls: {} }],
    ['grpc.tls', { ...secure, tls: 'x' }],
    ['grpc.tls', { ...secure, tls: { ca: caPem } }],
    ['grpc.tls.caPem', { ...secure, tls: { caPem: 'x' } }],
    ['grpc.tls.caPem', { ...secure, tls: { caPem: keyPem } }],
    ['grpc.tls.certPem', { ...secure, tls: { keyPem } }],
    ['grpc.tls.keyPem', { ...secure, tls: { certPem } }],
    ['grpc.tls.keyPem', { ...secure, tls: { certPem, keyPem: 'x' } }],
    ['grpc.tls.keyPem', { ...secure, tls: { certPem, keyPem: another.keyPem } }],
    ['grpc.tls.serverName', { ...secure, tls: { serverName: '' } }],
    ['grpc.maxQueuedBatches', { maxQueuedBatches: 0 }],
    ['grpc.maxQueuedBytes', { maxQueuedBytes: 1.5 }],
    ['grpc.ackEveryBatches', { ackEveryBatches: 0 }],
    ['grpc.ackEveryMs', { ackEveryMs: -1 }],
    ['grpc.deadlineMs', { deadlineMs: 0 }],
    ['grpc.retryMinMs', { retryMinMs: 0 }],
    ['grpc.retryMaxMs', { retryMinMs: 500, retryMaxMs: 499 }],
    ['grpc.keepAliveMs', { keepAliveMs: Number.NaN }],
    ['grpc.keepAliveTimeoutMs', { keepAliveTimeoutMs: '1' }],
    ['grpc.maxMessageBytes', { maxMessageBytes: 1_023 }],
  ])('%s', (field, wrong) => {
    const refusal = refusalOf({ ...base, ...wrong });
    expect(refusal.code).toBe('SFU_STATS_INVALID_OPTION');
    expect(refusal.field).toBe(field);
    expect(refusal.message).toBe(`${field} must be ${refusal.rule}, got ${refusal.value}`);
  });

  test('also if there are no options at all', () => {
    expect(refusalOf(null)).toMatchObject({ code: 'SFU_STATS_INVALID_OPTION', field: 'grpc' });
  });
});

test('no refusal repeats a secret, nor a URL that may hold one', () => {
  const secure = { url: 'grpcs://collector:4317' };
  const { certPem } = certificatesFor('collector');
  const wrongs: (object | string)[] = [
    { url: 'topsecret' },
    { url: 'topsecret://a:1' },
    { url: 'grpc://user:topsecret@a:1' },
    { url: 'grpc://a:1/topsecret' },
    { url: ['topsecret'] },
    { token: 'topsecret\n' },
    { token: ['topsecret'] },
    { metadata: { key: 'topsecret\n' } },
    { metadata: { key: ['topsecret'] } },
    { token: 'topsecret', metadata: { authorization: 'topsecret' } },
    { ...secure, tls: { certPem, keyPem: 'topsecret' } },
    { ...secure, tls: { caPem: 'topsecret' } },
    { ...secure, tls: 'topsecret' },
    { ...secure, tls: { serverName: 'topsecret\n' } },
    'topsecret',
  ];
  for (const wrong of wrongs) {
    const refusal = refusalOf(typeof wrong === 'string' ? wrong : { ...base, ...wrong });
    const said = JSON.stringify({ ...refusal, message: refusal.message, stack: refusal.stack });
    expect(said.toLowerCase()).not.toContain('topsecret');
  }
});
