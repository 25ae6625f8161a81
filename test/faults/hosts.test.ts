import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { exportedPackets } from '../helpers/exported-packets.js';
import { type HostEnd, type HostProcess, runHost } from '../helpers/host-process.js';
import { type Change, Mutant } from '../helpers/mutant.js';

const DIST = new URL('../../dist/', import.meta.url);
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

interface Ending {
  readonly by: HostEnd['by'];
  /** Of seven packets, those that the file has in the end; three were flushed before it. */
  readonly packets: readonly number[];
  readonly stdout?: string;
  /** Whether the host says its own mistake. */
  readonly mistake?: true;
}

const CLOSED = 'closed, complete: true\n';

/** The ways in which fixtures/ending-host.mjs may end, and what each gives. */
const ENDINGS = {
  'nothing more to do': { by: 0, packets: [3] },
  'exit code 3 was set': { by: 3, packets: [3] },
  'process.exit(5)': { by: 5, packets: [3] },
  'process.exit(5) while the engine starts': { by: 5, packets: [0] },
  'process.exit(5) during a flush': { by: 5, packets: [3, 7] },
  'process.exit(5) during close()': { by: 5, packets: [3, 7] },
  'an uncaught error': { by: 1, packets: [3], mistake: true },
  'an uncaught error during close()': { by: 1, packets: [3, 7], mistake: true },
  'a rejection nobody handles': { by: 1, packets: [3], mistake: true },
  SIGTERM: { by: 'SIGTERM', packets: [3] },
  SIGINT: { by: 'SIGINT', packets: [3] },
  SIGKILL: { by: 'SIGKILL', packets: [3] },
  'SIGTERM, which it hears, and close()': { by: 0, packets: [7], stdout: CLOSED },
  'close()': { by: 0, packets: [7], stdout: CLOSED },
  'close() twice': { by: 0, packets: [7], stdout: `${CLOSED}the same: true\n` },
  'close() during a flush': { by: 0, packets: [7], stdout: `${CLOSED}flushed 1\n` },
} satisfies Record<string, Ending>;

const [major] = process.versions.node.split('.').map(Number);
const PERMISSION = [
  major! >= 24 ? '--permission' : '--experimental-permission',
  '--allow-fs-read=*',
  '--allow-fs-write=*',
  '--no-warnings',
];
const placed = (place: string): Place => ({ program: fixture('placed-host.mjs'), before: [place] });

interface Place extends Partial<HostProcess> {
  readonly before?: readonly string[];
}

/** Where hosts live; in each they end as on the main thread of a process without flags. */
const PLACES: Readonly<Record<string, Place>> = {
  'a worker thread': placed('a thread'),
  'a worker of `cluster`': placed('a cluster'),
  '`--disable-proto=delete`': { nodeOptions: ['--disable-proto=delete'] },
  '`--frozen-intrinsics`': { nodeOptions: ['--frozen-intrinsics', '--no-warnings'] },
  'permissions that allow workers': { nodeOptions: [...PERMISSION, '--allow-worker'] },
};
const ENDINGS_IN_PLACES = ['nothing more to do', 'close()'] as const;

interface Ended extends HostEnd {
  readonly packets: number;
}

async function end(ending: string, { before = [], ...place }: Place = {}, dist = DIST): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-host-'));
  const path = join(folder, 'stats.jsonl');
  try {
    const program = place.program ?? fixture('ending-host.mjs');
    const ended = await runHost({ ...place, program, args: [...before, ending, path, dist.href] });
    return { ...ended, packets: await exportedPackets(path) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function expectEnding(ended: Ended, { by, packets, stdout = '', mistake }: Ending): void {
  const { stderr } = ended;
  expect({ ...ended, stderr: mistake ? '' : stderr }).toEqual({
    by,
    stdout,
    stderr: '',
    packets: expect.toBeOneOf([...packets]),
  });
  if (mistake) expect(stderr).toContain('the host’s own mistake');
}

const cases = Object.entries<Ending>(ENDINGS);

test.concurrent.each(cases)('a host that ends by: %s', async (name, ending) => {
  expectEnding(await end(name), ending);
});

describe.each(Object.entries(PLACES))('in %s', (_, place) => {
  test.concurrent.each(ENDINGS_IN_PLACES)('a host that ends by: %s', async (name) => {
    expectEnding(await end(name, place), ENDINGS[name]);
  });
});

test('a host whose thread is terminated takes its engine with it; the process goes on', async () => {
  expectEnding(await end('its thread is terminated', placed('a thread')), { by: 1, packets: [3] });
});

test('a host that may start no thread is told so, by code, and goes on', async () => {
  expectEnding(await end('nothing more to do', { nodeOptions: PERMISSION }), {
    by: 0,
    packets: [0],
    stdout: 'not started: SFU_STATS_THREAD\n',
  });
});

test('docs/hosts.md says what each gives', () => {
  const text = readFileSync(new URL('../../docs/hosts.md', import.meta.url), 'utf8');
  const rows = cases.map(([name, { by, packets }]) => `| ${name} | ${by} | ${packets.join(' or ')} |`);
  expect(text.split('\n').filter((line) => rows.includes(line))).toEqual(rows);
  for (const place of Object.keys(PLACES)) expect(text).toContain(place);
});

describe('the control shows', () => {
  const atClose = 'async #close(deadlineMs) {';
  test.each<[string, Change, keyof typeof ENDINGS, Partial<Ended>]>([
    [
      'a host that is kept alive',
      { file: 'src/engine/timer-supervisor.js', from: 'held?.unref();', to: ';' },
      'nothing more to do',
      // It came to its end, and went on.
      { by: 'SIGKILL', packets: 3 },
    ],
    [
      'an exit code that is not the host’s',
      { file: 'src/engine/engine.js', from: atClose, to: `${atClose} process.exitCode = 7;` },
      'close()',
      { by: 7 },
    ],
    [
      'a rejection nobody handles',
      {
        file: 'src/engine/engine.js',
        from: atClose,
        to: `${atClose} void Promise.reject(new Error('lost'));`,
      },
      'close()',
      { by: 1, stderr: expect.stringContaining('lost') },
    ],
    [
      'a listener on the host’s process',
      { file: 'src/engine/engine.js', from: atClose, to: `${atClose} process.on('exit', () => {});` },
      'close()',
      { stderr: 'a listener on the process: exit\n' },
    ],
    [
      'a host that waits',
      {
        file: 'src/engine/engine.js',
        from: atClose,
        to: `${atClose} Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);`,
      },
      'close()',
      { stderr: 'Atomics.wait on the host\n' },
    ],
  ])('%s', async (_, change, ending, shown) => {
    using mutant = new Mutant([change]);
    const longestMs = shown.by === 'SIGKILL' ? 4_000 : 15_000;
    expect(await end(ending, { longestMs }, mutant.url)).toMatchObject(shown);
  });
});
