import type { AddressInfo, Server } from 'node:net';

/** Stable code of an address that cannot be listened on; stands first in the error an exporter reports. */
export const METRICS_LISTEN = 'METRICS_LISTEN';

export interface BindingOptions {
  readonly host: string;
  readonly port: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/** What becomes of it; called again whenever that changes. */
export interface BindingEvents {
  readonly listening: (address: AddressInfo) => void;
  /** It will be tried again. */
  readonly failed: (error: string) => void;
  /** It is being tried again. */
  readonly retried: () => void;
}

/** Has a server listen, and tries again, ever more slowly, until it does. Timer thread. */
export class Binding {
  readonly #server: Server;
  readonly #options: BindingOptions;
  readonly #events: BindingEvents;
  #waitMs: number;
  #retry: NodeJS.Timeout | undefined;
  #isTrying = false;
  #isOver = false;

  constructor(server: Server, options: BindingOptions, events: BindingEvents) {
    this.#server = server;
    this.#options = options;
    this.#events = events;
    this.#waitMs = options.retryMinMs;
    server.on('listening', () => this.#onListening());
    server.on('error', (error) => {
      // A server that listens has other errors too: those are not about the address.
      if (this.#isTrying) this.#onRefused(error);
    });
  }

  start(): void {
    const { host, port } = this.#options;
    this.#isTrying = true;
    // In a cluster too: the listener is this process's, not its parent's.
    this.#server.listen({ host, port, exclusive: true });
  }

  /** Gives the address up, also one that comes late. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    if (this.#server.listening) this.#server.close();
  }

  #onListening(): void {
    this.#isTrying = false;
    if (this.#isOver) this.#server.close();
    else this.#events.listening(this.#server.address() as AddressInfo);
  }

  #onRefused(error: NodeJS.ErrnoException): void {
    this.#isTrying = false;
    if (this.#isOver) return;
    const { host, port, retryMaxMs } = this.#options;
    const why = error.code ?? error.name;
    this.#retry = setTimeout(() => {
      this.#events.retried();
      this.start();
    }, this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, retryMaxMs);
    this.#events.failed(`${METRICS_LISTEN}: cannot listen on ${host} port ${port} (${why})`);
  }
}
