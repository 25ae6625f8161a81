import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type FileOptions,
  fileDefaults,
  resolveFileOptions,
} from '../../../dist/src/exporters/file/file-options.js';
import { SfuStatsError } from '../../../dist/src/index.js';

describe('file options', () => {
  test('take defaults, survive cloning, and mean the same when resolved again', () => {
    const resolved = resolveFileOptions({ path: '/var/log/stats.jsonl' });
    expect(resolved).toEqual({ path: '/var/log/stats.jsonl', form: 'jsonl', ...fileDefaults });
    expect(resolveFileOptions(structuredClone(resolved))).toEqual(resolved);
    expect(Object.isFrozen(fileDefaults)).toBe(true);
  });

  test('know the form by the ending, unless it is given', () => {
    const formOf = (options: FileOptions): string => resolveFileOptions(options).form;
    expect(formOf({ path: '/x/a.msgpack' })).toBe('msgpack');
    expect(formOf({ path: '/x/a.mp' })).toBe('msgpack');
    expect(formOf({ path: '/x/a.log' })).toBe('jsonl');
    expect(formOf({ path: '/x/a.msgpack', form: 'jsonl' })).toBe('jsonl');
  });

  test('make the path absolute, as a thread has no directory of its own to rely on', () => {
    expect(resolveFileOptions({ path: 'stats.jsonl' }).path).toBe(resolve('stats.jsonl'));
  });

  test.each<[unknown, string, RegExp]>([
    [undefined, 'file', /^file must be an object, got undefined$/],
    [{ path: '' }, 'file.path', /^file\.path must be a path of a file, without a NUL, got ""$/],
    [{ path: 7 }, 'file.path', /got 7$/],
    [{ path: '/x/' }, 'file.path', /a path of a file/],
    [{ path: '/x\0y' }, 'file.path', /a path of a file/],
    [{ path: '/x/a.jsonl.gz' }, 'file.path', /not end in \.gz/],
    [{ path: `/x/${'a'.repeat(201)}` }, 'file.path', /at most 200 bytes, got 201$/],
    [{ path: '/x', form: 'xml' }, 'file.form', /^file\.form must be one of jsonl, msgpack, got "xml"$/],
    [{ path: '/x', fsync: true }, 'file.fsync', /one of never, interval, batch, got true$/],
    [{ path: '/x', gzip: 1 }, 'file.gzip', /true or false, got 1$/],
    [{ path: '/x', maxFileBytes: 0 }, 'file.maxFileBytes', /a whole number from 1 to/],
    [{ path: '/x', maxFileAgeMs: 1.5 }, 'file.maxFileAgeMs', /got 1\.5$/],
    [{ path: '/x', keepFiles: -1 }, 'file.keepFiles', /from 0 to 1000000, got -1$/],
    [{ path: '/x', keepBytes: Number.NaN }, 'file.keepBytes', /got NaN$/],
    [{ path: '/x', retryMinMs: 0 }, 'file.retryMinMs', /from 1 to/],
    [{ path: '/x', retryMinMs: 500, retryMaxMs: 100 }, 'file.retryMaxMs', /from 500 to \d+, got 100$/],
    [{ path: '/x', mode: 0o1777 }, 'file.mode', /a whole number from 128 to 511, got 1023$/],
    [{ path: '/x', maxQueuedBatches: 0 }, 'file.maxQueuedBatches', /a whole number/],
    [{ path: '/x', compress: true }, 'file.option', /a known option, got "compress"$/],
  ])('refuse %j by name', (options, field, message) => {
    try {
      resolveFileOptions(options as FileOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(SfuStatsError);
      expect(error).toMatchObject({ code: 'SFU_STATS_INVALID_OPTION', field });
      expect((error as Error).message).toMatch(message);
      return;
    }
    throw new Error('was taken');
  });
});
