import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CREATED = 'net.client.socket';
const owners = new AsyncLocalStorage<OwnSockets>();

/**
 * The sockets that are opened by what runs in here, and by all that follows from it. @grpc/grpc-js gives nobody its
 * sockets, and ends none whose connection or handshake goes on for ever: these would add up, and keep the thread alive.
 */
export class OwnSockets {
  readonly #sockets = new Set<Socket>();

  constructor() {
    subscribe(CREATED, this.#note);
  }

  run<T>(body: () => T): T {
    return owners.run(this, body);
  }

  /** Ends them all, for good. */
  destroy(): void {
    this.#destroySockets();
    // One that is being made may be some promises away from its socket.
    setImmediate(() => {
      unsubscribe(CREATED, this.#note);
      this.#destroySockets();
    });
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  readonly #note = (message: unknown): void => {
    if (owners.getStore() !== this) return;
    const { socket } = message as { readonly socket: Socket };
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };
}
