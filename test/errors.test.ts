import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refused, shown } from '../dist/src/errors.js';
import { ErrorCode, SfuStatsError } from '../dist/src/index.js';
import { tableOf } from './helpers/readme.js';

test('the codes are what they were: callers match on them', () => {
  expect(ErrorCode).toEqual({
    INVALID_OPTION: 'SFU_STATS_INVALID_OPTION',
    INVALID_ARGUMENT: 'SFU_STATS_INVALID_ARGUMENT',
    NO_SLOT: 'SFU_STATS_NO_SLOT',
    CLOSED: 'SFU_STATS_CLOSED',
    NO_PORT: 'SFU_STATS_NO_PORT',
    CLOCK: 'SFU_STATS_CLOCK',
    THREAD: 'SFU_STATS_THREAD',
    UNREADABLE_FILE: 'SFU_STATS_UNREADABLE_FILE',
  });
});

test('the README’s table of errors has each code once', () => {
  const codes = tableOf('Errors').map(([code]) => code!.replaceAll('`', ''));
  expect([...codes].sort()).toEqual(Object.values(ErrorCode).sort());
});

describe('an error', () => {
  test('is an Error with a name, a stable code, and what was broken', () => {
    const cause = new Error('why');
    const details = { field: 'shards', rule: 'a whole number', value: '1.5', cause };
    const error = new SfuStatsError(ErrorCode.INVALID_OPTION, 'shards must be a whole number', details);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'SfuStatsError', code: 'SFU_STATS_INVALID_OPTION', ...details });
    expect(error.stack).toContain('SfuStatsError: shards must be a whole number');
  });

  test('without details has none, and no cause of its own', () => {
    const error = new SfuStatsError(ErrorCode.CLOSED, 'closed');
    expect([error.field, error.rule, error.value]).toEqual([undefined, undefined, undefined]);
    expect('cause' in error).toBe(false);
  });

  test('keeps a cause that is undefined, as Error does', () => {
    expect('cause' in new SfuStatsError(ErrorCode.CLOSED, 'closed', { cause: undefined })).toBe(true);
  });

  test('of a refused field says field, rule and value in one line', () => {
    const error = refused(ErrorCode.INVALID_ARGUMENT, 'room', 'a string', 5);
    expect(error.message).toBe('room must be a string, got 5');
    expect(error).toMatchObject({
      code: ErrorCode.INVALID_ARGUMENT,
      field: 'room',
      rule: 'a string',
      value: '5',
    });
  });
});

describe('a value as an error shows it', () => {
  test.each([
    ['text', '"text"'],
    ['', '""'],
    ['two\nlines', '"two\\nlines"'],
    [1.5, '1.5'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [12n, '12n'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ secret: 'x' }, 'an object'],
    [['x'], 'an array'],
    [() => 'x', 'a function'],
    [Symbol('x'), 'Symbol(x)'],
  ])('%o is %s', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test('is cut where it is long', () => {
    expect(shown('x'.repeat(10_000))).toBe(`"${'x'.repeat(79)}…`);
    expect(shown('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`);
  });

  test('is one bounded line, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), (value) => {
        const text = shown(value);
        expect(text.length).toBeLessThanOrEqual(81);
        expect(text).not.toMatch(/[\n\r]/);
      }),
    );
  });
});
