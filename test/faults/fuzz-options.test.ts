import { describe, expect, test } from 'vitest';
import type { closeDeadlineOf } from '../../dist/src/engine/close-options.js';
import type { reading } from '../../dist/src/errors.js';
import { ErrorCode, StatsEngine } from '../../dist/src/index.js';
import type { ResolvedOptions, resolveOptions } from '../../dist/src/options.js';
import { startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { hostileValue } from '../helpers/hostile.js';
import { isRefusal } from '../helpers/hostile-calls.js';
import { hostileOptions, OPTION_NAMES, SOUND_OPTIONS } from '../helpers/hostile-options.js';
import { inTime } from '../helpers/in-time.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { SeededRandom } from '../helpers/seeded-random.js';

const DIST = new URL('../../dist/', import.meta.url);
const SURROUNDINGS = { cores: 2, randomSeed: () => 'seed', threadsUrl: new URL('workers/', DIST) };

interface OptionReader {
  readonly resolveOptions: typeof resolveOptions;
  readonly reading: typeof reading;
}

async function optionReader(dist: URL): Promise<OptionReader> {
  const load = (file: string) => import(new URL(`src/${file}.js`, dist).href);
  return { ...(await load('options')), ...(await load('errors')) } as OptionReader;
}

/** What is taken is the timer thread's to read: all of it was read, and can be sent there. */
function expectPlain(value: unknown, path: string): void {
  if (value === undefined || ['boolean', 'string'].includes(typeof value) || Number.isFinite(value)) return;
  if (value instanceof URL || typeof value !== 'object' || value === null) {
    throw new Error(`taken: ${path}, ${value instanceof URL ? 'a URL' : typeof value}`);
  }
  for (const [name, { value: member, get }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (get !== undefined) throw new Error(`taken: ${path}.${name}, a getter`);
    expectPlain(member, `${path}.${name}`);
  }
}

/** Resolves options as the start of an engine does; tells which option was refused. */
function resolve({ reading: read, resolveOptions: resolveAll }: OptionReader, random: SeededRandom): string {
  const { name, options } = hostileOptions(random);
  let resolved: ResolvedOptions;
  try {
    resolved = read(ErrorCode.INVALID_OPTION, 'options', options, () =>
      resolveAll(options as never, SURROUNDINGS),
    );
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { field, rule, value } = error as unknown as Record<'field' | 'rule' | 'value', string>;
    if (field.startsWith(name)) return name;
    // What the caller's getters and proxies throw; a name nobody knows.
    if (field === 'options' && rule === 'an object whose members can be read') return 'unreadable';
    if (field === 'option' && value.startsWith(`"${name}.`)) return 'unknown';
    throw new Error(`${name} was hostile, ${field} refused`);
  }
  const { logger: _, threadsUrl, ...sent } = resolved;
  if (threadsUrl.protocol !== 'file:') throw new Error(`taken: ${threadsUrl}`);
  expectPlain(sent, name);
  return 'taken';
}

async function fuzzOptions(reader: OptionReader, cases: number): Promise<void> {
  const { ends } = await fuzz({ name: 'options', cases, seed: 4 }, (random) => resolve(reader, random));
  expect(Object.keys(ends)).toEqual(expect.arrayContaining([...OPTION_NAMES, 'unreadable', 'taken']));
  expect(ends.taken).toBeLessThan(cases / 4);
}

const LONGEST_CLOSE_MS = 2 ** 31 - 1 - 5_000;

/** What close() may be given: anything, or an object with anything for its one member. */
function closeArgument(random: SeededRandom): unknown {
  const given = hostileValue(random);
  return random.chance(0.3) ? given : { deadlineMs: given };
}

async function fuzzCloseOptions(deadlineOf: typeof closeDeadlineOf, cases: number): Promise<void> {
  const { ends } = await fuzz({ name: 'close options', cases, seed: 5 }, (random) => {
    const ms = deadlineOf(closeArgument(random) as never);
    if (!(ms >= 0 && ms <= LONGEST_CLOSE_MS)) throw new Error(`it would wait ${ms} ms`);
    return ms === 5_000 ? 'as good as none' : 'taken';
  });
  expect(Object.keys(ends).sort()).toEqual(['as good as none', 'taken']);
}

const closeOptions = (mutant?: Mutant) =>
  import(new URL('src/engine/close-options.js', mutant?.url ?? DIST).href) as Promise<{
    closeDeadlineOf: typeof closeDeadlineOf;
  }>;

describe('hostile options', () => {
  test('are refused by the name of the one that is, at any depth, or taken whole', async () => {
    await fuzzOptions(await optionReader(DIST), inForm(2_500, 200_000));
  }, 3_600_000);

  test('are all taken where they are sound', async () => {
    const { resolveOptions: resolveAll } = await optionReader(DIST);
    const { capacity, clock, logger: _, threadsUrl, webhooks, grpc, ...same } = SOUND_OPTIONS;
    expect(resolveAll(SOUND_OPTIONS, SURROUNDINGS)).toMatchObject({ ...same, ...capacity, clock });
  });

  test.each(OPTION_NAMES)('are refused before a thread is started: %s', async (name) => {
    const options = { [name]: Symbol('hostile') };
    const error = await StatsEngine.start(options as never).then(
      () => 'it was taken',
      (reason) => reason,
    );
    expect(error).toSatisfy(isRefusal);
    expect(error).toMatchObject({ field: expect.stringMatching(`^${name}`) });
  });
});

describe('what close() is given', () => {
  test('is a time that it may wait, or as good as none', async () => {
    const { closeDeadlineOf: deadlineOf } = await closeOptions();
    await fuzzCloseOptions(deadlineOf, inForm(5_000, 200_000));
  }, 3_600_000);

  test('never throws, nor rejects, nor keeps an engine from ending', async () => {
    for (let seed = 1; seed <= inForm(10, 200); seed++) {
      const { engine } = await startEngine();
      const given = closeArgument(new SeededRandom(seed));
      const closing = engine.close(given as never);
      expect(await inTime(closing, `close ${seed}`, 10_000)).toMatchObject({
        left: { samples: 0 },
        webhooksLeft: [],
      });
      expect(engine.close(given as never), 'the first one’s').toBe(closing);
      expect(engine.status().state).toBe('closed');
    }
  }, 3_600_000);
});

describe('the controls fail', () => {
  const controls: readonly [what: string, change: Change, shows: RegExp][] = [
    [
      'any text is taken',
      {
        file: 'src/options.js',
        from: "if (typeof value === 'string' && value.length <= 256)",
        to: 'if (true)',
      },
      /: taken: \w+\.(nodeId|analyticsKey|seed), /,
    ],
    [
      'getters of the caller are let through',
      { file: 'src/errors.js', from: 'if (isOurs(cause))', to: 'if (true)' },
      /^options: case \d+ of seed 4: (?!Error: taken)/,
    ],
    [
      'another option is named',
      { file: 'src/option-rules.js', from: "field === '' ? scope", to: "field !== '' ? field" },
      /: Error: \w+ was hostile, \w+ refused$/,
    ],
    [
      'an option is never looked at',
      {
        file: 'src/options.js',
        from: "text('seed', options.seed ?? surroundings.randomSeed())",
        to: "'seed'",
      },
      /to deeply equal ArrayContaining/,
    ],
  ];
  test.each(controls)('where %s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    await expect(fuzzOptions(await optionReader(mutant.url), 1_500)).rejects.toThrow(shows);
  });

  test.each<[string, Change, RegExp]>([
    [
      'getters of what close() is given are let through',
      { file: 'src/engine/close-options.js', from: 'catch {', to: 'catch (error) { throw error;' },
      /^close options: case \d+ of seed 5: /,
    ],
    [
      'close() may wait for ever',
      {
        file: 'src/engine/close-options.js',
        from: 'Math.min(Math.max(0, asked), MAX_DEADLINE_MS)',
        to: 'Math.max(0, asked)',
      },
      /it would wait \S+ ms$/,
    ],
  ])('where %s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    const { closeDeadlineOf: deadlineOf } = await closeOptions(mutant);
    await expect(fuzzCloseOptions(deadlineOf, 5_000)).rejects.toThrow(shows);
  });
});
