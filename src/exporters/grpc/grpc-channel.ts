import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  status as Status,
} from '@grpc/grpc-js';
import { BatchKind } from '../batch.js';
import type { ResolvedGrpcOptions } from './grpc-options.js';
import type { IngestCall, IngestChannel } from './ingest-channel.js';
import { type IngestAddress, parseIngestUrl } from './ingest-url.js';
import { OwnSockets } from './own-sockets.js';
import type { StreamStatus } from './stream-status.js';

const PATHS: Readonly<Record<BatchKind, string>> = {
  [BatchKind.STATS]: '/livekit.AnalyticsRecorderService/IngestStats',
  [BatchKind.EVENTS]: '/livekit.AnalyticsRecorderService/IngestEvents',
  [BatchKind.NODE_ROOMS]: '/livekit.AnalyticsRecorderService/IngestNodeRoomStates',
};

/** Messages are encoded already; the library copies them into its frames. */
const serialize = (message: Uint8Array): Buffer =>
  Buffer.from(message.buffer, message.byteOffset, message.byteLength);
/** Of `google.protobuf.Empty` nothing is to be read. */
const deserialize = (): true => true;

interface Connection {
  readonly client: Client;
  readonly sockets: OwnSockets;
}

/** A channel of @grpc/grpc-js. One connection a channel, and none that outlives it. */
export class GrpcChannel implements IngestChannel {
  readonly #target: string;
  readonly #credentials: ChannelCredentials;
  readonly #options: ChannelOptions;
  readonly #metadata: Metadata;
  readonly #lifeMs: number;
  #connection: Connection | undefined;

  constructor(options: ResolvedGrpcOptions) {
    const { host, port, isSecure } = parseIngestUrl(options.url) as IngestAddress;
    this.#target = `dns:${host}:${port}`;
    this.#credentials = credentialsOf(options, isSecure);
    this.#options = channelOptionsOf(options);
    this.#metadata = metadataOf(options);
    this.#lifeMs = options.ackEveryMs + options.deadlineMs;
  }

  open(kind: BatchKind, ended: (status: StreamStatus) => void): IngestCall {
    const { client, sockets } = (this.#connection ??= this.#connect());
    const call = sockets.run(() =>
      client.makeClientStreamRequest(
        PATHS[kind],
        serialize,
        deserialize,
        this.#metadata,
        { deadline: Date.now() + this.#lifeMs },
        (error) => ended(error ?? { code: Status.OK, details: '' }),
      ),
    );
    return {
      write: (message, taken) => {
        call.write(message, taken);
      },
      end: () => {
        call.end();
      },
      cancel: () => call.cancel(),
    };
  }

  reset(): void {
    this.#connection?.client.close();
    this.#connection?.sockets.destroy();
    this.#connection = undefined;
  }

  #connect(): Connection {
    const client = new Client(this.#target, this.#credentials, this.#options);
    return { client, sockets: new OwnSockets() };
  }
}

function credentialsOf({ tls = {} }: ResolvedGrpcOptions, isSecure: boolean): ChannelCredentials {
  if (!isSecure) return credentials.createInsecure();
  const bytes = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(bytes(tls.caPem), bytes(tls.keyPem), bytes(tls.certPem));
}

function channelOptionsOf({ keepAliveMs, keepAliveTimeoutMs, tls }: ResolvedGrpcOptions): ChannelOptions {
  return {
    'grpc.primary_user_agent': 'sfu-stats',
    // The exporter repeats what failed, from a queue that is bounded.
    'grpc.enable_retries': 0,
    // Also without retries the library keeps messages for them, and calls them taken: unless it has no room.
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.service_config_disable_resolution': 1,
    // Nothing is shared with other channels: giving this one up ends its connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
    ...(keepAliveMs > 0 && {
      'grpc.keepalive_time_ms': keepAliveMs,
      'grpc.keepalive_timeout_ms': keepAliveTimeoutMs,
      // It is between two streams that a router forgets a connection.
      'grpc.keepalive_permit_without_calls': 1,
    }),
    ...(tls?.serverName !== undefined && { 'grpc.ssl_target_name_override': tls.serverName }),
  };
}

function metadataOf({ metadata, token }: ResolvedGrpcOptions): Metadata {
  const result = new Metadata();
  for (const [name, value] of Object.entries(metadata)) result.set(name, value);
  if (token !== undefined) result.set('authorization', `Bearer ${token}`);
  return result;
}
