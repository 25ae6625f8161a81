import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { allImports, type Import, importsOf, sourceFiles } from './helpers/imports.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** What each layer may import of the others; a layer may always import itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/memory': [],
  'src/visible.ts': [],
  'src/errors.ts': ['src/visible.ts'],
  'src/version.ts': [],
  'src/option-rules.ts': ['src/errors.ts'],
  'src/aggregate': ['src/memory'],
  'src/record': ['src/memory', 'src/errors.ts'],
  'src/snapshot': ['src/memory'],
  'src/exporters': ['src/memory', 'src/snapshot', 'src/errors.ts', 'src/option-rules.ts'],
  'src/telemetry': ['src/memory', 'src/snapshot', 'src/exporters', 'src/errors.ts', 'src/option-rules.ts'],
  'src/options.ts': ['src/errors.ts', 'src/telemetry', 'src/exporters'],
  'src/engine': [
    'src/record',
    'src/memory',
    'src/snapshot',
    'src/errors.ts',
    'src/options.ts',
    'src/version.ts',
  ],
  'src/index.ts': [
    'src/engine',
    'src/record',
    'src/memory',
    'src/snapshot',
    'src/telemetry',
    'src/exporters',
    'src/errors.ts',
    'src/options.ts',
    'src/version.ts',
  ],
  'src/cli': ['src/index.ts', 'src/visible.ts'],
  workers: [
    'src/engine',
    'src/record',
    'src/aggregate',
    'src/memory',
    'src/snapshot',
    'src/telemetry',
    'src/exporters',
    'src/errors.ts',
    'src/options.ts',
  ],
};
/** Layers whose types alone may be imported. */
const ALLOWED_TYPES: Readonly<Record<string, readonly string[]>> = {
  'src/snapshot': ['src/aggregate'],
  // What the threads are started with, and what they answer.
  'src/engine': ['src/telemetry', 'src/exporters'],
};
/** Layers that import no package, not even one of Node's: they run wherever JavaScript runs. */
const PURE: readonly string[] = ['src/memory', 'src/aggregate', 'src/errors.ts', 'src/visible.ts'];

function layerOf(file: string): string | undefined {
  return Object.keys(ALLOWED).find((layer) => file === layer || file.startsWith(`${layer}/`));
}

/** A file of an exporter: they share the interface, and nothing of each other. */
const isTransport = (file: string): boolean =>
  file.startsWith('src/exporters/') &&
  !/^src\/exporters\/(exporter|exporter-books|export-queue|batch|fan-out|null-exporter)\.ts$/.test(file);
/** An exporter of several files has a folder of its own. */
const transportOf = (file: string): string => file.split('/')[2]!.replace(/\.ts$/, '');

/** Why an import is not allowed, or undefined. */
function violation({ from, to, typeOnly }: Import): string | undefined {
  const layer = layerOf(from);
  if (layer === undefined) return `${from}: is in no layer`;
  const target = layerOf(to);
  if (target === undefined) {
    if (to.startsWith('src/') || to.startsWith('workers/')) return `${from}: ${to} is in no layer`;
    if (PURE.includes(layer)) return `${from}: ${layer} imports no package, but ${to}`;
    if (layer === 'src/snapshot' && to === '@livekit/protocol' && !typeOnly)
      return `${from}: only types of ${to}`;
    return undefined;
  }
  if (target === 'workers') return `${from}: threads are started by URL, never imported`;
  if (isTransport(from) && isTransport(to) && transportOf(from) !== transportOf(to)) {
    return `${from}: exporters do not know each other (${to})`;
  }
  if (target === layer || ALLOWED[layer]!.includes(target)) return undefined;
  if (typeOnly && ALLOWED_TYPES[layer]?.includes(target)) return undefined;
  return `${from}: ${layer} may not import ${target}${typeOnly ? ', not even its types' : ''} (${to})`;
}

const violations = (imports: readonly Import[]): string[] =>
  imports.map(violation).filter((found) => found !== undefined);

