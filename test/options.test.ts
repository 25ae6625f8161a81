import { describe, expect, test } from 'vitest';
import {
  defaults,
  ErrorCode,
  type Logger,
  SfuStatsError,
  StatsEngine,
  type StatsEngineOptions,
} from '../dist/src/index.js';
import { type ResolvedOptions, resolveOptions } from '../dist/src/options.js';
import { tableOf } from './helpers/readme.js';

const SURROUNDINGS = {
  cores: 4,
  randomSeed: () => 'by chance',
  threadsUrl: new URL('file:///threads/'),
};

const resolve = (options: unknown = {}): ResolvedOptions =>
  resolveOptions(options as StatsEngineOptions, SURROUNDINGS);

function errorOf(options: unknown): SfuStatsError {
  try {
    resolve(options);
  } catch (error) {
    expect(error).toBeInstanceOf(SfuStatsError);
    return error as SfuStatsError;
  }
  throw new Error('the options were taken');
}

describe('what is left out', () => {
  test('has its default', () => {
    expect(resolve()).toEqual({
      shards: 3,
      tracks: 10_000,
      streams: 20_000,
      ports: 0,
      reportIntervalMs: 30_000,
      publishIntervalMs: 1_000,
      reapAfterMs: 180_000,
      ringBytes: 1_048_576,
      eventRingBytes: 1_048_576,
      // A quarter of a shard's 3,334 tracks.
      scoreBlocks: 834,
      nodeId: '',
      analyticsKey: '',
      seed: 'by chance',
      clock: 'real',
      webhooks: undefined,
      logger: expect.anything(),
      threadsUrl: SURROUNDINGS.threadsUrl,
    });
  });

  test('also where it is undefined', () => {
    const names = Object.keys(resolve()).filter((name) => name !== 'tracks' && name !== 'streams');
    const options = Object.fromEntries([...names, 'capacity'].map((name) => [name, undefined]));
    expect(JSON.stringify(resolve(options))).toBe(JSON.stringify(resolve()));
    expect(resolve({ capacity: { tracks: undefined, streams: undefined } })).toMatchObject({
      tracks: 10_000,
    });
  });

  test('is derived from what is given', () => {
    expect(resolve({ capacity: { tracks: 100 } })).toMatchObject({ streams: 200, scoreBlocks: 9 });
    expect(resolve({ shards: 1, ports: 3, capacity: { tracks: 100 } }).scoreBlocks).toBe(100);
    expect(resolveOptions({}, { ...SURROUNDINGS, cores: 1 }).shards, 'one core has one shard').toBe(1);
  });

  test('logs nothing', () => {
    const { logger } = resolve();
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      expect(logger[level]({}, 'unheard')).toBeUndefined();
    }
  });

  test('comes from one table that nobody can change', () => {
    expect(Object.isFrozen(defaults)).toBe(true);
    for (const [name, value] of Object.entries(defaults)) {
      expect(resolve()[name as keyof typeof defaults], name).toBe(value);
    }
  });
});

