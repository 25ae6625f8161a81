import { Writable } from 'node:stream';
import { type ReplayOptions, replay } from '../../dist/src/cli/replay.js';
import type { CliResult } from './run-cli.js';

/** What `sfu-stats replay` prints, without a process for it. */
export async function runReplay(options: ReplayOptions, command = replay): Promise<CliResult> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said[name] += text;
        done();
      },
    });
  const status = await command(options, { stdout: into('stdout'), stderr: into('stderr') });
  return { status, ...said };
}
