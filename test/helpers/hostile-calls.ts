import { RecordResult, type StatsEngine } from '../../dist/src/index.js';
import { hostileObject, hostileValue } from './hostile.js';
import { LISTENINGS, OPENINGS, QUESTIONS, RECORDER_CALLS, TELEMETRY_CALLS } from './public-calls.js';
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

type AnyCall = (...given: readonly unknown[]) => unknown;
type Calls = Readonly<Record<string, AnyCall>>;

const call = (of: Calls, name: string, ...given: readonly unknown[]): unknown => of[name]!.call(of, ...given);

/** All that a record call may say. */
const RESULTS: readonly unknown[] = Object.values(RecordResult);

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
  const calls = engine as unknown as Calls;
  const how = random.weighted({ telemetry: 14, opening: 4, listening: 2, question: 1 });
  if (how === 'opening') openHostile(engine, random);
  else if (how === 'telemetry') call(calls, random.pick(TELEMETRY_CALLS), argument(random), argument(random));
  else if (how === 'question') call(calls, random.pick(QUESTIONS), hostileValue(random));
  else (call(calls, random.pick(LISTENINGS), argument(random)) as () => void)();
}

/** Opens a recorder with something hostile, and uses it so. @throws whatever it throws */
export function openHostile(lane: Pick<StatsEngine, (typeof OPENINGS)[number]>, random: SeededRandom): void {
  const opening = random.pick(OPENINGS);
  const recorder = call(lane as unknown as Calls, opening, argument(random)) as Calls & { close: AnyCall };
  try {
    for (let n = random.int(0, 4); n > 0; n--)
      useHostile(recorder, random.pick(RECORDER_CALLS[opening]), random);
    if (random.chance(0.2)) recorder.close(hostileValue(random));
    useHostile(recorder, random.pick(RECORDER_CALLS[opening]), random);
  } finally {
    recorder.close();
  }
}

function useHostile(recorder: Calls, name: string, random: SeededRandom): void {
  const values = [hostileValue(random), hostileValue(random), hostileValue(random)];
  const isSample = name === 'record' || name === 'recordDelta';
  const given = isSample ? [hostileSample(random)] : name === 'resolve' ? [argument(random)] : values;
  const told = call(recorder, name, ...given);
  if (isSample || name === 'addBytes') expectResult(told);
  else if (name === 'handle') expectNumber(told);
  else if (name === 'getTrafficTotals') Object.values(told as object).forEach(expectNumber);
}

function expectNumber(told: unknown): void {
  if (typeof told !== 'number' || Number.isNaN(told)) throw new Error(`no number: ${String(told)}`);
}

function expectResult(told: unknown): void {
  if (!RESULTS.includes(told)) throw new Error(`no result: ${String(told)}`);
}

/** Has a recorder record something hostile, or an `add` that belongs to it; it must not throw. */
export function recordHostile(
  lane: { readonly add: unknown },
  track: object,
  messages: object,
  random: SeededRandom,
): unknown {
  const how = random.weighted({ sample: 6, bytes: 2, add: 2 });
  if (how === 'sample')
    return call(track as Calls, random.pick(RECORDER_CALLS.openTrackRecorder), hostileSample(random));
  const values = [hostileValue(random), hostileValue(random), hostileValue(random)];
  if (how === 'bytes') return call(messages as Calls, 'addBytes', ...values);
  const isHandle = random.chance(0.5);
  const handle = isHandle ? call(messages as Calls, 'handle', hostileValue(random)) : hostileValue(random);
  return call(lane as Calls, 'add', handle, hostileValue(random));
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

/** Makes a call that is taken or refused; tells which, by the refusal's code. @throws what is no refusal */
export function endOf(made: () => void): string {
  try {
    made();
    return 'taken';
  } catch (error) {
    return codeOf(error);
  }
}

/** @throws what is no refusal */
export function codeOf(error: unknown): string {
  if (!isRefusal(error)) throw error;
  return (error as { code: string }).code;
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
