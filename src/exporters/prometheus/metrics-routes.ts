import type { IncomingMessage } from 'node:http';
import type { HttpCode, HttpPath } from '../../memory/http-counts.js';
import { bearerCheck } from './bearer-token.js';
import type { MetricsPage, Page } from './metrics-page.js';
import { TextFormat } from './text-format.js';

/** Whether the engine works, for those who ask before they send traffic. */
export interface Readiness {
  readonly ready: boolean;
  /** One line: "ok", or what is wrong. */
  readonly verdict: string;
}

export interface Answer {
  readonly path: HttpPath;
  readonly code: HttpCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Page;
}

export interface RouteParts {
  readonly page: Pick<MetricsPage, 'text' | 'gzipped'>;
  readonly readiness: () => Readiness;
  readonly token: string | undefined;
}

const PLAIN = 'text/plain; charset=utf-8';

/** What is answered to which request; nothing of a request is repeated in its answer. Timer thread. */
export class MetricsRoutes {
  readonly #page: RouteParts['page'];
  readonly #readiness: RouteParts['readiness'];
  readonly #mayScrape: (authorization: string | undefined) => boolean;

  constructor({ page, readiness, token }: RouteParts) {
    this.#page = page;
    this.#readiness = readiness;
    this.#mayScrape = token === undefined ? () => true : bearerCheck(token);
  }

  /** Never rejects. */
  async answer({ method, url = '', headers }: IncomingMessage): Promise<Answer> {
    const path = pathOf(url);
    if (path === 'other') return plain(path, 404, 'not found\n');
    if (method !== 'GET' && method !== 'HEAD') {
      return plain(path, 405, 'only GET and HEAD\n', { allow: 'GET, HEAD' });
    }
    if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
      return plain(path, 413, 'no request body\n');
    }
    // Who probes has no token, and learns nothing of rooms.
    if (path === '/healthz') return plain(path, 200, 'ok\n');
    if (path === '/readyz') return this.#ready();
    if (!this.#mayScrape(headers.authorization)) {
      return plain(path, 401, 'a token is needed\n', { 'www-authenticate': 'Bearer' });
    }
    return this.#metrics(acceptsGzip(headers['accept-encoding']));
  }

  #ready(): Answer {
    let { ready, verdict }: Readiness = { ready: false, verdict: 'unknown' };
    try {
      ({ ready, verdict } = this.#readiness());
    } catch {
      // Who cannot tell is not ready.
    }
    return withBody('/readyz', ready ? 200 : 503, `${JSON.stringify({ ready, verdict })}\n`, {
      'content-type': 'application/json',
    });
  }

  async #metrics(zipped: boolean): Promise<Answer> {
    try {
      const body = await (zipped ? this.#page.gzipped() : this.#page.text());
      return {
        path: '/metrics',
        code: 200,
        // Whatever the scraper would rather have: OpenMetrics would rename LiveKit's counters.
        headers: {
          'content-type': TextFormat.contentType,
          vary: 'accept-encoding',
          ...(zipped ? { 'content-encoding': 'gzip' } : {}),
        },
        body,
      };
    } catch {
      return plain('/metrics', 500, 'the page could not be rendered\n');
    }
  }
}

function pathOf(url: string): HttpPath {
  const [path] = url.split('?', 1);
  return path === '/metrics' || path === '/healthz' || path === '/readyz' ? path : 'other';
}

function acceptsGzip(accepted: string | string[] | undefined): boolean {
  return String(accepted ?? '')
    .split(',')
    .some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(1(\.0{0,3})?|0?\.\d*[1-9]\d*)\s*)?$/i.test(coding));
}

function plain(path: HttpPath, code: HttpCode, text: string, headers: Record<string, string> = {}): Answer {
  return withBody(path, code, text, { 'content-type': PLAIN, ...headers });
}

function withBody(path: HttpPath, code: HttpCode, text: string, headers: Record<string, string>): Answer {
  const chunk = Buffer.from(text);
  return { path, code, headers, body: { chunks: [chunk], bytes: chunk.length } };
}