describe('what is given', () => {
  test.each([
    ['shards', 1, 64],
    ['ports', 0, 16],
    ['reportIntervalMs', 100, 86_400_000],
    ['publishIntervalMs', 10, 60_000],
    ['reapAfterMs', 0, 86_400_000],
    ['scoreBlocks', 0, 2 ** 24],
  ] as const)('%s is a whole number from %i to %i', (name, least, most) => {
    for (const value of [least, most]) expect(resolve({ [name]: value })[name]).toBe(value);
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, `${least}`, {}, 5n]) {
      expect(errorOf({ [name]: value })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: name,
        rule: `a whole number from ${least} to ${most}`,
        value: expect.any(String),
      });
    }
    expect(errorOf({ [name]: most + 1 }).message).toBe(
      `${name} must be a whole number from ${least} to ${most}, got ${most + 1}`,
    );
  });

  test.each([
    ['tracks', 2, 2 ** 22],
    ['streams', 1, 2 ** 23],
  ] as const)('capacity.%s is a whole number from %i to %i', (name, least, most) => {
    for (const value of [least, most]) expect(resolve({ capacity: { [name]: value } })[name]).toBe(value);
    for (const value of [least - 1, most + 1, least + 0.5, Number.POSITIVE_INFINITY, '8']) {
      expect(errorOf({ capacity: { [name]: value } })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: `capacity.${name}`,
        rule: `a whole number from ${least} to ${most}`,
      });
    }
  });

  test.each([
    ['ringBytes', 16_384],
    ['eventRingBytes', 65_536],
  ] as const)('%s is a power of two, at least %i', (name, least) => {
    for (const value of [least, 2 ** 30]) expect(resolve({ [name]: value })[name]).toBe(value);
    expect(errorOf({ [name]: least + 8 })).toMatchObject({
      code: ErrorCode.INVALID_OPTION,
      field: name,
      rule: 'a power of two',
      value: `${least + 8}`,
    });
    for (const value of [least / 2, 2 ** 31, 'much']) {
      expect(errorOf({ [name]: value })).toMatchObject({ field: name, code: ErrorCode.INVALID_OPTION });
    }
  });

  test.each(['nodeId', 'analyticsKey', 'seed'] as const)('%s is a string of bounded length', (name) => {
    for (const value of ['', 'ND_1', 'x'.repeat(256)]) expect(resolve({ [name]: value })[name]).toBe(value);
    for (const value of ['x'.repeat(257), 5, {}]) {
      expect(errorOf({ [name]: value })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: name,
        rule: 'a string of at most 256 characters',
      });
    }
  });

  test('the clock is real, or begins at a time', () => {
    expect(resolve({ clock: 'real' }).clock).toBe('real');
    expect(resolve({ clock: { virtualStartMs: -5 } }).clock).toEqual({ virtualStartMs: -5 });
    const [year1, year10000] = [Date.parse('0001-01-01T00:00:00Z'), Date.UTC(10_000, 0, 1)];
    for (const virtualStartMs of [year1, year10000 - 1]) {
      expect(resolve({ clock: { virtualStartMs } }).clock).toEqual({ virtualStartMs });
    }
    const starts = ['5', Number.NaN, year1 - 1, year10000].map((virtualStartMs) => ({ virtualStartMs }));
    for (const clock of ['virtual', {}, ...starts, 5, []]) {
      expect(errorOf({ clock })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: 'clock',
        rule: '"real" or { virtualStartMs: milliseconds since 1970, of the years 1 to 9999 }',
      });
    }
  });

  test('the logger has the four levels, and its missing one is named', () => {
    const lines: unknown[] = [];
    const log = (fields: object, message: string): number => lines.push([fields, message]);
    const complete = { debug: log, info: log, warn: log, error: log };
    resolve({ logger: complete }).logger.warn({ a: 1 }, 'said');
    expect(lines).toEqual([[{ a: 1 }, 'said']]);
    for (const level of ['debug', 'info', 'warn', 'error']) {
      expect(errorOf({ logger: { ...complete, [level]: undefined } })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: `logger.${level}`,
        rule: 'a function',
        value: 'undefined',
      });
    }
    for (const logger of [null, 5, 'console']) {
      expect(errorOf({ logger })).toMatchObject({ field: 'logger.debug', code: ErrorCode.INVALID_OPTION });
    }
  });

  test('a logger keeps its `this`, and what it throws stays with it', () => {
    class Counting implements Logger {
      lines = 0;
      debug(): void {
        this.lines++;
      }
      info(): void {
        this.lines++;
      }
      warn(): void {
        throw new Error('disk full');
      }
      // A rejection that nobody handled would fail this run.
      error(): Promise<void> {
        return Promise.reject(new Error('disk full'));
      }
    }
    const mine = new Counting();
    const { logger } = resolve({ logger: mine });
    logger.debug({}, 'one');
    expect(() => logger.warn({}, 'two')).not.toThrow();
    expect(() => logger.error({}, 'three')).not.toThrow();
    expect(mine.lines).toBe(1);
  });

  test('threadsUrl is a file URL of a folder', () => {
    const href = 'file:///app/threads/';
    expect(resolve({ threadsUrl: href }).threadsUrl.href).toBe(href);
    expect(resolve({ threadsUrl: new URL(href) }).threadsUrl.href).toBe(href);
    for (const threadsUrl of ['/app/threads/', 'file:///app/threads', 'https://app/threads/', '', 5, {}]) {
      expect(errorOf({ threadsUrl })).toMatchObject({
        code: ErrorCode.INVALID_OPTION,
        field: 'threadsUrl',
        rule: 'a file URL that ends in a slash',
      });
    }
  });

  test('an option nobody knows is refused by name, in capacity, too', () => {
    expect(errorOf({ shard: 2 })).toMatchObject({
      code: ErrorCode.INVALID_OPTION,
      field: 'option',
      rule: 'a known option',
      value: '"shard"',
    });
    expect(errorOf({ capacity: { track: 2 } })).toMatchObject({
      code: ErrorCode.INVALID_OPTION,
      value: '"capacity.track"',
    });
  });

  test('options and capacity are objects', () => {
    for (const value of [null, 5, 'fast', []]) {
      const rule = { code: ErrorCode.INVALID_OPTION, rule: 'an object' };
      expect(errorOf(value)).toMatchObject({ ...rule, field: 'options' });
      expect(errorOf({ capacity: value })).toMatchObject({ ...rule, field: 'capacity' });
    }
  });

  test('what is refused is refused before any thread is started', async () => {
    await expect(StatsEngine.start({ shards: 0 })).rejects.toMatchObject({
      code: ErrorCode.INVALID_OPTION,
      field: 'shards',
    });
  });
});

describe('the README’s table of options', () => {
  /** A default as the README writes it. */
  function cell(value: unknown): string {
    return `\`${typeof value === 'string' ? JSON.stringify(value) : String(value)}\``;
  }
  /** The option as a caller writes it, by its name after `resolveOptions`. */
  const optionOf = (name: string): string =>
    name === 'tracks' || name === 'streams' ? `capacity.${name}` : name;
  const rows = tableOf('Options');

  test('has each option once', () => {
    const named = rows.map(([option]) => option!.replaceAll('`', ''));
    expect([...named].sort()).toEqual(Object.keys(resolve()).map(optionOf).sort());
  });

  test.each(rows.map((row) => [row[0]!, row]))(
    '%s: the default is that of the table in the code',
    (_, row) => {
      const [option, value, meaning] = row;
      const name = Object.keys(resolve()).find((key) => option === `\`${optionOf(key)}\``);
      expect(name, 'a known option').toBeDefined();
      expect(row).toHaveLength(3);
      expect(meaning).not.toBe('');
      if (name! in defaults) expect(value).toBe(cell(defaults[name as keyof typeof defaults]));
      // It depends on the machine, on other options or on chance: said in words.
      else expect(value).toMatch(/[a-z]{3}/);
    },
  );

  test('units are in the name: what is milliseconds or bytes says so', () => {
    for (const [option, , meaning] of rows) {
      if (/\bms\b|milliseconds/.test(meaning!)) expect(option).toMatch(/Ms`$/);
      if (/^.*\bbytes\b/.test(meaning!)) expect(option).toMatch(/Bytes`$/);
    }
  });
});
