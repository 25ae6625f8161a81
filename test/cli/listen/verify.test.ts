import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { RefusedWebhook, verifyWebhook } from '../../../dist/src/cli/listen/verify.js';
import { KEY, verify } from '../../helpers/webhook-receiver.js';

const BODY = '{"event":"room_started","id":"EV_1","room":{"sid":"RM_1","name":"é\u2028"}}';
const hashOf = (body: string): string => createHash('sha256').update(body).digest('base64');
const nowS = (): number => Math.floor(Date.now() / 1000);

interface Token {
  readonly secret?: string;
  readonly alg?: string;
  readonly iss?: string;
  /** Seconds from now. */
  readonly exp?: number;
  readonly nbf?: number;
  readonly sha256?: unknown;
}

function sign({ secret = KEY.apiSecret, alg = 'HS256', iss = KEY.apiKey, ...claims }: Token = {}) {
  const { exp = 300, nbf = 0, sha256 = hashOf(BODY) } = claims;
  return new SignJWT({ sha256, iss, nbf: nowS() + nbf, exp: nowS() + exp })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
}

/** Why a webhook is refused. */
async function refusalOf(authorization: string | undefined, body = BODY): Promise<string> {
  const refused = await verifyWebhook(Buffer.from(body), authorization, KEY).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(RefusedWebhook);
  return (refused as RefusedWebhook).message;
}

describe('a webhook', () => {
  test('that was signed with the key is read', async () => {
    const webhook = await verifyWebhook(Buffer.from(BODY), await sign(), KEY);
    expect(webhook.toJson()).toEqual(JSON.parse(BODY));
  });

  test('may hold fields of a later protocol', async () => {
    const body = '{"event":"later","shape":{"of":["things"]}}';
    const webhook = await verifyWebhook(Buffer.from(body), await sign({ sha256: hashOf(body) }), KEY);
    expect(webhook.event).toBe('later');
  });

  test('may come from a clock that is half a minute off', async () => {
    for (const token of [await sign({ nbf: 30 }), await sign({ exp: -30 })]) {
      expect((await verifyWebhook(Buffer.from(BODY), token, KEY)).id).toBe('EV_1');
    }
  });

  test.each<[string, Token, string]>([
    ['another secret', { secret: 'another' }, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['another key', { iss: 'another' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ['another algorithm', { alg: 'HS512', secret: 'x'.repeat(64) }, 'ERR_JOSE_ALG_NOT_ALLOWED'],
    ['a token that is over', { exp: -120 }, 'ERR_JWT_EXPIRED'],
    ['a token of tomorrow', { nbf: 86_400, exp: 90_000 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ])('with %s is refused, by LiveKit too', async (_, token, code) => {
    const authorization = await sign(token);
    expect(await refusalOf(authorization)).toBe(`the token is not valid (${code})`);
    await expect(verify({ body: BODY, headers: { authorization } })).rejects.toThrow();
  });

  test('without a signature is refused', async () => {
    const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
    const claims = part({ iss: KEY.apiKey, exp: nowS() + 300, sha256: hashOf(BODY) });
    expect(await refusalOf(`${part({ alg: 'none' })}.${claims}.`)).toMatch(/^the token is not valid/);
  });

  test.each(['', 'nonsense', 'a.b.c', 'Bearer x.y.z', '..', '\u2028'])(
    'with the token %j is refused',
    async (token) => {
      expect(await refusalOf(token)).toMatch(/^the token is not valid/);
    },
  );

  test('without a token is refused', async () => {
    expect(await refusalOf(undefined)).toBe('no Authorization header');
  });

  test.each([undefined, null, 7, '', 'c2hvcnQ=', hashOf('another'), `${hashOf(BODY)}AAAA`, [hashOf(BODY)]])(
    'whose token says %j of its body is refused',
    async (sha256) => {
      // `undefined` would stand for the hash of the body.
      const token = await sign({ sha256: sha256 ?? null });
      expect(await refusalOf(token)).toBe('the body is not the one that was signed');
    },
  );

  test('of which one byte was changed is refused, whichever it was', async () => {
    const token = await sign();
    for (let at = 0; at < BODY.length; at++) {
      const changed = Buffer.from(BODY);
      changed[at]! ^= 1;
      await expect(verifyWebhook(changed, token, KEY)).rejects.toThrow(
        'the body is not the one that was signed',
      );
    }
  });

  test.each(['', 'null', '[]', '7', '{"event":7}', '{', '{"room":{"sid":[]}}'])(
    'that was signed but says %j is refused',
    async (body) => {
      const token = await sign({ sha256: hashOf(body) });
      expect(await refusalOf(token, body)).toBe('the body is not a WebhookEvent');
    },
  );
});
