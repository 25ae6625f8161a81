import { createHash } from 'node:crypto';
import { WebhookEvent } from '@livekit/protocol';
import { errors, jwtVerify } from 'jose';

/** Why a webhook was refused; the text is for people. */
export class RefusedWebhook extends Error {
  override readonly name = 'RefusedWebhook';
}

/** The key a sender signs with. */
export interface SigningKey {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** Tokens may be a minute off: clocks differ. */
const CLOCK_TOLERANCE_S = 60;

/**
 * Reads a webhook as LiveKit's receivers do: the token must be signed with the secret, come from the key, not be
 * over, and carry the hash of exactly this body.
 * @throws RefusedWebhook
 */
export async function verifyWebhook(
  body: Buffer,
  authorization: string | undefined,
  { apiKey, apiSecret }: SigningKey,
): Promise<WebhookEvent> {
  if (authorization === undefined) throw new RefusedWebhook('no Authorization header');
  let claims: { readonly sha256?: unknown };
  try {
    const { payload } = await jwtVerify<{ sha256?: unknown }>(
      authorization,
      new TextEncoder().encode(apiSecret),
      {
        algorithms: ['HS256'],
        issuer: apiKey,
        clockTolerance: CLOCK_TOLERANCE_S,
      },
    );
    claims = payload;
  } catch (error) {
    const why = error instanceof errors.JOSEError ? error.code : 'unreadable';
    throw new RefusedWebhook(`the token is not valid (${why})`);
  }
  if (claims.sha256 !== createHash('sha256').update(body).digest('base64')) {
    throw new RefusedWebhook('the body is not the one that was signed');
  }
  try {
    return WebhookEvent.fromJsonString(body.toString('utf8'), { ignoreUnknownFields: true });
  } catch {
    throw new RefusedWebhook('the body is not a WebhookEvent');
  }
}
