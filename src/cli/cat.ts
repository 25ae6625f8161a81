import type { Writable } from 'node:stream';
import { ErrorCode, type ExportDamage, ExportRecord, readExportFile, SfuStatsError } from '../index.js';
import { visible } from '../visible.js';
import { type CatFilter, isWanted } from './cat/filter.js';
import { type View, viewOf } from './cat/views.js';
import { colorsFor } from './colors.js';
import { Output } from './output.js';

const STDIN = '-';

export interface CatOptions extends CatFilter {
  /** Paths, or `-` for standard input. */
  readonly files: readonly string[];
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface Streams {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

/**
 * Prints what is in files of the file exporter, one after the other.
 * @returns the exit status: 0, 1 when one is corrupt, 2 when one cannot be read.
 */
export async function cat(options: CatOptions, { stdin, stdout, stderr }: Streams): Promise<number> {
  const output = new Output(stdout);
  const view = viewOf(options, colorsFor(stdout));
  let status = 0;
  for (const file of options.files) {
    const name = file === STDIN ? '<stdin>' : visible(file);
    try {
      const damages = await print(file === STDIN ? stdin : file, options, view, output);
      for (const damage of damages.told) stderr.write(`${name}: ${told(damage)}\n`);
      if (damages.untold > 0) stderr.write(`${name}: ${damages.untold} more places are corrupt\n`);
      if (damages.isCorrupt) status = Math.max(status, 1);
    } catch (error) {
      if (!(error instanceof SfuStatsError) || error.code !== ErrorCode.UNREADABLE_FILE) throw error;
      stderr.write(`${name}: ${visible(error.message)}\n`);
      status = 2;
    }
    if (output.isGone) return 0;
  }
  output.add(view.end());
  await output.flush();
  return output.isGone ? 0 : status;
}

const MAX_TOLD = 20;

interface Damages {
  readonly told: ExportDamage[];
  untold: number;
  isCorrupt: boolean;
}

async function print(
  source: string | AsyncIterable<Uint8Array>,
  filter: CatFilter,
  view: View,
  output: Output,
): Promise<Damages> {
  const damages: Damages = { told: [], untold: 0, isCorrupt: false };
  for await (const entry of readExportFile(source)) {
    if (entry instanceof ExportRecord) {
      if (isWanted(entry, filter)) output.add(view.add(entry));
    } else {
      if (damages.told.length < MAX_TOLD) damages.told.push(entry);
      else damages.untold++;
      damages.isCorrupt ||= entry.kind === 'corrupt';
    }
    if (output.isFull) await output.flush();
    if (output.isGone) break;
  }
  await output.flush();
  return damages;
}

function told({ kind, offset, bytes, reason }: ExportDamage): string {
  const words = visible(reason);
  if (kind === 'corrupt') return `corrupt at byte ${offset}: ${words} (${bytes} bytes passed over)`;
  return `1 record at the end is torn, ${bytes} bytes from byte ${offset}: ${words}`;
}
