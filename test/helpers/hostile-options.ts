import type { StatsEngineOptions } from '../../dist/src/index.js';
import { certificates } from './certificates.js';
import { flipper, HOSTILE_TEXTS, hostileValue } from './hostile.js';
import type { SeededRandom } from './seeded-random.js';

/** Every member that may be left out is there, at any depth. */
type Whole<T> = T extends string | number | boolean | URL | undefined | ((...given: never) => unknown)
  ? T
  : { [K in keyof T]-?: Whole<NonNullable<T[K]>> };

const { ca, cert, key } = certificates();
const silent = (): void => {};
const PATIENCE = { retryMinMs: 10, retryMaxMs: 20 };
const QUEUES = { maxQueuedBatches: 8, maxQueuedBytes: 2 ** 20 };

/** All options there are, each as it should be. */
export const SOUND_OPTIONS = {
  shards: 2,
  capacity: { tracks: 256, streams: 512 },
  ports: 1,
  reportIntervalMs: 1_000,
  publishIntervalMs: 100,
  reapAfterMs: 1_000,
  ringBytes: 2 ** 16,
  eventRingBytes: 2 ** 16,
  scoreBlocks: 8,
  nodeId: 'ND_1',
  analyticsKey: 'key',
  seed: 'seed',
  clock: { virtualStartMs: 0 },
  webhooks: {
    apiKey: 'key',
    apiSecret: 'secret',
    urls: ['http://127.0.0.1:1/a', { url: 'https://127.0.0.1:1/b', apiKey: 'other', apiSecret: 'secret' }],
    include: ['room_started'],
    exclude: ['room_finished', 'track_published'],
    requestTimeoutMs: 100,
    totalDeadlineMs: 200,
    maxAgeMs: 100,
    maxQueuePerKey: 8,
    maxInFlight: 2,
    retries: 1,
    maxResponseBytes: 1_024,
    ...PATIENCE,
  },
  metrics: {
    host: '127.0.0.1',
    port: 0,
    token: 'token',
    tls: { certPem: cert, keyPem: key, caPem: ca },
    perRoom: true,
    perTrack: false,
    maxSeries: 10,
    maxConnections: 2,
    maxHeaderBytes: 2_048,
    requestTimeoutMs: 100,
    nodeType: 'SERVER',
    ...PATIENCE,
  },
  grpc: {
    url: 'grpcs://127.0.0.1:1',
    token: 'token',
    metadata: { 'x-one': '1', 'x-two': '2' },
    tls: { caPem: ca, certPem: cert, keyPem: key, serverName: 'localhost' },
    ackEveryBatches: 2,
    ackEveryMs: 10,
    deadlineMs: 100,
    keepAliveMs: 0,
    keepAliveTimeoutMs: 100,
    maxMessageBytes: 2_048,
    ...QUEUES,
    ...PATIENCE,
  },
  file: {
    path: '/tmp/stats.jsonl',
    form: 'jsonl',
    maxFileBytes: 2 ** 20,
    maxFileAgeMs: 1_000,
    gzip: false,
    keepFiles: 1,
    keepBytes: 2 ** 20,
    fsync: 'never',
    fsyncIntervalMs: 10,
    mode: 0o600,
    ...QUEUES,
    ...PATIENCE,
  },
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  threadsUrl: 'file:///threads/',
} as const satisfies Whole<StatsEngineOptions>;

export type OptionName = keyof typeof SOUND_OPTIONS;
export const OPTION_NAMES = Object.keys(SOUND_OPTIONS) as OptionName[];

/** One option, which is hostile, or sound but for a member, at any depth; the others are left out. */
export function hostileOptions(random: SeededRandom): {
  readonly name: OptionName;
  readonly options: object;
} {
  const name = random.pick(OPTION_NAMES);
  return {
    name,
    options: withMember({ [name]: SOUND_OPTIONS[name] }, name, spoilt(random, SOUND_OPTIONS[name]), random),
  };
}

function spoilt(random: SeededRandom, sound: unknown): unknown {
  if (typeof sound !== 'object' || sound === null || random.chance(0.1)) return hostileValue(random);
  const names = Object.keys(sound);
  const name = random.chance(0.1) ? random.pick(HOSTILE_TEXTS) : random.pick(names);
  const member: unknown = names.includes(name) ? sound[name as keyof typeof sound] : undefined;
  return withMember(sound, name, spoilt(random, member), random);
}

/** A copy that has another value there; now and then it has that only when it is read again. */
function withMember(sound: object, name: string, value: unknown, random: SeededRandom): object {
  const copy: object = Array.isArray(sound) ? [...sound] : { ...sound };
  const how = random.chance(0.1)
    ? { get: flipper((sound as Record<string, unknown>)[name], value) }
    : { value, writable: true };
  return Object.defineProperty(copy, name, { ...how, enumerable: true, configurable: true });
}
