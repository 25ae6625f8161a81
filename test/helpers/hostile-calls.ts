import type { StatsEngine } from '../../dist/src/index.js';
import { hostileObject, hostileValue } from './hostile.js';
import type { SeededRandom } from './seeded-random.js';

const CALL_MEMBERS = [
  ...[
    'room',
    'participant',
    'track',
    'ref',
    'sendEvent',
    'client',
    'clientMeta',
    'isMigration',
    'isWarp',
    'node',
  ],
  ...[
    'reason',
    'wasPublishedLocally',
    'publisher',
    'error',
    'isUserError',
    'mimeType',
    'quality',
    'layer',
    'stats',
  ],
  ...['sid', 'name', 'identity', 'metadata', 'direction', 'country', 'source', 'type', 'streams', 'score'],
];
const SAMPLE_MEMBERS = ['mimeType', 'score', 'streams'];
const STREAM_MEMBERS = [
  ...[
    'ssrc',
    'primaryPackets',
    'primaryBytes',
    'retransmitPackets',
    'retransmitBytes',
    'paddingPackets',
    'layers',
  ],
  ...[
    'paddingBytes',
    'packetsLost',
    'packetsOutOfOrder',
    'frames',
    'nacks',
    'plis',
    'firs',
    'rttMs',
    'jitterUs',
  ],
];
const LAYER_MEMBERS = ['layer', 'packets', 'bytes', 'frames'];

/** The telemetry calls, and all else that is asked of an engine with an argument and answers at once. */
const CALLS = [
  ...[
    'roomStarted',
    'roomEnded',
    'updateRoom',
    'updateParticipant',
    'participantJoined',
    'participantActive',
  ],
  ...['participantResumed', 'participantLeft', 'trackPublishRequested', 'trackPublished', 'trackUnpublished'],
  ...['trackPublishedUpdate', 'trackMuted', 'trackUnmuted', 'trackSubscribeRequested', 'trackSubscribed'],
  ...['trackUnsubscribed', 'trackSubscribeFailed', 'trackMaxSubscribedVideoQuality', 'trackPublishRtpStats'],
  ...[
    'trackSubscribeRtpStats',
    'dataStream',
    'egressStarted',
    'egressUpdated',
    'egressEnded',
    'ingressCreated',
  ],
  ...['ingressDeleted', 'ingressStarted', 'ingressUpdated', 'ingressEnded', 'report', 'apiCall', 'nodeRooms'],
] as const;
const OPENINGS = [
  'openTrackRecorder',
  'openDataRecorder',
  'openSignalRecorder',
  'onSnapshot',
  'onTelemetry',
] as const;
export const ASYNC_CALLS = ['advanceTo', 'terminateStatsWorker'] as const;

type AnyCall = (...given: readonly unknown[]) => unknown;

/** What a call is given: sound but for a member or two, or nothing like it. */
function argument(random: SeededRandom): unknown {
  if (random.chance(0.25)) return hostileValue(random);
  const sound = { room: 'RM_1', participant: 'PA_1', track: 'TR_1', sid: 'RM_1', direction: 0 };
  const name = random.pick(CALL_MEMBERS);
  if (random.chance(0.6)) return { ...sound, [name]: hostileValue(random) };
  return hostileObject(random, CALL_MEMBERS);
}

/** Makes one hostile call, or several with what it opened. @throws whatever it throws */
export function callHostile(engine: StatsEngine, random: SeededRandom): void {
  const calls = engine as unknown as Readonly<Record<string, AnyCall>>;
  if (random.chance(0.7)) {
    calls[random.pick(CALLS)]!.call(engine, argument(random), argument(random));
    return;
  }
  const opening = random.pick(OPENINGS);
  const opened = calls[opening]!.call(engine, argument(random));
  if (typeof opened === 'function') {
    opened();
    return;
  }
  const recorder = opened as Readonly<Record<string, AnyCall>> & { close(): void };
  try {
    if (opening === 'openSignalRecorder') recorder.resolve!(argument(random));
  } finally {
    recorder.close();
  }
}

/** Has a recorder record something hostile; it must not throw. */
export function recordHostile(
  engine: StatsEngine,
  track: Readonly<Record<'record' | 'recordDelta', AnyCall>>,
  data: { addBytes: unknown; handle: unknown },
  random: SeededRandom,
): unknown {
  const how = random.weighted({ sample: 6, bytes: 2, add: 2 });
  if (how === 'sample') return track[random.pick(['record', 'recordDelta'] as const)](hostileSample(random));
  const values = [hostileValue(random), hostileValue(random), hostileValue(random)];
  if (how === 'bytes') return (data.addBytes as AnyCall).call(data, ...values);
  const handle = random.chance(0.5) ? hostileValue(random) : (data.handle as AnyCall).call(data, 0);
  return (engine.add as AnyCall).call(engine, handle, hostileValue(random));
}

function hostileSample(random: SeededRandom): unknown {
  if (random.chance(0.1)) return hostileValue(random);
  const layers = () => Array.from({ length: random.int(0, 5) }, () => hostileObject(random, LAYER_MEMBERS));
  const stream = () => (random.chance(0.4) ? { ssrc: 1, layers: layers() } : hostileStream(random));
  const streams = Array.from({ length: random.int(0, 3) }, stream);
  return random.chance(0.2) ? hostileObject(random, SAMPLE_MEMBERS) : { streams, ...soundPart(random) };
}

function hostileStream(random: SeededRandom): object {
  if (random.chance(0.3)) return hostileObject(random, STREAM_MEMBERS);
  return { ssrc: random.int(1, 4), [random.pick(STREAM_MEMBERS)]: hostileValue(random) };
}

function soundPart(random: SeededRandom): object {
  return random.chance(0.5) ? {} : { [random.pick(['score', 'mimeType'])]: hostileValue(random) };
}

/** Whether an error is one of ours that says what was refused, and why. Of another build's class too. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'SfuStatsError') return false;
  const { code, field, rule, value } = error as unknown as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || !code.startsWith('SFU_STATS_')) return false;
  if (!/_INVALID_/.test(code)) return true;
  const isShort = error.message.length < 2_000 && !/\p{Cc}/u.test(error.message);
  return isShort && [field, rule, value].every((text) => typeof text === 'string' && text !== '');
}
