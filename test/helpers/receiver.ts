import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookEvent } from '@livekit/protocol';

/** A request as it arrived, its body read whole. */
export interface Post {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: WebhookEvent;
}

/** What a receiver does with a request. */
export type Reply = (response: ServerResponse, post: Post) => void;

/** Ways to answer, and not to. */
export const replies = {
  status:
    (status: number, headers: Record<string, string> = {}): Reply =>
    (response) => {
      response.writeHead(status, headers).end();
    },

  /** Takes its time. */
  afterMs:
    (ms: number, then: Reply = replies.status(200)): Reply =>
    (response, post) => {
      setTimeout(() => then(response, post), ms);
    },

  /** Answers when it is allowed to. */
  once:
    (allowed: Promise<unknown>, then: Reply = replies.status(200)): Reply =>
    (response, post) => {
      void allowed.then(() => then(response, post));
    },

  /** Never answers. */
  hangs: (): Reply => () => {},

  /** Breaks the connection off instead of an answer. */
  resets: (): Reply => (response) => {
    response.socket?.resetAndDestroy();
  },

  /** Breaks the connection off in the body of its answer. */
  resetsInBody:
    (status = 200): Reply =>
    (response) => {
      response.writeHead(status, { 'content-length': '100' });
      response.write('x', () => response.socket?.resetAndDestroy());
    },

  /** A body that goes on as fast as it is read, without end. */
  endlessBody:
    (status = 200): Reply =>
    (response) => {
      const chunk = Buffer.alloc(16_384, 'x');
      const writeMore = (): void => {
        while (!response.destroyed && response.write(chunk)) {
          // Until the socket is full.
        }
      };
      response.writeHead(status).on('drain', writeMore);
      writeMore();
    },

  /** A body that begins, and neither goes on nor ends. */
  stallingBody:
    (status = 200): Reply =>
    (response) => {
      response.writeHead(status).write('x');
    },

  /** Something that is not HTTP. */
  garbage: (): Reply => (response) => {
    response.socket?.end('this is not HTTP\r\n\r\n');
  },
} as const;

interface Milestone {
  readonly posts: number;
  readonly reached: () => void;
}

/** A receiver of webhooks: a real HTTP server on loopback, which behaves as badly as it is told to. */
export class Receiver {
  /** In the order their bodies were complete. */
  readonly posts: Post[] = [];
  /** Connections that were ever made. */
  connections = 0;
  /** The most requests that were open at a time. */
  mostOpen = 0;
  readonly #server: Server;
  readonly #reply: (post: Post) => Reply;
  #open = 0;
  #milestones: Milestone[] = [];

  private constructor(reply: (post: Post) => Reply) {
    this.#reply = reply;
    this.#server = createServer((request, response) => {
      this.mostOpen = Math.max(this.mostOpen, ++this.#open);
      response.once('close', () => this.#open--);
      // A sender that breaks off is part of the game.
      request.on('error', () => {});
      response.on('error', () => {});
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { method = '', url: path = '', headers } = request;
        this.#take({ method, path, headers, body, event: WebhookEvent.fromJsonString(body) }, response);
      });
    });
    this.#server.on('connection', () => this.connections++);
  }

  /** @param reply chooses what is done with a request; all are answered with 200 unless it is given */
  static async start(reply: (post: Post) => Reply = () => replies.status(200)): Promise<Receiver> {
    const receiver = new Receiver(reply);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** Requests whose answer is not over. */
  get open(): number {
    return this.#open;
  }

  url(path = '/webhook'): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  /** The events that arrived about a room, in order. */
  eventsOf(room: string): WebhookEvent[] {
    return this.posts.map(({ event }) => event).filter((event) => event.room?.name === room);
  }

  /** Resolves when so many requests have arrived since the start. */
  received(posts: number): Promise<void> {
    if (this.posts.length >= posts) return Promise.resolve();
    return new Promise((reached) => this.#milestones.push({ posts, reached }));
  }

  /** Resolves when no connection is left, whoever ends them. */
  async disconnected(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  /** Breaks every connection off. */
  async close(): Promise<void> {
    if (!this.#server.listening) {
      this.#server.closeAllConnections();
      return;
    }
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #take(post: Post, response: ServerResponse): void {
    this.posts.push(post);
    const { length } = this.posts;
    for (const { posts, reached } of this.#milestones) if (length >= posts) reached();
    this.#milestones = this.#milestones.filter(({ posts }) => posts > length);
    this.#reply(post)(response, post);
  }
}

/** The URL of a receiver that is down: its port was given back. */
export async function urlOfNobody(): Promise<string> {
  const receiver = await Receiver.start();
  const url = receiver.url();
  await receiver.close();
  return url;
}
