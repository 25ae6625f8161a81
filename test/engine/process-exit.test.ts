import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hostFixture, runHost } from '../helpers/host-process.js';
import { MortalTimer } from '../helpers/thread-drill.js';

// How hosts may end is a matrix: test/faults/hosts.test.ts.
describe('a host with an engine that it never closes', () => {
  test('has its reports while it lives', async () => {
    expect(await runHost({ args: ['waitForReport'] })).toEqual({ by: 0, stdout: 'reported 3\n', stderr: '' });
  });

  test('is held by a request until that is answered, and no longer', async () => {
    expect(await runHost({ args: ['flushAndForget'] })).toEqual({
      by: 0,
      stdout: 'flushed 1\n',
      stderr: '',
    });
  });
});

test('a host that awaits an answer lives until the next timer thread gives it, when one has died', async () => {
  using timer = new MortalTimer();
  const ended = await runHost({ args: ['flushWithoutTimer', fileURLToPath(timer.url).replace(/.$/, '')] });
  expect(ended).toEqual({ by: 0, stdout: 'flushed 1\n', stderr: '' });
});

test('a host that closes its engine ends at once', async () => {
  expect(await runHost({ args: ['closeAndForget'] })).toEqual({
    by: 0,
    stdout: 'closed true\n',
    stderr: '',
  });
});

test.each([
  ['arguments', { nodeOptions: ['--import', hostFixture('preload.mjs')] }],
  ['NODE_OPTIONS', { env: { NODE_OPTIONS: `--import ${hostFixture('preload.mjs')}` } }],
])('the host’s preloads, by %s, run in none of the engine’s threads', async (_, options) => {
  const { by, stdout } = await runHost({ args: ['flushAndForget'], ...options });
  expect(by).toBe(0);
  expect(stdout).toBe('preloaded in the host\nflushed 1\n');
});

test('no native code is loaded, in no thread: an addon that cannot stand a second thread takes the host with it', async () => {
  expect(await runHost({ args: ['listAddons'] })).toEqual({ by: 0, stdout: '\n', stderr: '' });
});
