import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { allImports } from '../helpers/imports.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Manifest {
  readonly type: string;
  readonly sideEffects: boolean;
  readonly license: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;

describe('the package', () => {
  let files: string[];

  beforeAll(async () => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const { stdout } = await promisify(execFile)(npm, ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
    const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    files = packed.files.map(({ path }) => path);
  });

  test('has the library, its types, both threads, the command, the meeting, and what to read', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/src/cli/main.js',
        'dist/workers/timer-thread.js',
        'dist/workers/stats-worker.js',
        'traces/meeting.jsonl.gz',
      ]),
    );
  });

  test('has nothing else: no tests, benches, sources or builds of them, no settings', () => {
    const expected = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|traces\/|dist\/(src|workers)\/)/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    const known = /\.(js|js\.map|d\.ts|d\.ts\.map|gz|md|json)$|^LICENSE$/;
    expect(files.filter((file) => !known.test(file) || file.includes('tsbuildinfo'))).toEqual([]);
    expect(files.filter((file) => /\.test\.|\/fixtures\//.test(file))).toEqual([]);
  });

  test('every script has a map that holds its source: who debugs needs no other file', () => {
    // What an older build left in this checkout is no part of a clean one.
    const sourceOf = (script: string): string => script.replace(/^dist\/(.*)\.js$/, '$1.ts');
    const scripts = files.filter((file) => file.endsWith('.js') && existsSync(join(ROOT, sourceOf(file))));
    expect(scripts.length).toBeGreaterThan(50);
    for (const script of scripts) {
      expect(read(script), script).toMatch(/\/\/# sourceMappingURL=.+\.js\.map\s*$/);
      const map = JSON.parse(read(`${script}.map`)) as { sources: string[]; sourcesContent?: string[] };
      expect(map.sourcesContent, script).toHaveLength(map.sources.length);
      expect(
        map.sourcesContent!.every((source) => source !== ''),
        script,
      ).toBe(true);
    }
  });

  test('every script has its types', () => {
    const scripts = files.filter((file) => file.endsWith('.js'));
    const types = new Set(files.filter((file) => file.endsWith('.d.ts')));
    expect(scripts.filter((script) => !types.has(script.replace(/\.js$/, '.d.ts')))).toEqual([]);
  });
});

describe('package.json', () => {
  test('names files that are there', () => {
    const named = Object.values(manifest.exports)
      .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
      .filter((target) => !target.includes('*'));
    for (const file of [...named, ...Object.values(manifest.bin)]) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
    }
    expect(manifest.exports['./threads/*']).toBe('./dist/workers/*');
  });

  test('the command can be started by its name', () => {
    expect(read(manifest.bin['sfu-stats']!).split('\n')[0]).toBe('#!/usr/bin/env node');
  });

  test('is ES modules without side effects, under Apache-2.0, for Node 20.19 and later', () => {
    expect(manifest).toMatchObject({
      type: 'module',
      sideEffects: false,
      license: 'Apache-2.0',
      engines: { node: '>=20.19.0' },
    });
    expect(read('LICENSE')).toContain('Apache License');
  });

  test('depends on exactly what the shipped code imports', () => {
    const packages = allImports(ROOT, ['src', 'workers'])
      .filter(({ to }) => !/^(src|workers)\//.test(to) && !to.startsWith('node:'))
      .map(({ to }) => to);
    expect(
      packages.filter((name) => builtinModules.includes(name)),
      'Node’s own say node:',
    ).toEqual([]);
    expect([...new Set(packages)].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  test('stays on the protocol whose messages it needs', () => {
    expect(manifest.dependencies['@livekit/protocol']).toMatch(/^\^1\./);
    expect(manifest.dependencies.piscina).toMatch(/^\^5\./);
    expect(manifest.dependencies.msgpackr).toMatch(/^\^2\./);
  });
});
