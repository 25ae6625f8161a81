import type { Socket } from 'node:net';

interface Connection {
  /** Requests that came. */
  requests: number;
  /** Those of them whose answers are not over. */
  underWay: number;
  /** Ends the connection when its answers are not taken. */
  timer: NodeJS.Timeout | undefined;
}

/** The connections of a server and what is under way on each, so that all of them end, and end in time. Timer thread. */
export class Connections {
  readonly #answerTimeoutMs: number;
  readonly #slow: () => void;
  readonly #open = new Map<Socket, Connection>();
  #isClosing = false;

  /**
   * @param answerTimeoutMs an answer must be taken within this
   * @param slow one was not: its connection was ended
   */
  constructor(answerTimeoutMs: number, slow: () => void) {
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#slow = slow;
  }

  get count(): number {
    return this.#open.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** A connection was made; it is forgotten when it is over. */
  add(socket: Socket): void {
    const connection: Connection = { requests: 0, underWay: 0, timer: undefined };
    this.#open.set(socket, connection);
    socket.once('close', () => {
      clearTimeout(connection.timer);
      this.#open.delete(socket);
    });
    if (this.#isClosing) socket.destroy();
  }

  /** A handshake was made: from now on the encrypted socket stands for the connection below it. */
  secured(socket: Socket): void {
    for (const below of this.#open.keys()) {
      if (below.remotePort !== socket.remotePort || below.remoteAddress !== socket.remoteAddress) continue;
      this.#open.delete(below);
      break;
    }
    this.add(socket);
  }

  isAnswering(socket: Socket): boolean {
    return (this.#open.get(socket)?.underWay ?? 0) > 0;
  }

  /** A request came; tells how many that makes. */
  begin(socket: Socket): number {
    const connection = this.#open.get(socket);
    if (connection === undefined) return 0;
    connection.underWay++;
    return ++connection.requests;
  }

  /** An answer is on its way: the time it may take begins, unless it waits for another. */
  sending(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection !== undefined) this.#startTimer(socket, connection);
  }

  /** The first of its answers was taken whole. */
  end(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.underWay--;
    clearTimeout(connection.timer);
    connection.timer = undefined;
    if (connection.underWay > 0) this.#startTimer(socket, connection);
    else if (this.#isClosing) socket.destroySoon();
  }

  /** Ends those that owe nothing; the others when they have been answered. */
  beginClosing(): void {
    this.#isClosing = true;
    for (const [socket, { underWay }] of this.#open) if (underWay === 0) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #startTimer(socket: Socket, connection: Connection): void {
    connection.timer ??= setTimeout(() => {
      this.#slow();
      socket.destroy();
    }, this.#answerTimeoutMs);
  }
}
