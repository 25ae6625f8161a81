import { type CatOptions, cat } from '../../dist/src/cli/cat.js';
import { captured } from './captured.js';
import type { CliResult } from './run-cli.js';

/** What `sfu-stats cat` prints, without a process for it. */
export async function runCat(
  options: CatOptions,
  stdin: AsyncIterable<Uint8Array>,
  command = cat,
): Promise<CliResult> {
  const { said, streams } = captured();
  const status = await command(options, { stdin, ...streams });
  return { status, ...said };
}
