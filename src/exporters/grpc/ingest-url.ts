import { isIPv6 } from 'node:net';

/** Where a receiver is. */
export interface IngestAddress {
  readonly isSecure: boolean;
  /** A name or an IP address, an IPv6 one in brackets. */
  readonly host: string;
  readonly port: number;
  /** The URL as it may be shown: it has no room for a secret. */
  readonly url: string;
}

/** What is wrong with a URL, in words that quote nothing of it. */
export type UrlFault = { readonly fault: string };

/** Schemes, and whether they mean TLS. */
const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['grpc:', false],
  ['grpcs:', true],
  ['http:', false],
  ['https:', true],
]);
const NAME = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;

/** Reads `grpc://host:port`, `grpcs://…`, `http://…` or `https://…`; nothing else may stand in it. */
export function parseIngestUrl(text: string): IngestAddress | UrlFault {
  if (!URL.canParse(text)) return { fault: 'a string that is no URL' };
  const { protocol } = new URL(text);
  const isSecure = SCHEMES.get(protocol);
  if (isSecure === undefined) return { fault: 'one of another protocol' };
  // Under a scheme of no default port, that a port was given can be seen.
  const generic = `grpc:${text.trim().slice(protocol.length)}`;
  if (!URL.canParse(generic)) return { fault: 'a string that is no URL' };
  const { hostname: host, port, username, password, pathname, search, hash } = new URL(generic);
  if (username !== '' || password !== '') return { fault: 'one with userinfo' };
  if (!(NAME.test(host) || (host.startsWith('[') && isIPv6(host.slice(1, -1)))))
    return { fault: 'one without a valid host' };
  if (port === '' || port === '0') return { fault: 'one without a port' };
  if ((pathname !== '' && pathname !== '/') || search !== '' || hash !== '')
    return { fault: 'one with a path, a query or a fragment' };
  return { isSecure, host, port: Number(port), url: `${protocol}//${host}:${port}` };
}
