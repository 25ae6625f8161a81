import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program or module in test/engine/fixtures. */
export const hostFixture = (name: string): string =>
  fileURLToPath(new URL(`../engine/fixtures/${name}`, import.meta.url));

export interface HostEnd {
  /** Exit code, or the signal that ended it: SIGKILL when it did not end by itself. */
  readonly by: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HostProcess {
  /** The program's own arguments. */
  readonly args: readonly string[];
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its path. @default test/engine/fixtures/host.mjs */
  readonly program?: string;
  /** One that has not ended by then is killed, milliseconds. */
  readonly longestMs?: number;
}

/** Runs a host program to its end; one that hangs is killed. */
export function runHost({
  args,
  nodeOptions = [],
  env = {},
  program = hostFixture('host.mjs'),
  longestMs = 15_000,
}: HostProcess): Promise<HostEnd> {
  const child = spawn(process.execPath, [...nodeOptions, program, ...args], {
    env: { ...process.env, ...env },
    timeout: longestMs,
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
