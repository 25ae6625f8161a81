import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, isIPv4, type Socket } from 'node:net';
import {
  dropWord,
  type HttpCode,
  type HttpDrop,
  type HttpPath,
  requestWord,
} from '../../memory/http-counts.js';
import { type ExporterReport, ExporterState, type ExporterSurroundings } from '../exporter.js';
import { Binding } from './binding.js';
import { Connections } from './connections.js';
import type { ResolvedMetricsOptions } from './metrics-options.js';
import type { Answer, MetricsRoutes } from './metrics-routes.js';

export type ServerOptions = Pick<
  ResolvedMetricsOptions,
  | 'host'
  | 'port'
  | 'token'
  | 'tls'
  | 'maxConnections'
  | 'maxHeaderBytes'
  | 'requestTimeoutMs'
  | 'retryMinMs'
  | 'retryMaxMs'
>;

/** A connection that has nothing to ask is ended: there are others. */
const KEEP_ALIVE_MS = 5_000;
const MAX_REQUESTS_PER_CONNECTION = 100;
/** Who sends what is no HTTP has this long to read why it is refused. */
const LINGER_MS = 1_000;
/** Errors of accepting come in swarms: one line in this time says it all. */
const QUIET_MS = 10_000;

const REFUSALS: Readonly<Record<string, readonly [HttpCode, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};
const BAD_REQUEST: readonly [HttpCode, string] = [400, 'Bad Request'];

/**
 * The listener: it answers what `MetricsRoutes` offers, within limits of size, number and time. Where it cannot listen
 * it says so and tries again. Timer thread.
 */
export class MetricsServer {
  readonly #options: ServerOptions;
  readonly #around: ExporterSurroundings;
  readonly #routes: Pick<MetricsRoutes, 'answer'>;
  readonly #counts: Float64Array;
  readonly #server: Server;
  readonly #binding: Binding;
  readonly #connections: Connections;
  #acceptErrorAt = Number.NEGATIVE_INFINITY;
  #lastError = '';
  #closed: Promise<void> | undefined;

