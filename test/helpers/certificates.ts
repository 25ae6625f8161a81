import { readFileSync } from 'node:fs';

/**
 * Certificates for tests, valid for 100 years, of a CA whose key was thrown away: one for a server at `localhost` and
 * 127.0.0.1, one for a client. Made with `openssl req -x509` and `openssl x509 -req` on P-256.
 */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

const pem = (name: string): string =>
  readFileSync(new URL(`./certificates/${name}.pem`, import.meta.url), 'utf8');

export function certificates(): Certificates {
  return {
    ca: pem('ca'),
    cert: pem('server'),
    key: pem('server.key'),
    clientCert: pem('client'),
    clientKey: pem('client.key'),
  };
}
