import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that says what it likes, and keeps what it hears. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves with everything that was heard when the other side has ended the connection, one way or another. */
  readonly ended: Promise<string>;
  #heard = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      this.#heard += text;
    });
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve(this.#heard));
      socket.once('close', () => resolve(this.#heard));
    });
  }

  static async to(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    const connection = new RawConnection(connect(port, host));
    await once(connection.socket, 'connect');
    return connection;
  }

  get heard(): string {
    return this.#heard;
  }

  say(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** Resolves when what was heard is so. */
  async hears(is: (heard: string) => boolean): Promise<string> {
    while (!is(this.#heard)) {
      if (this.socket.destroyed || this.socket.readableEnded) throw new Error(`heard only ${this.#heard}`);
      await Promise.race([once(this.socket, 'data'), this.ended]);
    }
    return this.#heard;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Says something over a connection of its own; gives what was answered until its end. */
export async function sayOnce(port: number, text: string): Promise<string> {
  const connection = await RawConnection.to(port);
  const answer = await connection.say(text).ended;
  connection.close();
  return answer;
}
