import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { askedToEnd } from './asked-to-end.js';
import { Receiver } from './listen/receiver.js';
import type { SigningKey } from './listen/verify.js';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;

export interface ListenOptions extends SigningKey {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
}

interface Outputs {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * A small receiver: verifies every webhook and prints one line for each, until SIGINT or SIGTERM, or until nobody
 * reads the lines any more.
 * @returns the exit status: 0, or 1 when it cannot listen.
 */
export async function listen(options: ListenOptions, { stdout, stderr }: Outputs): Promise<number> {
  const unread = new Promise<void>((resolve) => stdout.on('error', () => resolve()));
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
  await Promise.race([askedToEnd(), unread]);
  await close(server);
  stdout.write(`${receiver.verified} verified, ${receiver.refused} refused\n`);
  return 0;
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
