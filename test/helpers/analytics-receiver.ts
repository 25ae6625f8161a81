import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  type handleClientStreamingCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status as Status,
} from '@grpc/grpc-js';
import { AnalyticsEvents, AnalyticsNodeRooms, type AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import { onTestFinished } from 'vitest';

export type IngestMessage = AnalyticsStats | AnalyticsEvents | AnalyticsNodeRooms;

const CALLS = {
  IngestStats: AnalyticsStats,
  IngestEvents: AnalyticsEvents,
  IngestNodeRoomStates: AnalyticsNodeRooms,
} as const;
export type IngestName = keyof typeof CALLS;

/** What `livekit.AnalyticsRecorderService` is, as a server of @grpc/grpc-js wants it. */
const SERVICE = Object.fromEntries(
  Object.entries(CALLS).map(([name, type]) => [
    name,
    {
      path: `/livekit.AnalyticsRecorderService/${name}`,
      requestStream: true,
      responseStream: false,
      requestSerialize: (message: IngestMessage) => Buffer.from(message.toBinary()),
      requestDeserialize: (bytes: Buffer): IngestMessage => type.fromBinary(bytes),
      // google.protobuf.Empty
      responseSerialize: () => Buffer.alloc(0),
      responseDeserialize: () => ({}),
    },
  ]),
) as ServiceDefinition;

/** A stream as it came in. */
export interface Ingest {
  readonly name: IngestName;
  readonly metadata: Metadata;
  readonly messages: IngestMessage[];
  /** Whether the sender has half-closed it. */
  isEnded: boolean;
  /** Reads no more of it, until it is to go on. */
  pause(): void;
  resume(): void;
  /** Answers it: with Empty, or with a status. */
  answer(code?: Status, details?: string): void;
}

/** What is done with a stream at its turns; a receiver of no other mind answers it at its end. */
export interface Behaviour {
  opened?(ingest: Ingest): void;
  received?(ingest: Ingest): void;
  ended?(ingest: Ingest): void;
}

export const behaviours = {
  answers: (): Behaviour => ({ ended: (ingest) => ingest.answer() }),
  /** Takes everything, and says nothing. */
  hangs: (): Behaviour => ({}),
  refuses: (code: Status, details = ''): Behaviour => ({ opened: (ingest) => ingest.answer(code, details) }),
  /** Answers with a status where a stream is over and holds something bad, and with Empty elsewhere. */
  refusesThose: (isBad: (message: IngestMessage) => boolean, code: Status, details = ''): Behaviour => ({
    ended: (ingest) => (ingest.messages.some(isBad) ? ingest.answer(code, details) : ingest.answer()),
  }),
  answersEarly: (): Behaviour => ({ received: (ingest) => ingest.answer() }),
} as const;

export interface ReceiverOptions {
  /** @default any */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
  readonly behaviour?: Behaviour;
  /** The largest message it takes. @default 4 MiB, as servers have it */
  readonly maxMessageBytes?: number;
}

/** A receiver of analytics: a real gRPC server on loopback, which behaves as badly as it is told to. */
export class AnalyticsReceiver {
  /** Every stream, in the order they were opened. */
  readonly ingests: Ingest[] = [];
  /** Every message, in the order they arrived. */
  readonly messages: IngestMessage[] = [];
  readonly port: number;
  behaviour: Behaviour;
  readonly #server: Server;

  private constructor(server: Server, port: number, behaviour: Behaviour) {
    this.#server = server;
    this.port = port;
    this.behaviour = behaviour;
  }

  /** Ends with the test at the latest. */
  static async start({
    port = 0,
    credentials = ServerCredentials.createInsecure(),
    behaviour = behaviours.answers(),
    maxMessageBytes = 4 * 1024 * 1024,
  }: ReceiverOptions = {}): Promise<AnalyticsReceiver> {
    const server = new Server({ 'grpc.max_receive_message_length': maxMessageBytes });
    let receiver: AnalyticsReceiver | undefined;
    const handlers = Object.keys(CALLS).map((name) => {
      const take: handleClientStreamingCall<IngestMessage, object> = (call, callback) =>
        receiver!.#take(name as IngestName, call, callback);
      return [name, take];
    });
    server.addService(SERVICE, Object.fromEntries(handlers));
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, at) =>
        error ? reject(error) : resolve(at),
      );
    });
    receiver = new AnalyticsReceiver(server, bound, behaviour);
    onTestFinished(() => receiver.kill());
    return receiver;
  }

  get url(): string {
    return `grpc://127.0.0.1:${this.port}`;
  }

  /** Every stat that arrived, in order, repeated ones too. */
  get stats(): AnalyticsStat[] {
    return this.messages.flatMap((message) => (message instanceof AnalyticsStats ? message.stats : []));
  }

  /** Answers what hangs, and everything from now on. */
  recover(): void {
    this.behaviour = behaviours.answers();
    for (const ingest of this.ingests) if (ingest.isEnded) ingest.answer();
  }

  /** Breaks every connection off. */
  kill(): void {
    this.#server.forceShutdown();
  }

  #take(
    name: IngestName,
    call: Parameters<handleClientStreamingCall<IngestMessage, object>>[0],
    callback: Parameters<handleClientStreamingCall<IngestMessage, object>>[1],
  ): void {
    let isAnswered = false;
    const ingest: Ingest = {
      name,
      metadata: call.metadata,
      messages: [],
      isEnded: false,
      pause: () => void call.pause(),
      resume: () => void call.resume(),
      answer(code = Status.OK, details = '') {
        if (isAnswered) return;
        isAnswered = true;
        if (code === Status.OK) callback(null, {});
        else callback({ code, details, metadata: new Metadata() });
      },
    };
    this.ingests.push(ingest);
    // Before anything is read: a stream that flows once takes a whole message, also when it is paused then.
    this.behaviour.opened?.(ingest);
    call.on('data', (message: IngestMessage) => {
      ingest.messages.push(message);
      this.messages.push(message);
      this.behaviour.received?.(ingest);
    });
    call.once('end', () => {
      ingest.isEnded = true;
      this.behaviour.ended?.(ingest);
    });
    // A sender that breaks off is part of the game.
    call.on('error', () => {});
  }
}

