import { describe, expect, test } from 'vitest';
import { attach, DataRecorder, SignalRecorder, StatsEngine, TrackRecorder } from '../../dist/src/index.js';
import { type EngineUnderTest, startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { hostileValue } from '../helpers/hostile.js';
import { callHostile, codeOf, endOf, recordHostile } from '../helpers/hostile-calls.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import {
  ASYNC_CALLS,
  LISTENINGS,
  methodsOf,
  OPENINGS,
  QUESTIONS,
  RECORDER_CALLS,
  TELEMETRY_CALLS,
} from '../helpers/public-calls.js';
import { expectSound } from '../helpers/sound-engine.js';

const OPTIONS = { capacity: { tracks: 256, streams: 256 } };

async function fuzzCalls(sfu: EngineUnderTest, cases: number, seed: number): Promise<void> {
  const { ends } = await fuzz({ name: 'calls', cases, seed, mayGrow: 24 * 2 ** 20 }, async (random, n) => {
    // What was sent is taken: a full event ring refuses everything.
    if (n % 512 === 511) await sfu.engine.flush();
    return endOf(() => callHostile(sfu.engine, random));
  });
  expect(ends.SFU_STATS_INVALID_ARGUMENT).toBeGreaterThan(cases / 4);
  expect(ends.taken).toBeGreaterThan(cases / 20);
}

async function fuzzRecords(sfu: EngineUnderTest, cases: number, seed: number): Promise<void> {
  const { engine } = sfu;
  sfu.join();
  const track = sfu.openTrack('TR') as never;
  const whose = { room: 'RM_test', participant: 'PA_alice' };
  const data = engine.openDataRecorder(whose);
  const signal = engine.openSignalRecorder();
  const { ends } = await fuzz({ name: 'records', cases, seed }, async (random, n) => {
    if (n % 4_096 === 4_095) await engine.flush();
    // Signalling before and after somebody says whose it is.
    if (n === Math.floor(cases / 2)) signal.resolve(whose);
    return String(recordHostile(engine, track, random.pick([data, signal]), random));
  });
  // Recorded, folded, invalid, unattributed, closed.
  expect(Object.keys(ends).filter((end) => !/^[0-4]$/.test(end))).toEqual([]);
  expect(Object.keys(ends).length).toBeGreaterThan(2);
  const { sentMessages, receivedMessages } = signal.getTrafficTotals();
  expect(Math.min(sentMessages, receivedMessages)).toBeGreaterThan(0);
}

test('every method of the public classes is among the calls that are made', async () => {
  await using sfu = await startEngine({ ports: 1 });
  const sorted = (...names: readonly string[]): string[] => names.toSorted();
  expect(TELEMETRY_CALLS).toEqual(expect.arrayContaining(['roomStarted', 'trackMuted', 'nodeRooms']));
  expect(methodsOf(StatsEngine.prototype, ['send'])).toEqual(
    // Each of the last two has a test of its own.
    sorted(...OPENINGS, ...LISTENINGS, ...QUESTIONS, ...ASYNC_CALLS, 'add', 'close'),
  );
  const { openTrackRecorder, openDataRecorder, openSignalRecorder } = RECORDER_CALLS;
  expect(methodsOf(TrackRecorder.prototype, ['announced', 'tryPut', 'retry'])).toEqual(
    sorted(...openTrackRecorder, 'close'),
  );
  const messages = methodsOf(DataRecorder.prototype, ['bind']);
  expect(messages).toEqual(sorted(...openDataRecorder, 'close'));
  const signalling = new Set([...messages, ...methodsOf(SignalRecorder.prototype)]);
  expect([...signalling].sort()).toEqual(sorted(...openSignalRecorder, 'close'));
  const attached = attach(sfu.engine.port());
  const lane = methodsOf(Object.getPrototypeOf(attached) as object);
  expect(lane).toEqual(sorted(...OPENINGS, 'add', 'publish', 'close'));
  attached.close();
});

describe('hostile arguments', () => {
  test('of every call are refused by code, field, rule and value, or taken; the engine goes on', async () => {
    await using sfu = await startEngine(OPTIONS);
    sfu.stopListening();
    await fuzzCalls(sfu, inForm(6_000, 300_000), 1);
    await expectSound(sfu);
  }, 3_600_000);

  test('of records are told by a result: nothing on the record path throws', async () => {
    await using sfu = await startEngine(OPTIONS);
    sfu.stopListening();
    await fuzzRecords(sfu, inForm(30_000, 1_000_000), 2);
    await expectSound(sfu);
  }, 3_600_000);

  test('of what answers later reject, and leave the engine alone', async () => {
    await using sfu = await startEngine(OPTIONS);
    await fuzz({ name: 'later calls', cases: inForm(300, 5_000), seed: 3 }, async (random) => {
      const given = hostileValue(random);
      const name = random.pick(ASYNC_CALLS);
      const call = sfu.engine[name] as (given: unknown) => Promise<unknown>;
      // A large step of time is a sound one, and takes its time.
      if (name === 'advanceTo' && Number.isSafeInteger(given) && (given as number) > 1_000) return 'left out';
      return call.call(sfu.engine, given).then(() => 'taken', codeOf);
    });
    await expectSound(sfu);
  }, 3_600_000);
});

describe('the controls fail', () => {
  const controls: readonly [what: string, change: Change, run: typeof fuzzCalls][] = [
    [
      'getters of the caller are let through',
      { file: 'src/errors.js', from: 'if (isOurs(cause))', to: 'if (true)' },
      fuzzCalls,
    ],
    [
      'handles that are no numbers are reckoned with',
      { file: 'src/record/counter-table.js', from: "if (typeof handle !== 'number')", to: 'if (false)' },
      fuzzRecords,
    ],
    [
      'what a sample throws is let through',
      { file: 'src/record/sample-reader.js', from: 'catch {', to: 'catch (error) { throw error;' },
      fuzzRecords,
    ],
  ];
  test.each(controls)('where %s', async (_, change, run) => {
    using mutant = new Mutant([change]);
    await using sfu = await startEngine(OPTIONS, await mutant.engineClass());
    await expect(run(sfu, 15_000, 1)).rejects.toThrow(/: case \d+ of seed 1: /);
  });
});
