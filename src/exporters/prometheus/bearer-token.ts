import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Makes the check of an `Authorization` header against a token, in the same time whatever it holds. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const wanted = digest(token);
  return (authorization = '') => {
    // The scheme is no secret, and any case (RFC 9110); the token is.
    const [, given = ''] = /^bearer +(.*)$/i.exec(authorization) ?? [];
    return timingSafeEqual(digest(given), wanted);
  };
}
