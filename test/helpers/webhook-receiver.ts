import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk';
import type { StatsEngineOptions, TelemetryEvent, WebhookOptions } from '../../dist/src/index.js';
import { type EngineUnderTest, startEngine } from './engine.js';
import type { Post } from './receiver.js';

export interface Key {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** What the engines under test sign with. */
export const KEY: Key = { apiKey: 'APItest', apiSecret: 'the secret of these tests' };

/**
 * Has LiveKit's own receiver verify a post, and gives what it read.
 * @throws Error what the receiver refused it for
 */
export function verify(
  { body, headers }: Pick<Post, 'body' | 'headers'>,
  { apiKey, apiSecret }: Key = KEY,
): Promise<WebhookEvent> {
  return new WebhookReceiver(apiKey, apiSecret).receive(body, headers.authorization);
}

export interface SendingEngine {
  readonly sfu: EngineUnderTest;
  /** Everything told from the first call on. */
  readonly told: TelemetryEvent[];
}

/** An engine that sends webhooks to some URLs. */
export async function startSending(
  urls: WebhookOptions['urls'],
  webhooks: Partial<WebhookOptions> = {},
  options: StatsEngineOptions = {},
): Promise<SendingEngine> {
  const sfu = await startEngine({ ...options, webhooks: { ...KEY, ...webhooks, urls } });
  const told: TelemetryEvent[] = [];
  sfu.engine.onTelemetry((event) => told.push(event));
  // The timer thread has heard by now that somebody listens.
  await sfu.engine.audit();
  return { sfu, told };
}
