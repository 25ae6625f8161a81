import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ErrorCode, SfuStatsError, StatsEngine } from '../../dist/src/index.js';
import { Receiver, replies, urlOfNobody } from '../helpers/receiver.js';
import { KEY, startSending, verify } from '../helpers/webhook-receiver.js';

/** In every secret of this file, and in nothing else. */
const MARK = 'hushhush';
const SECRET = `${MARK}-engine`;
const OWN_SECRET = `${MARK}-own`;

/** A URL with secrets in its userinfo, its query and its fragment. */
const withSecrets = (url: string): string =>
  `${url.replace('://', `://user:${MARK}-password@`)}?token=${MARK}-query#${MARK}`;

describe('secrets of webhooks', () => {
  test('are used, and shown nowhere: not in logs, reports, events or the status', async () => {
    const receiver = await Receiver.start(({ path }) => replies.status(path.startsWith('/good') ? 200 : 500));
    onTestFinished(() => receiver.close());
    const urls = [
      withSecrets(receiver.url('/good')),
      { url: withSecrets(receiver.url('/bad')), apiKey: 'APIown', apiSecret: OWN_SECRET },
      withSecrets(`${await urlOfNobody()}`),
    ];
    const { sfu, told } = await startSending(urls, { apiSecret: SECRET, retries: 0, maxQueuePerKey: 1 });
    for (let n = 0; n < 3; n++) sfu.engine.roomStarted({ sid: 'RM', name: 'room' });
    await receiver.received(2);
    const status = sfu.engine.status();
    const report = await sfu.engine.close();

    const [good] = receiver.posts.filter(({ path }) => path.startsWith('/good'));
    const [bad] = receiver.posts.filter(({ path }) => path.startsWith('/bad'));
    expect(good!.path).toBe(`/good?token=${MARK}-query`);
    await verify(good!, { ...KEY, apiSecret: SECRET });
    await verify(bad!, { apiKey: 'APIown', apiSecret: OWN_SECRET });

    const warned = sfu.logged('warn').filter((message) => message === 'webhooks were not delivered');
    expect(warned.length).toBeGreaterThan(2);
    const messages = told.map(({ message }) => message.toJsonString());
    expect(messages.filter((json) => json.includes('"type":"WEBHOOK"'))).toHaveLength(9);
    for (const shown of [sfu.logs, messages, status, report, sfu.engine.status()]) {
      expect(inspect(shown, { depth: null, maxStringLength: null, maxArrayLength: null })).not.toContain(
        MARK,
      );
    }
  });
});

describe('webhook options that are not valid', () => {
  const url = 'http://127.0.0.1:1/';
  const valid = { apiKey: 'APItest', apiSecret: SECRET, urls: [url] };

  test.each<[string, unknown]>([
    ['webhooks', null],
    ['webhooks', url],
    ['webhooks.apiKey', {}],
    ['webhooks.apiKey', { ...valid, apiKey: 7 }],
    ['webhooks.apiSecret', { ...valid, apiSecret: '' }],
    ['webhooks.apiSecret', { ...valid, apiSecret: { secret: SECRET } }],
    ['webhooks.urls', { ...valid, urls: withSecrets(url) }],
    ['webhooks.urls[0]', { ...valid, urls: [null] }],
    ['webhooks.urls[0].url', { ...valid, urls: [`ftp://user:${MARK}@127.0.0.1/`] }],
    ['webhooks.urls[1].url', { ...valid, urls: [url, `not a url: ${MARK}`] }],
    ['webhooks.urls[0].apiSecret', { ...valid, urls: [{ url, apiKey: 'APIown' }] }],
    ['webhooks.urls[0].apiKey', { ...valid, urls: [{ url, apiSecret: OWN_SECRET }] }],
    ['webhooks.urls[1]', { ...valid, urls: [withSecrets(url), withSecrets(url)] }],
    ['webhooks.include', { ...valid, include: 'room_started' }],
    ['webhooks.exclude', { ...valid, exclude: [''] }],
    ['webhooks.requestTimeoutMs', { ...valid, requestTimeoutMs: '10' }],
    ['webhooks.totalDeadlineMs', { ...valid, totalDeadlineMs: 0 }],
    ['webhooks.maxAgeMs', { ...valid, maxAgeMs: 0.5 }],
    ['webhooks.maxQueuePerKey', { ...valid, maxQueuePerKey: 0 }],
    ['webhooks.maxInFlight', { ...valid, maxInFlight: Number.NaN }],
    ['webhooks.retries', { ...valid, retries: -1 }],
    ['webhooks.retryMinMs', { ...valid, retryMinMs: Number.POSITIVE_INFINITY }],
    ['webhooks.retryMaxMs', { ...valid, retryMinMs: 100, retryMaxMs: 99 }],
    ['webhooks.maxResponseBytes', { ...valid, maxResponseBytes: '1' }],
    ['webhooks.option', { ...valid, secret: SECRET }],
    ['webhooks.urls[0]', { ...valid, urls: [{ url, secret: SECRET }] }],
  ])('are refused at the start by name: %s', async (field, webhooks) => {
    const logged = vi.fn();
    const logger = { debug: logged, info: logged, warn: logged, error: logged };
    const refused = await StatsEngine.start({ webhooks: webhooks as never, logger }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(SfuStatsError);
    expect(refused).toMatchObject({ code: ErrorCode.INVALID_OPTION, field });
    const { message } = refused as SfuStatsError;
    expect(message.startsWith(`${field} must be `), message).toBe(true);
    expect(inspect(refused, { depth: null })).not.toContain(MARK);
    expect(logged).not.toHaveBeenCalled();
  });
});
