import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const owners = new AsyncLocalStorage<OwnSockets>();
let isListening = false;

/**
 * The sockets that are opened by what runs in here, and by all that follows from it. @grpc/grpc-js gives nobody its
 * sockets. It ends none whose connection or handshake goes on for ever, and a client that was closed while it waited to
 * connect again does so once more, a second later, and keeps that connection: these would add up.
 */
export class OwnSockets {
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor() {
    // Once for the thread, for good: what was given up may open a socket long after.
    if (!isListening) subscribe('net.client.socket', noteSocket);
    isListening = true;
  }

  run<T>(body: () => T): T {
    return owners.run(this, body);
  }

  /** Ends them all, and those to come, for good. */
  destroy(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  add(socket: Socket): void {
    if (this.#isOver) {
      // It is connected before the next tick, and that would bring it back to life.
      process.nextTick(() => socket.destroy());
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

function noteSocket(message: unknown): void {
  owners.getStore()?.add((message as { readonly socket: Socket }).socket);
}
