import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server on loopback that does with each connection what it is told to. For `await using`. */
export class RawServer implements AsyncDisposable {
  /** Connections that were ever made. */
  connections = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param take is given each connection; its errors are heard already: who breaks off is part of the game */
  static async start(take: (socket: Socket) => void): Promise<RawServer> {
    const server = createServer((socket) => {
      raw.connections++;
      raw.#open.add(socket);
      socket.once('close', () => raw.#open.delete(socket));
      socket.on('error', () => {});
      take(socket);
    });
    const raw = new RawServer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return raw;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}
