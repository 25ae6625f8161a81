import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { FileProblem, FileProblemCode, systemCode } from './file-problem.js';
import type { FileSystem } from './file-system.js';
import { born, gone, type LockOwner, lives, parseOwner } from './lock-owner.js';

/** A lock of another machine, or one that cannot be read, is stale when it was not refreshed for so long. */
const STALE_MS = 120_000;
/** Where a file can have but one name, a lock is unsigned for a moment. */
const UNSIGNED_MS = 10_000;
const HAS_NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);
const UUID = /^[0-9a-f-]{36}$/;
const ATTEMPTS = 3;

/**
 * Keeps two writers from one file: a file beside it, `PATH.lock`, that is made by one of them alone and names him. It
 * is stale when its owner is dead: then it is taken over.
 */
export class LockFile {
  readonly #path: string;
  readonly #mode: number;
  readonly #fileSystem: FileSystem;
  readonly #owner: LockOwner;
  readonly #text: string;
  #isHeld = false;

  constructor(path: string, mode: number, fileSystem: FileSystem) {
    this.#path = `${path}.lock`;
    this.#mode = mode;
    this.#fileSystem = fileSystem;
    this.#owner = born(randomUUID());
    this.#text = `${JSON.stringify(this.#owner)}\n`;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** @throws FileProblem LOCKED, naming who has it, or what the system says */
  async take(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.#isHeld; attempt++) {
      try {
        await this.#create(this.#text);
        this.#isHeld = true;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
        await this.#removeStale();
      }
    }
    if (!this.#isHeld) throw new FileProblem(FileProblemCode.LOCKED, 'others want the file at this moment');
    await this.#removeLeftovers().catch(() => {});
  }

  /**
   * Shows that its owner lives.
   * @throws FileProblem LOCKED when it was lost: somebody removed it, or took it for stale
   */
  async refresh(): Promise<void> {
    const text = await this.#read();
    if (text !== this.#text) {
      this.#isHeld = false;
      throw new FileProblem(FileProblemCode.LOCKED, `${this.#path} was lost${named(text)}`);
    }
    const now = new Date();
    await this.#fileSystem.utimes(this.#path, now, now);
  }

  /** Gives it up, for good. Never rejects. */
  async release(): Promise<void> {
    try {
      if (this.#isHeld && (await this.#read()) === this.#text) await this.#fileSystem.unlink(this.#path);
    } catch {
      // It names somebody who is gone, and so is stale.
    }
    this.#isHeld = false;
    gone(this.#owner.instance);
  }

  /** Makes the lock with its text in it: a crash in between would leave one that is nobody's. */
  async #create(text: string): Promise<void> {
    const unnamed = `${this.#path}.${randomUUID()}`;
    try {
      await this.#fileSystem.create(unnamed, text, this.#mode);
      await this.#fileSystem.link(unnamed, this.#path);
    } catch (error) {
      if (!HAS_NO_LINKS.has(systemCode(error) ?? '')) throw error;
      await this.#fileSystem.create(this.#path, text, this.#mode);
    } finally {
      await this.#fileSystem.unlink(unnamed).catch(() => {});
    }
  }

  /** What a crash left of locks that were being made, or taken over. */
  async #removeLeftovers(): Promise<void> {
    const directory = dirname(this.#path);
    const beginning = `${basename(this.#path)}.`;
    for (const name of await this.#fileSystem.readdir(directory)) {
      if (!name.startsWith(beginning) || !UUID.test(name.slice(beginning.length))) continue;
      await this.#fileSystem.unlink(join(directory, name)).catch(() => {});
    }
  }

  /** The lock's text; undefined where there is none. */
  async #read(): Promise<string | undefined> {
    try {
      return await this.#fileSystem.readText(this.#path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Removes the lock of one who is dead. @throws FileProblem LOCKED for that of one who is not */
  async #removeStale(): Promise<void> {
    const text = await this.#read();
    if (text === undefined) return;
    if (!(await this.#isStale(text))) {
      throw new FileProblem(FileProblemCode.LOCKED, `${this.#path} is held${named(text)}`);
    }
    // It is taken away by one of those who found it stale; what he took may be another's who was faster.
    const aside = `${this.#path}.${randomUUID()}`;
    try {
      await this.#fileSystem.rename(this.#path, aside);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    const taken = await this.#fileSystem.readText(aside);
    await this.#fileSystem.unlink(aside);
    if (taken !== text) await this.#create(taken).catch(() => {});
  }

  async #isStale(text: string): Promise<boolean> {
    let staleMs = STALE_MS;
    try {
      const isAlive = lives(parseOwner(text), this.#owner);
      if (isAlive !== undefined) return !isAlive;
    } catch {
      staleMs = UNSIGNED_MS;
    }
    try {
      const { mtimeMs } = await this.#fileSystem.stat(this.#path);
      return Math.abs(Date.now() - mtimeMs) > staleMs;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return true;
      throw error;
    }
  }
}

/** Who has a lock, as far as it says. */
function named(text: string | undefined): string {
  if (text === undefined) return '';
  try {
    const { host, pid } = parseOwner(text);
    return ` by process ${pid} of ${JSON.stringify(host.slice(0, 64))}`;
  } catch {
    return ' by somebody who has not signed it';
  }
}
