import { expect, test } from 'vitest';
import { SfuStatsError, StatsEngine } from '../../dist/src/index.js';
import { RawServer } from '../helpers/raw-server.js';
import {
  allThatIsShown,
  expectNoSecret,
  MARK,
  PEMS,
  SEEN,
  textOf,
  world,
} from '../helpers/secretive-engine.js';

const { ca, cert, key, clientCert, clientKey } = PEMS;

test('no secret is in a page, a file, a message, a status, a log or an error of an engine that has them all', async () => {
  const all = await allThatIsShown();
  for (const what of ['page', 'files', 'messages'] as const) expect(all[what]).toContain(SEEN);
  expect(all.logs).toContain('UNAUTHENTICATED');
  expect(all.logs).toContain('webhooks were not delivered');
  expect(all.rest).toContain('a token is needed');
  expectNoSecret(all);
});

test('no secret is in what is said of options that are refused with it', async () => {
  await using echoing = await RawServer.start(() => {});
  const { options } = await world(echoing.port);
  const { metrics, webhooks, grpc, file } = options;
  const refused: readonly object[] = [
    { shards: 0 },
    { metrics: { ...metrics, port: -1 } },
    { metrics: { ...metrics, token: `${MARK} with spaces` } },
    { metrics: { ...metrics, tls: { certPem: cert, keyPem: clientKey } } },
    { metrics: { ...metrics, tls: { certPem: MARK, keyPem: key } } },
    { webhooks: { ...webhooks, apiSecret: [MARK] } },
    { webhooks: { ...webhooks, urls: [`ftp://${MARK}@x/`] } },
    { grpc: { ...grpc, token: `${MARK}\n` } },
    { grpc: { ...grpc, url: `grpcs://user:${MARK}@localhost:1` } },
    { grpc: { ...grpc, metadata: { 'x-key': `${MARK}\n` } } },
    { grpc: { ...grpc, tls: { caPem: ca, certPem: clientCert, keyPem: key } } },
    { file: { ...file, mode: 0 } },
  ];
  for (const wrong of refused) {
    const error: unknown = await StatsEngine.start({ ...options, ...wrong }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error, Object.keys(wrong)[0]).toBeInstanceOf(SfuStatsError);
    expect((error as SfuStatsError).code).toBe('SFU_STATS_INVALID_OPTION');
    expectNoSecret({ error: textOf(error) });
  }
});
