import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StatsEngine } from '../../dist/src/index.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Declarations and maps are not: two files of three, which take their time to copy and to remove. */
const isRun = (path: string): boolean => !path.endsWith('.d.ts') && !path.endsWith('.map');

/** A change to a compiled file: a text that is there once, and what takes its place. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The compiled package in a folder of its own with a mistake in it: for controls, which must fail, without a switch
 * in what ships. For `using`.
 */
export class Mutant implements Disposable {
  /** Its `dist/`. */
  readonly url: URL;
  readonly #folder: string;

  /** @throws when a text is not there exactly once: the code has changed, and the control with it must */
  constructor(changes: readonly Change[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sfu-stats-mutant-'));
    for (const part of ['dist/src', 'dist/workers', 'package.json']) {
      cpSync(join(ROOT, part), join(this.#folder, part), { recursive: true, filter: isRun });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    for (const { file, from, to } of changes) {
      const path = join(this.#folder, 'dist', file);
      const [before, after, ...more] = readFileSync(path, 'utf8').split(from);
      if (after === undefined || more.length > 0) throw new Error(`${file}: not there once: ${from}`);
      writeFileSync(path, `${before}${to}${after}`);
    }
    this.url = new URL('dist/', `${pathToFileURL(this.#folder)}/`);
  }

  /** A module of it, by its file below `dist/`. */
  async load<Module>(file: string): Promise<Module> {
    return (await import(new URL(file, this.url).href)) as Module;
  }

  /** Its engine, whose host side has the mistake as well. */
  async engineClass(): Promise<typeof StatsEngine> {
    return (await this.load<{ StatsEngine: typeof StatsEngine }>('src/index.js')).StatsEngine;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
