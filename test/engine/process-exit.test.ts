import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MortalTimer } from '../helpers/thread-drill.js';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

interface Ended {
  /** Exit code, or the signal that ended it: SIGKILL when it did not end by itself. */
  readonly by: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs fixtures/host.mjs to its end; one that hangs is killed. */
function runHost(
  what: string,
  {
    nodeOptions = [],
    threads = '',
    env = {},
  }: { nodeOptions?: readonly string[]; threads?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeOptions, fixture('host.mjs'), what, threads], {
    env: { ...process.env, ...env },
    timeout: 15_000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ by: code ?? signal, ...output }));
  });
}

describe('a host with an engine that it never closes', () => {
  test('ends by itself, with exit code 0 and not a word', async () => {
    expect(await runHost('forget')).toEqual({ by: 0, stdout: '', stderr: '' });
  });

  test('keeps the exit code it has set', async () => {
    expect(await runHost('forgetWithExitCode')).toEqual({ by: 3, stdout: '', stderr: '' });
  });

  test('ends when process.exit says so', async () => {
    expect(await runHost('exit')).toEqual({ by: 5, stdout: '', stderr: '' });
  });

  test('ends with its own uncaught error', async () => {
    const { by, stderr } = await runHost('crash');
    expect(by).toBe(1);
    expect(stderr).toContain('the host’s own mistake');
  });

  test('has its reports while it lives', async () => {
    expect(await runHost('waitForReport')).toEqual({ by: 0, stdout: 'reported 3\n', stderr: '' });
  });

  test('is held by a request until that is answered, and no longer', async () => {
    expect(await runHost('flushAndForget')).toEqual({ by: 0, stdout: 'flushed 1\n', stderr: '' });
  });
});

test('a host that awaits an answer lives until the next timer thread gives it, when one has died', async () => {
  using timer = new MortalTimer();
  const ended = await runHost('flushWithoutTimer', { threads: fileURLToPath(timer.url).replace(/.$/, '') });
  expect(ended).toEqual({ by: 0, stdout: 'flushed 1\n', stderr: '' });
});

test('a host that closes its engine ends at once', async () => {
  expect(await runHost('closeAndForget')).toEqual({ by: 0, stdout: 'closed true\n', stderr: '' });
});

test.each([
  ['arguments', { nodeOptions: ['--import', fixture('preload.mjs')] }],
  ['NODE_OPTIONS', { env: { NODE_OPTIONS: `--import ${fixture('preload.mjs')}` } }],
])('the host’s preloads, by %s, run in none of the engine’s threads', async (_, options) => {
  const { by, stdout } = await runHost('flushAndForget', options);
  expect(by).toBe(0);
  expect(stdout).toBe('preloaded in the host\nflushed 1\n');
});

test('no native code is loaded, in no thread: an addon that cannot stand a second thread takes the host with it', async () => {
  expect(await runHost('listAddons')).toEqual({ by: 0, stdout: '\n', stderr: '' });
});
