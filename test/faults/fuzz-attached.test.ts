import { describe, expect, test } from 'vitest';
import { type AttachedRecorder, Direction, type EnginePort } from '../../dist/src/index.js';
import type { attach } from '../../dist/src/record/attach.js';
import { ALICE, type EngineUnderTest, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { hostileObject, hostileValue } from '../helpers/hostile.js';
import { endOf, openHostile, recordHostile } from '../helpers/hostile-calls.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import type { SeededRandom } from '../helpers/seeded-random.js';
import { expectSound } from '../helpers/sound-engine.js';

const DIST = new URL('../../dist/', import.meta.url);
const OPTIONS = { ports: 3, capacity: { tracks: 256, streams: 256 } };
const WHO = { room: ROOM, participant: ALICE };

type Attach = typeof attach;

async function attachOf(dist: URL): Promise<Attach> {
  const { attach: own } = (await import(new URL('src/record/attach.js', dist).href)) as { attach: Attach };
  return own;
}

/** What a thread may be sent in place of a port: anything, or one with a member that is another. */
function hostilePort(random: SeededRandom, sound: EnginePort): { port: unknown; hostile: unknown } {
  const hostile = hostileValue(random);
  if (random.chance(0.3)) return { port: hostile, hostile };
  if (random.chance(0.3)) {
    const port = hostileObject(random, ['memory', 'publishIntervalMs']);
    return { port, hostile: port };
  }
  const name = random.pick(['publishIntervalMs', 'memory', ...Object.keys(sound.memory)]);
  if (name in sound) return { port: { ...sound, [name]: hostile }, hostile };
  return { port: { ...sound, memory: { ...sound.memory, [name]: hostile } }, hostile };
}

async function fuzzPorts(own: Attach, sfu: EngineUnderTest, cases: number): Promise<void> {
  const port = sfu.engine.port();
  const { ends } = await fuzz({ name: 'ports', cases, seed: 7 }, (random) => {
    const { port: given, hostile } = hostilePort(random, port);
    const end = endOf(() => own(given as never).close());
    // Another interval, or another lane there is.
    if (end === 'taken' && !Number.isInteger(hostile)) throw new Error(`taken: a ${typeof hostile}`);
    return end;
  });
  expect(Object.keys(ends)).toContain('SFU_STATS_INVALID_ARGUMENT');
  // The port is as good as new.
  const attached = own(port);
  sfu.join();
  recordPackets(attached.openTrackRecorder({ ...WHO, track: 'TR_there', direction: Direction.UPSTREAM }), 5);
  attached.publish();
  const rows = await sfu.flush();
  expect(rows.filter(({ trackSid }) => trackSid === 'TR_there')).toMatchObject([{ primaryPackets: 5 }]);
  attached.close();
}

/** Publishing and closing take no argument, and may be given one. */
const publish = (attached: AttachedRecorder, given: unknown): void =>
  (attached.publish as (given: unknown) => void).call(attached, given);

async function fuzzLane(own: Attach, sfu: EngineUnderTest, cases: number): Promise<void> {
  sfu.join();
  const attached = own(sfu.engine.port());
  const track = attached.openTrackRecorder({ ...WHO, track: 'TR_own', direction: Direction.UPSTREAM });
  const data = attached.openDataRecorder(WHO);
  const signal = attached.openSignalRecorder();
  const { ends } = await fuzz({ name: 'lane', cases, seed: 8 }, async (random, n) => {
    if (n % 512 === 511) {
      publish(attached, hostileValue(random));
      await sfu.engine.flush();
    }
    if (random.chance(0.5)) return endOf(() => openHostile(attached, random));
    return String(recordHostile(attached, track, random.pick([data, signal]), random));
  });
  expect(ends).toMatchObject({ taken: expect.any(Number), 0: expect.any(Number), 2: expect.any(Number) });
  expect(ends.SFU_STATS_INVALID_ARGUMENT).toBeGreaterThan(cases / 10);
  (attached.close as (given: unknown) => void).call(attached, { hostile: Symbol('given') });
  expect(endOf(() => attached.openDataRecorder(WHO))).toBe('SFU_STATS_CLOSED');
}

describe('on a thread that is attached', () => {
  test('ports that no engine gave are refused, and leave the engine alone', async () => {
    await using sfu = await startEngine(OPTIONS);
    await fuzzPorts(await attachOf(DIST), sfu, inForm(2_000, 50_000));
    await expectSound(sfu);
  }, 3_600_000);

  test('hostile arguments are refused or told by a result, as on the engine’s own', async () => {
    await using sfu = await startEngine(OPTIONS);
    await fuzzLane(await attachOf(DIST), sfu, inForm(4_000, 300_000));
    await expectSound(sfu);
  }, 3_600_000);
});

describe('the controls fail', () => {
  const controls: readonly [what: string, change: Change, run: typeof fuzzPorts, shows: RegExp][] = [
    [
      'a port is believed in',
      {
        file: 'src/record/attach.js',
        from: "reading(ErrorCode.INVALID_ARGUMENT, 'port', port, () => new AttachedRecorder(checkedPort(port)))",
        to: 'new AttachedRecorder(checkedPort(port))',
      },
      fuzzPorts,
      /^ports: case \d+ of seed 7: /,
    ],
    [
      'what no engine gave is attached to',
      { file: 'src/record/checked-port.js', from: 'if (isPort)', to: 'if (true)' },
      fuzzPorts,
      /^ports: case \d+ of seed 7: Error: taken: a \w+$/,
    ],
    [
      'handles that are no numbers are reckoned with',
      { file: 'src/record/counter-table.js', from: "if (typeof handle !== 'number')", to: 'if (false)' },
      fuzzLane,
      /^lane: case \d+ of seed 8: TypeError: /,
    ],
  ];
  test.each(controls)('where %s', async (_, change, run, shows) => {
    using mutant = new Mutant([change]);
    await using sfu = await startEngine(OPTIONS, await mutant.engineClass());
    await expect(run(await attachOf(mutant.url), sfu, 3_000)).rejects.toThrow(shows);
  });
});
