import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import type { WebhookEvent } from '@livekit/protocol';
import { RefusedWebhook, type SigningKey, verifyWebhook } from './listen/verify.js';

/** Webhooks are small; whoever sends more is not one of ours. */
const MAX_BODY_BYTES = 1_048_576;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;

export interface ListenOptions extends SigningKey {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
}

/**
 * A small receiver: verifies every webhook and prints one line for each, until SIGINT or SIGTERM.
 * @returns the exit status: 0, or 1 when it cannot listen.
 */
export async function listen(options: ListenOptions, { stdout, stderr }: Outputs): Promise<number> {
  const receiver = new Receiver(options, stdout);
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void receiver.receive(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    stderr.write(`cannot listen on ${options.host}:${options.port}: ${(error as Error).message}\n`);
    return 1;
  }
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(':') ? `[${address}]` : address;
  stdout.write(
    `listening on http://${host}:${port}/ for webhooks signed by ${options.apiKey}; Ctrl-C ends\n`,
  );
  await interrupted();
  await close(server);
  stdout.write(`${receiver.verified} verified, ${receiver.refused} refused\n`);
  return 0;
}

interface Outputs {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

class Receiver {
  verified = 0;
  refused = 0;
  readonly #key: SigningKey;
  readonly #out: Writable;

  constructor(key: SigningKey, out: Writable) {
    this.#key = key;
    this.#out = out;
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) {
      this.refused++;
      this.#out.write(`refused: the body is longer than ${MAX_BODY_BYTES} bytes, or broke off\n`);
      response.writeHead(413, { connection: 'close' }).end();
      request.destroy();
      return;
    }
    try {
      const event = await verifyWebhook(body, request.headers.authorization, this.#key);
      this.verified++;
      this.#out.write(`${webhookLine(event)}\n`);
      response.writeHead(200).end();
    } catch (error) {
      this.refused++;
      const why = error instanceof RefusedWebhook ? error.message : String(error);
      this.#out.write(`refused: ${why}\n`);
      response.writeHead(401).end();
    }
  }
}

/** The whole body; nothing when it is too long or breaks off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_BODY_BYTES) return undefined;
      pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}

/** One line for one event. Names come from clients: JSON keeps them on it. */
function webhookLine({ event, room, participant, track, createdAt, numDropped, id }: WebhookEvent): string {
  const parts = [new Date(Number(createdAt) * 1000).toISOString(), event.padEnd(30)];
  if (room !== undefined) parts.push(`room ${JSON.stringify(room.name || room.sid)}`);
  if (participant !== undefined)
    parts.push(`participant ${JSON.stringify(participant.identity || participant.sid)}`);
  if (track !== undefined) parts.push(`track ${JSON.stringify(track.sid)}`);
  if (numDropped > 0) parts.push(`${numDropped} lost before`);
  parts.push(id);
  return parts.join('  ');
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
