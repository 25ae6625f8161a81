import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

const VALID_SECONDS = 300;

/** Makes the token a receiver checks a webhook with: who sent it, when, and what. */
export class Signer {
  readonly #issuer: string;
  /** Not the text: a key object shows its secret to no log. */
  readonly #key: KeyObject;

  constructor(apiKey: string, apiSecret: string) {
    this.#issuer = apiKey;
    this.#key = createSecretKey(Buffer.from(apiSecret));
  }

  /** @returns an HS256 JWT with the body's SHA-256, valid for five minutes from `epochMs` */
  sign(body: string, epochMs: number): Promise<string> {
    const now = Math.floor(epochMs / 1000);
    return new SignJWT({ sha256: createHash('sha256').update(body).digest('base64') })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(this.#issuer)
      .setNotBefore(now)
      .setExpirationTime(now + VALID_SECONDS)
      .sign(this.#key);
  }
}
