import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { inTime } from './in-time.js';

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

/** One after which no other comes. */
const ANSWER = /^HTTP\/1\.1 [2-5]\d\d [\s\S]*\r\n\r\n/m;

/**
 * Sends bytes over a connection of their own, in one piece or several, and is done; gives what was heard.
 * @param waits is not done before there is an answer
 */
export async function answerTo(port: number, bytes: Buffer, pieces: number, waits = false): Promise<string> {
  const connection = await RawConnection.to(port);
  const { socket } = connection;
  const length = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += length) {
    socket.write(bytes.subarray(at, at + length));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (waits)
    await inTime(
      connection.hears((heard) => ANSWER.test(heard)),
      'an answer',
    );
  socket.end();
  const heard = await inTime(connection.ended, 'the end of a connection');
  // Without a wait for what is still under way: there are not ports enough.
  socket.resetAndDestroy();
  return heard;
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z -]+\r$/gm;

/**
 * Of what was heard the last status, or that there was none.
 * @param codes those that may be answered
 * @param unheard what must not be in it
 */
export function statusIn(heard: string, codes: ReadonlySet<string>, unheard: string): string {
  if (heard.includes(unheard)) throw new Error(`it repeats its request: ${heard.slice(0, 500)}`);
  const answered = [...heard.matchAll(STATUS_LINE)].map(([, code]) => code!);
  const strange = answered.filter((code) => !codes.has(code));
  if (strange.length > 0) throw new Error(`answered ${strange}: ${heard.slice(0, 500)}`);
  if (heard !== '' && !/^HTTP\/1\.1 \d{3} /.test(heard)) throw new Error(`no answer: ${heard.slice(0, 500)}`);
  return answered.at(-1) ?? 'none';
}
