import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** undici's connector gives its socket at once; its types do not say so. */
type Connector = (...given: Parameters<buildConnector.connector>) => Socket;

/**
 * Makes a pool's connections, and ends those that are still being made: the pool would wait for them. Not by a signal,
 * to which each socket would listen for as long as there is one.
 */
export class Connecting {
  readonly #connector: Connector;
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor(timeoutMs: number) {
    this.#connector = buildConnector({ timeout: timeoutMs }) as Connector;
  }

  readonly connect: buildConnector.connector = (target, done) => {
    const socket = this.#connector(target, (...result) => {
      this.#sockets.delete(socket);
      done(...result);
    });
    this.#sockets.add(socket);
    if (this.#isOver) this.end();
  };

  /** From now on no connection is made. */
  end(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy(new Error('the sender was closed'));
  }
}
