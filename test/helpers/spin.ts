import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { traceOf } from './spin-trace.js';

export const MODELS = fileURLToPath(new URL('../../docs/model/', import.meta.url));

/** Deeper than any search goes; unreached statements are not listed. */
const ALL = ['-m200000', '-n'];

function run(folder: string, program: string, flags: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', () => resolve(said));
  });
}

/** A verifier of a model, in a folder of its own. */
async function withVerifier<T>(
  model: string,
  defines: readonly string[],
  compile: readonly string[],
  use: (pan: (...flags: string[]) => Promise<string>) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-model-'));
  try {
    cpSync(MODELS, folder, { recursive: true });
    const spun = await run(folder, 'spin', [
      '-a',
      '-o3',
      ...defines.map((one) => `-D${one}`),
      `${model}.pml`,
    ]);
    const compiled = await run(folder, 'gcc', ['-w', '-DSAFETY', ...compile, '-o', 'pan', 'pan.c']);
    if (compiled !== '') throw new Error(`${spun}\n${compiled}`);
    return await use((...flags) => run(folder, join(folder, 'pan'), flags));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Search {
  readonly errors: number;
  readonly states: number;
  readonly isExhaustive: boolean;
  /** The states a check must have seen, by their names in memory.pml. */
  readonly reached: readonly string[];
}

/** Searches all states of a model, to the first error. */
export function searchAll(model: string, defines: readonly string[]): Promise<Search> {
  return withVerifier(model, defines, ['-O1'], async (pan) => {
    const said = await pan(...ALL);
    return {
      errors: Number(/errors: (\d+)/.exec(said)?.[1] ?? Number.NaN),
      states: Number(/(\d+) states, stored/.exec(said)?.[1] ?? Number.NaN),
      isExhaustive: !/max search depth too small|Search not completed|out of memory/.test(said),
      reached: [...said.matchAll(/^reached (\w+)$/gm)].map(([, state]) => state!).sort(),
    };
  });
}

/**
 * Plants a mistake; resolves to a way to an error that the verifier finds, "" when it finds none.
 * @param shortest searches on for the shortest way
 */
export function traceMistake(
  model: string,
  mistake: string,
  defines: readonly string[],
  shortest: boolean,
): Promise<string> {
  const planted = [...defines, `MUTATION_${mistake}`];
  // Little is searched: most of the time goes into the compiler, so the search need not be fast.
  return withVerifier(model, planted, shortest ? ['-O0', '-DREACH'] : ['-O0'], async (pan) => {
    const said = await pan(...ALL, ...(shortest ? ['-i'] : []));
    return / errors: [1-9]/.test(said) ? traceOf(await pan('-r'), mistake) : '';
  });
}
