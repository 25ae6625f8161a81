import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** Starts a process from `fixtures/`, which ends with the test at the latest. */
export function startProcess(fixture: string, args: readonly string[] = []): ChildProcessWithoutNullStreams {
  const path = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** A URL to which connections are neither made nor refused, as behind a firewall that says nothing. */
export async function urlOfSilence(): Promise<string> {
  const silent = startProcess('accept-nothing.mjs');
  const [port] = (await once(silent.stdout, 'data')) as [Buffer];
  // These two fill its queue.
  for (let i = 0; i < 2; i++) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    onTestFinished(() => {
      socket.destroy();
    });
    await once(socket, 'connect');
  }
  return `http://127.0.0.1:${Number(port)}/`;
}
