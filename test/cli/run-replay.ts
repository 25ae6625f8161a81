import { type ReplayOptions, replay } from '../../dist/src/cli/replay.js';
import { captured } from './captured.js';
import type { CliResult } from './run-cli.js';

/** What `sfu-stats replay` prints, without a process for it. */
export async function runReplay(options: ReplayOptions, command = replay): Promise<CliResult> {
  const { said, streams } = captured();
  const status = await command(options, streams);
  return { status, ...said };
}