/** The ids of stats, each once, in the order they first arrived. */
export function idsOnce(stats: readonly AnalyticsStat[]): string[] {
  return [...new Set(stats.map(({ id }) => id))];
}

/** A receiver in a process of its own, which stores a message before it acknowledges it: to be killed. */
export class ReceiverProcess {
  readonly #file: string;
  #child: ChildProcessByStdio<null, Readable, null> | undefined;
  #port = 0;

  /** @param file where messages are stored; the lives of a receiver share it */
  constructor(file: string) {
    this.#file = file;
    onTestFinished(() => this.kill());
  }

  get url(): string {
    return `grpc://127.0.0.1:${this.#port}`;
  }

  /** Starts it, at the port it had before, if it had one. */
  async start(): Promise<void> {
    const path = fileURLToPath(new URL('../exporters/grpc/fixtures/receiver-process.mjs', import.meta.url));
    this.#child = spawn(process.execPath, [path, String(this.#port), this.#file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = (await once(this.#child.stdout, 'data')) as [Buffer];
    this.#port = Number(port);
  }

  /** With SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const dead = once(child, 'exit');
    child.kill('SIGKILL');
    await dead;
  }

  /** What it has stored in all its lives, in order, repeated ones too. */
  messages(): IngestMessage[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    return lines.flatMap((line) => {
      // It ends with a dot, unless the process was killed in it: then it was not acknowledged either.
      if (!line.endsWith('.')) return [];
      const [name, base64] = line.slice(0, -1).split(' ') as [IngestName, string];
      return [CALLS[name].fromBinary(Buffer.from(base64, 'base64'))];
    });
  }

  stats(): AnalyticsStat[] {
    return this.messages().flatMap((message) => (message instanceof AnalyticsStats ? message.stats : []));
  }
}
