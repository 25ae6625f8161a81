import { dirname, join } from 'node:path';
import type { ResolvedFileOptions } from '../file-options.js';
import { type ClosedName, ClosedNames } from './closed-names.js';
import { compressFile } from './compress.js';
import { systemCode } from './file-problem.js';
import type { FileSystem } from './file-system.js';

/**
 * The files that were closed: named by their time, compressed, and removed when there are too many. Compressing
 * happens beside everything else, one file at a time; what a crash interrupted is done again. For whoever holds the
 * lock of the path.
 */
export class ClosedFiles {
  readonly #options: ResolvedFileOptions;
  readonly #fileSystem: FileSystem;
  readonly #whenTidied: (error: unknown) => void;
  readonly #directory: string;
  readonly #names: ClosedNames;
  readonly #stop = new AbortController();
  #lastId = '';
  #tidying: Promise<void> | undefined;
  #isAskedAgain = false;

  /** @param whenTidied told what went wrong with the closed files, or undefined when nothing did */
  constructor(options: ResolvedFileOptions, fileSystem: FileSystem, whenTidied: (error: unknown) => void) {
    this.#options = options;
    this.#fileSystem = fileSystem;
    this.#whenTidied = whenTidied;
    this.#directory = dirname(options.path);
    this.#names = new ClosedNames(options.path);
  }

  /** Gives the file at the path, which is not open, its name among the closed ones. */
  async retire(): Promise<void> {
    for (const { id } of await this.#list()) if (id > this.#lastId) this.#lastId = id;
    const id = ClosedNames.nextId(Date.now(), this.#lastId);
    await this.#fileSystem.rename(this.#options.path, this.#pathOf(this.#names.of(id)));
    this.#lastId = id;
    // Not every file system can.
    await this.#fileSystem.syncDirectory(this.#directory).catch(() => {});
    this.tidy();
  }

  /** Compresses and removes in the background. */
  tidy(): void {
    if (this.#tidying !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#tidying = this.#tidyAll().finally(() => {
      this.#tidying = undefined;
    });
  }

  /** Stops compressing; what was begun is done again when the path is next opened. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#tidying;
  }

  async #tidyAll(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      let problem: unknown;
      try {
        await this.#removeLeftovers();
        // Before compressing too: that needs room.
        await this.#removeOldest();
        if (this.#options.gzip) await this.#compressAll();
        await this.#removeOldest();
      } catch (error) {
        problem = error;
      }
      if (!this.#stop.signal.aborted) this.#whenTidied(problem);
    } while (this.#isAskedAgain && !this.#stop.signal.aborted);
  }

  /** Half a compressed file, and the original of a whole one. */
  async #removeLeftovers(): Promise<void> {
    const files = await this.#list();
    const compressed = new Set(files.filter(isWholeGzip).map(({ id }) => id));
    for (const { name, id, isCompressed, isTemporary } of files) {
      if (isTemporary || (!isCompressed && compressed.has(id))) await this.#remove(name);
    }
  }

  async #compressAll(): Promise<void> {
    const files = await this.#list();
    for (const { name, isCompressed, isTemporary } of files) {
      if (isCompressed || isTemporary || this.#stop.signal.aborted) continue;
      const temporary = this.#pathOf(`${name}.gz.tmp`);
      try {
        await compressFile(this.#pathOf(name), temporary, this.#options.mode, this.#stop.signal);
      } catch (error) {
        await this.#remove(`${name}.gz.tmp`).catch(() => {});
        throw error;
      }
      // Under its own name it is whole, whatever happens.
      await this.#fileSystem.rename(temporary, this.#pathOf(`${name}.gz`));
      await this.#remove(name);
    }
  }

  async #removeOldest(): Promise<void> {
    const { keepFiles, keepBytes } = this.#options;
    const files = (await this.#list()).filter(({ isTemporary }) => !isTemporary).reverse();
    let bytes = 0;
    for (const [place, { name }] of files.entries()) {
      if (place < keepFiles) bytes += await this.#sizeOf(name);
      if (place >= keepFiles || bytes > keepBytes) await this.#remove(name);
    }
  }

  /** The oldest first. */
  async #list(): Promise<ClosedName[]> {
    const names = await this.#fileSystem.readdir(this.#directory);
    return names
      .map((name) => this.#names.parse(name))
      .filter((closed) => closed !== undefined)
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  async #sizeOf(name: string): Promise<number> {
    try {
      return (await this.#fileSystem.stat(this.#pathOf(name))).size;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return 0;
      throw error;
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#fileSystem.unlink(this.#pathOf(name));
    } catch (error) {
      // Somebody else was faster.
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  #pathOf(name: string): string {
    return join(this.#directory, name);
  }
}

const isWholeGzip = ({ isCompressed, isTemporary }: ClosedName): boolean => isCompressed && !isTemporary;