  /** @param counts see HttpCounts */
  constructor(
    options: ServerOptions,
    around: ExporterSurroundings,
    routes: Pick<MetricsRoutes, 'answer'>,
    counts: Float64Array,
  ) {
    this.#options = options;
    this.#around = around;
    this.#routes = routes;
    this.#counts = counts;
    this.#connections = new Connections(options.requestTimeoutMs, () => this.#dropped('slow'));
    this.#server = this.#createServer();
    this.#binding = new Binding(this.#server, options, {
      listening: (address) => this.#listening(address),
      failed: (error) => this.#bindingFailed(error),
      retried: () => around.books.retried(),
    });
  }

  /** Begins to listen, now or later. */
  start(): void {
    this.#report(ExporterState.STARTING);
    this.#binding.start();
  }

  /** Stops listening; answers what was asked within the deadline. Never rejects; leaves no handle. */
  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    const isOver = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.once('close', resolve);
      else resolve();
    });
    this.#binding.stop();
    this.#connections.beginClosing();
    const deadline = setTimeout(() => this.#connections.destroyAll(), deadlineMs);
    await isOver;
    clearTimeout(deadline);
    this.#report(ExporterState.CLOSED);
  }

  #createServer(): Server {
    const { tls, maxConnections, maxHeaderBytes, requestTimeoutMs } = this.#options;
    const limits = {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.max(10, Math.min(1_000, requestTimeoutMs / 4)),
    };
    const server =
      tls === undefined
        ? createServer(limits)
        : createTlsServer({
            ...limits,
            cert: tls.certPem,
            key: tls.keyPem,
            ca: tls.caPem,
            requestCert: tls.caPem !== undefined,
            rejectUnauthorized: tls.caPem !== undefined,
            minVersion: 'TLSv1.2',
            handshakeTimeout: requestTimeoutMs,
          });
    server.maxConnections = maxConnections;
    server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
    server.on('connection', (socket: Socket) => this.#connections.add(socket));
    server.on('secureConnection', (socket: Socket) => this.#connections.secured(socket));
    server.on('request', (request, response) => this.#serve(request, response));
    server.on('checkContinue', (request, response) => this.#serve(request, response));
    server.on('checkExpectation', (_request, response: ServerResponse) => {
      this.#count('other', 417);
      response.writeHead(417, { 'content-length': 0, connection: 'close' }).end();
    });
    server.on('connect', (_request, socket) => this.#refuse(socket as Socket, 405, 'Method Not Allowed'));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refuse(socket as Socket, ...(REFUSALS[error.code ?? ''] ?? BAD_REQUEST));
    });
    server.on('tlsClientError', (_error, socket: Socket) => {
      this.#dropped('tls');
      socket.destroy();
    });
    server.on('drop', () => this.#dropped('limit'));
    // Those beyond the last that is answered, which says that it is.
    server.on('dropRequest', () => this.#count('other', 503));
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (server.listening) this.#acceptFailed(error);
    });
    return server;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const isLast = this.#connections.begin(socket) >= MAX_REQUESTS_PER_CONNECTION;
    if (isLast || this.#connections.isClosing) response.setHeader('connection', 'close');
    response.once('finish', () => this.#connections.end(socket));
    this.#routes
      .answer(request)
      .then((answer) => this.#send(answer, request, response))
      .catch(() => {
        this.#around.books.failed();
        socket.destroy();
      });
  }

  #send({ path, code, headers, body }: Answer, request: IncomingMessage, response: ServerResponse): void {
    this.#count(path, code);
    this.#connections.sending(request.socket);
    if (code === 413) response.setHeader('connection', 'close');
    response.writeHead(code, {
      ...headers,
      'content-length': body.bytes,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const chunks = request.method === 'HEAD' ? [] : body.chunks;
    // What the socket does not take at once waits here, but all who wait share the page's bytes.
    for (const chunk of chunks.slice(0, -1)) response.write(chunk);
    const last = chunks.at(-1);
    // Not ended before all of it is out: a server that closes breaks off what is.
    if (last === undefined) response.end();
    else response.write(last, () => response.end());
  }

  /** Answers what Node's parser refused, or the time for it is over, without repeating any of it. */
  #refuse(socket: Socket, code: HttpCode, reason: string): void {
    // The peer is gone already, or an answer is on its way and nothing may come between.
    if (!socket.writable || this.#connections.isAnswering(socket)) {
      socket.destroy();
      return;
    }
    this.#count('other', code);
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
    socket.on('error', () => {});
    socket.end(`HTTP/1.1 ${code} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.resume();
  }

  #listening({ address, family, port }: AddressInfo): void {
    const { tls, token, host } = this.#options;
    const shown = `${tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
    this.#lastError = '';
    this.#report(ExporterState.RUNNING, shown);
    this.#around.log('info', { address: shown }, 'metrics are served');
    if (!isLoopback(address) && token === undefined && tls?.caPem === undefined) {
      this.#around.log('warn', { address: shown, host }, 'metrics are served to everyone: there is no token');
    }
  }

  #bindingFailed(error: string): void {
    this.#around.books.failed();
    this.#report(ExporterState.FAILING, '', error);
    if (error !== this.#lastError)
      this.#around.log('error', { error }, 'metrics are not served; trying again');
    this.#lastError = error;
  }

  #acceptFailed({ code = 'no code' }: NodeJS.ErrnoException): void {
    this.#around.books.failed();
    const now = performance.now();
    if (now - this.#acceptErrorAt < QUIET_MS) return;
    this.#acceptErrorAt = now;
    this.#around.log('error', { error: code }, 'a connection for metrics could not be accepted');
  }

  #report(state: ExporterReport['state'], address = '', error = ''): void {
    this.#around.report({ state, address, error });
  }

  #count(path: HttpPath, code: HttpCode): void {
    this.#counts[requestWord(path, code)]!++;
  }

  #dropped(reason: HttpDrop): void {
    this.#counts[dropWord(reason)]!++;
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
