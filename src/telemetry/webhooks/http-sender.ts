import { type Dispatcher, Pool } from 'undici';
import { Connecting } from './connecting.js';
import { type Answer, AttemptError } from './delivery.js';

export interface HttpLimits {
  readonly maxInFlight: number;
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** The rest of a response, which nobody reads, may take this long: then its connection is not worth keeping. */
const MAX_BODY_MS = 1_000;

/** Posts signed bodies to one URL, over connections that are kept alive. It follows no redirect. */
export class HttpSender {
  readonly #path: string;
  readonly #pool: Pool;
  readonly #connecting: Connecting;
  readonly #maxResponseBytes: number;
  readonly #maxBodyMs: number;

  constructor(url: string, { maxInFlight, requestTimeoutMs, maxResponseBytes }: HttpLimits) {
    const { origin, pathname, search } = new URL(url);
    this.#path = pathname + search;
    this.#maxResponseBytes = maxResponseBytes;
    this.#maxBodyMs = Math.min(MAX_BODY_MS, requestTimeoutMs);
    this.#connecting = new Connecting(requestTimeoutMs);
    this.#pool = new Pool(origin, {
      connections: maxInFlight,
      // The caller's signal is the timeout of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: this.#connecting.connect,
    });
  }

  /**
   * Posts a body and waits until its response is over, or is not worth waiting for.
   * @throws AttemptError if there was no answer; it names the error's code and nothing else.
   */
  async post(body: string, authorization: string, signal: AbortSignal): Promise<Answer> {
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#pool.request({
        method: 'POST',
        path: this.#path,
        headers: { authorization, 'content-type': 'application/webhook+json', 'user-agent': 'sfu-stats' },
        body,
        signal,
      });
    } catch (error) {
      const code = codeOf(error);
      throw new AttemptError(`connection failed: ${code}`, code === 'UND_ERR_CONNECT_TIMEOUT');
    }
    await this.#discard(response.body);
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    };
  }

  /** Ends every connection; requests under way fail. Nothing of it keeps the thread alive afterwards. */
  async close(): Promise<void> {
    this.#connecting.end();
    await this.#pool.destroy();
  }

  /** Reads a response to its end, so that its connection can be used again; a long or slow one is cut off. */
  async #discard(body: Dispatcher.ResponseData['body']): Promise<void> {
    const timer = setTimeout(() => body.destroy(), this.#maxBodyMs);
    // It never rejects without a signal: however the body ends, the status was read and counts.
    await body.dump({ limit: this.#maxResponseBytes });
    clearTimeout(timer);
  }
}

const CODE = /^[A-Z][A-Z0-9_]*$/;

/** An error's code or name: its message might quote what is secret. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && CODE.test(code) ? code : error.name;
}
