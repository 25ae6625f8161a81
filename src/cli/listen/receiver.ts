import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { RefusedWebhook, type SigningKey, verifyWebhook } from './verify.js';
import { webhookLine } from './webhook-line.js';

/** Webhooks are small; whoever sends more is not one of ours. */
export const MAX_BODY_BYTES = 1_048_576;
/** Who is refused in the middle of sending sees the answer only if it can send on, for a while. */
const LINGER_MS = 1_000;

/** Answers requests, and writes one line for each. */
export class Receiver {
  verified = 0;
  refused = 0;
  readonly #key: SigningKey;
  readonly #out: Writable;

  constructor(key: SigningKey, out: Writable) {
    this.#key = key;
    this.#out = out;
  }

  /** Never rejects. */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) {
      this.#refuse(response, 413, `the body is longer than ${MAX_BODY_BYTES} bytes, or broke off`);
      discard(request);
      return;
    }
    try {
      const event = await verifyWebhook(body, request.headers.authorization, this.#key);
      this.verified++;
      this.#out.write(`${webhookLine(event)}\n`);
      response.writeHead(200).end();
    } catch (error) {
      const why = error instanceof RefusedWebhook ? error.message : 'it could not be checked';
      this.#refuse(response, 401, why);
    }
  }

  #refuse(response: ServerResponse, status: number, why: string): void {
    this.refused++;
    this.#out.write(`refused: ${why}\n`);
    response.writeHead(status).end();
  }
}

/** The whole body; nothing when it is too long or breaks off. The rest of one that is too long is left unread. */
function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const take = (piece: Buffer): void => {
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_BODY_BYTES) end(undefined);
    };
    const end = (body: Buffer | undefined): void => {
      request.off('data', take).pause();
      resolve(body);
    };
    request.on('data', take);
    request.once('end', () => end(Buffer.concat(pieces)));
    // Without an end before it: the sender broke off.
    request.once('close', () => end(undefined));
  });
}

/** Reads on and keeps nothing, until the sender has had time to see the answer. */
function discard(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