describe('imports', () => {
  const imports = allImports(ROOT, ['src', 'workers']);

  test('go only where the layers allow', () => {
    expect(violations(imports)).toEqual([]);
  });

  test('were really read: every layer has files, every file but a few imports something', () => {
    const layers = new Set(imports.map(({ from }) => layerOf(from)));
    for (const layer of [
      'src/aggregate',
      'src/record',
      'src/snapshot',
      'src/telemetry',
      'src/engine',
      'src/cli',
    ]) {
      expect(layers, layer).toContain(layer);
    }
    expect(imports.length).toBeGreaterThan(200);
  });

  test('of local files name the file that will be there: they end in .js', () => {
    const local = imports.filter(({ to }) => /^(src|workers)\//.test(to));
    const files = new Set(['src', 'workers'].flatMap((folder) => sourceFiles(ROOT, folder)));
    expect(local.filter(({ to }) => !files.has(to))).toEqual([]);
  });

  test('a planted violation of each rule is found', () => {
    const planted: readonly (readonly [from: string, text: string])[] = [
      ['src/memory/row.ts', "import { SfuStatsError } from '../errors.js';"],
      ['src/memory/row.ts', "import { Buffer } from 'node:buffer';"],
      ['src/aggregate/median.ts', "export * from '../record/lane.js';"],
      ['src/record/lane.ts', "import type { Audit } from '../engine/audit.js';"],
      ['src/snapshot/wire.ts', "import { AnalyticsStat } from '@livekit/protocol';"],
      ['src/snapshot/wire.ts', "import { createMedian } from '../aggregate/median.js';"],
      ['src/telemetry/service.ts', "const { StatsEngine } = await import('../engine/engine.js');"],
      ['src/engine/engine.ts', "import { Participants } from '../telemetry/participants.js';"],
      ['src/engine/engine.ts', "import '../../workers/timer-thread.js';"],
      ['src/engine/engine.ts', "type Main = typeof import('../cli/main.js');"],
      ['src/exporters/kafka.ts', "import { post } from './http/post.js';"],
      ['src/cli/main.ts', "import { StatsEngine } from '../engine/engine.js';"],
      ['workers/stats-worker.ts', "import { Direction } from '../src/index.js';"],
      ['workers/stats-worker.ts', "import { main } from '../src/cli/main.js';"],
      ['src/helpers/strings.ts', "import { shown } from '../errors.js';"],
    ];
    for (const [from, text] of planted)
      expect(violations(importsOf(from, text)), `${from}: ${text}`).toHaveLength(1);
  });

  test('what is allowed is not found', () => {
    const allowed: readonly (readonly [from: string, text: string])[] = [
      ['src/snapshot/wire.ts', "import type { AnalyticsStat } from '@livekit/protocol';"],
      ['src/snapshot/wire.ts', "import { type AnalyticsStat } from '@livekit/protocol';"],
      ['src/snapshot/wire.ts', "import type { Drain } from '../aggregate/drain.js';"],
      ['src/exporters/http/post.ts', "import { retry } from './retry.js'; import '../exporter.js';"],
      ['src/record/lane.ts', "import { Packr } from 'msgpackr';"],
      ['workers/stats-worker.ts', "import { runDrain } from '../src/aggregate/drain.js';"],
    ];
    for (const [from, text] of allowed) expect(violations(importsOf(from, text)), text).toEqual([]);
  });
});

describe('files', () => {
  const files = ['src', 'workers', 'bench'].flatMap((folder) => sourceFiles(ROOT, folder));

  test('have kebab-case names that say what is in them', () => {
    expect(files.filter((file) => !/^[a-z0-9/-]+(\.test)?\.ts$/.test(file))).toEqual([]);
    const vague = /(^|\/)(utils?|common|types?|helpers?|misc|manager)(\/|\.ts$)/;
    expect(files.filter((file) => vague.test(file))).toEqual([]);
  });

  test('there is one index.ts, that of the package', () => {
    expect(files.filter((file) => file.endsWith('/index.ts'))).toEqual(['src/index.ts']);
  });

  test('decode messages in one place, and the demo its own', () => {
    const decoding = files.filter((file) => {
      return !file.startsWith('bench/') && readFileSync(`${ROOT}${file}`, 'utf8').includes('.fromBinary(');
    });
    expect(decoding).toEqual(['src/cli/demo/stat-decoder.ts', 'src/snapshot/decode.ts']);
  });

  test('of the threads are as many as there are kinds of threads', () => {
    expect(sourceFiles(ROOT, 'workers')).toEqual(['workers/stats-worker.ts', 'workers/timer-thread.ts']);
  });
});
