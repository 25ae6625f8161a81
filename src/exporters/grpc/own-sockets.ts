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
  #isOver = false;

  constructor() {
    subscribe(CREATED, this.#note);
  }

  run<T>(body: () => T): T {
    return owners.run(this, body);
  }

  /** Ends them all, and those that are still to come. */
  destroy(): void {
    this.#isOver = true;
    unsubscribe(CREATED, this.#note);
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
