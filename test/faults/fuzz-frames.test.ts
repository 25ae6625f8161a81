import { Room } from '@livekit/protocol';
import { Packr } from 'msgpackr/pack';
import { expect, test } from 'vitest';
import { EventRingWriter } from '../../dist/src/memory/event-ring.js';
import { FrameType } from '../../dist/src/memory/frames.js';
import { mutated } from '../helpers/byte-mutator.js';
import { startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { inTime } from '../helpers/in-time.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import type { SeededRandom } from '../helpers/seeded-random.js';

const packr = new Packr({ useRecords: false });
const room = { sid: 'RM_1', name: 'one', message: new Room({ sid: 'RM_1', metadata: 'x' }).toBinary() };
const named = { room, participant: { sid: 'PA_1', identity: 'alice' } };
const track = { ...named, track: { sid: 'TR_1' }, sendEvent: true };
const CALLS = [
  { call: 'roomStarted', room },
  { call: 'participantJoined', ...named, ref: 'media', sendEvent: true },
  { call: 'participantActive', ...named, ref: 'media' },
  { call: 'trackPublished', ...track },
  { call: 'trackSubscribeFailed', ...track, error: 'no', isUserError: false },
  { call: 'participantLeft', ...named, ref: 'media', sendEvent: true },
  { call: 'roomEnded', room },
  { call: 'report', info: new Uint8Array(8) },
];
const MIME = [FrameType.MIME, 1, 'video/VP8'];
const SLOT = [FrameType.SLOT, 0, 64, 2, { ...named, track: 'TR_1', direction: 0 }];
const frames = (number: number): readonly unknown[][] => [
  ...CALLS.map((call) => [FrameType.CALL, 0, number, call]),
  MIME,
  SLOT,
];
const SAMPLES = frames(1).map((frame) => Uint8Array.from(packr.pack(frame)));
const TEXTS = CALLS.map(({ call }) => call);
const VALUES = [
  ...[undefined, null, true, '', 'RM_2', '__proto__', 0, -1, 1, 2, 0.5, 64, 2 ** 31, 2 ** 53, Number.NaN],
  ...[
    [],
    {},
    [1, [2]],
    { sid: 7 },
    { sid: 'RM_3', message: Buffer.of(10, 255) },
    Buffer.of(8),
    'x'.repeat(4_000),
  ],
];

/** A frame that is one, with another value somewhere; the number of a call, by which it is known, stays. */
function spoilt(random: SeededRandom, sound: unknown, depth = 0): unknown {
  if (
    typeof sound !== 'object' ||
    sound === null ||
    sound instanceof Uint8Array ||
    random.chance(0.1 * depth)
  ) {
    return random.pick(VALUES);
  }
  const copy = (Array.isArray(sound) ? [...sound] : { ...sound }) as Record<string, unknown>;
  const name = random.pick(Object.keys(copy).filter((key) => depth > 0 || (key !== '2' && key !== '0')));
  copy[name] = spoilt(random, copy[name], depth + 1);
  return copy;
}

/** Frames of a ring that was written over: each is refused and counted, or taken; the timer thread goes on. */
async function fuzzFrames(cases: number, mistake?: Change): Promise<void> {
  using mutant = mistake && new Mutant([mistake]);
  await using sfu = await startEngine({ ports: 1 }, await mutant?.engineClass());
  sfu.stopListening();
  const { engine } = sfu;
  const ring = new EventRingWriter(engine.port().memory.events);
  const refused = (): number => engine.status().drops.eventsRefused!;
  let written = 0;
  const { ends } = await fuzz({ name: 'frames', cases, seed: 10 }, async (random) => {
    const before = refused();
    written++;
    // A line for each frame that is refused.
    sfu.logs.length = 0;
    const isOne = random.chance(0.6);
    const frame = isOne
      ? packr.pack(spoilt(random, random.pick(frames(written))))
      : mutated(random, SAMPLES, TEXTS);
    expect(ring.write(frame)).toBe(true);
    await inTime(engine.flush(), `a flush after ${frame.toString('hex').slice(0, 400)}`, 10_000);
    const { timer, timerRestarts } = engine.status().threads;
    expect({ timer, timerRestarts }).toEqual({ timer: 'running', timerRestarts: 0 });
    return `${isOne ? 'spoilt' : 'bytes'} ${refused() > before ? 'refused' : 'taken'}`;
  });
  for (const how of ['spoilt', 'bytes']) {
    expect(ends[`${how} refused`] ?? 0, how).toBeGreaterThan(cases / 40);
    expect(ends[`${how} taken`] ?? 0, how).toBeGreaterThan(cases / 40);
  }
  expect(refused()).toBe(ends['spoilt refused']! + ends['bytes refused']!);
}

test('frames of an event ring may be any bytes: each is refused and counted, or taken', async () => {
  await fuzzFrames(inForm(1_000, 100_000));
}, 3_600_000);

test.each<[string, Change, RegExp]>([
  [
    'frames that are refused are not counted',
    { file: 'workers/timer-thread.js', from: 'ledger.add(TelemetryCells.FRAMES_REFUSED);', to: '' },
    /^spoilt: expected \+?0 to be greater than/,
  ],
  [
    'a frame may name any slot',
    { file: 'src/snapshot/snapshot-builder.js', from: 'if (!isSlot ||', to: 'if (isSlot &&' },
    /^frames: case \d+ of seed 10: SfuStatsError: the timer thread failed: /,
  ],
])('the control shows it where %s', async (_, change, shows) => {
  await expect(fuzzFrames(500, change)).rejects.toThrow(shows);
});
