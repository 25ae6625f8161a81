import { Writable } from 'node:stream';
import { type CatOptions, cat } from '../../dist/src/cli/cat.js';
import type { CliResult } from './run-cli.js';

/** What `sfu-stats cat` prints, without a process for it. */
export async function runCat(
  options: CatOptions,
  stdin: AsyncIterable<Uint8Array>,
  command = cat,
): Promise<CliResult> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said[name] += text;
        done();
      },
    });
  const status = await command(options, { stdin, stdout: into('stdout'), stderr: into('stderr') });
  return { status, ...said };
}
