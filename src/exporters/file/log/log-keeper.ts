import { FsyncPolicy, type ResolvedFileOptions } from '../file-options.js';
import { ClosedFiles } from './closed-files.js';
import { FileProblem, FileProblemCode } from './file-problem.js';
import type { FileSystem } from './file-system.js';
import { LockFile } from './lock-file.js';
import { LogFile } from './log-file.js';

/** How often, at most, it is looked whether the file is still there and the lock still held. */
const WATCH_MS = 1_000;
/** A lock is refreshed at least so often, also when nothing is written. */
const IDLE_WATCH_MS = 20_000;
/** The wait before a file that could not be closed and renamed is tried again. */
const ROTATE_AGAIN_MS = 10_000;

/** What a keeper tells of, beside the errors it throws. */
export interface KeeperEvents {
  /** Something was found and dealt with: a torn record, a damaged file. */
  readonly found: (problem: FileProblem) => void;
  /** The closed files could not be seen to; undefined: they could again. */
  readonly closedFiles: (problem: FileProblem | undefined) => void;
}

/** Keeps the file open that is written to: with its lock, through rotation and fsync. One call at a time. */
export class LogKeeper {
  readonly #options: ResolvedFileOptions;
  readonly #events: KeeperEvents;
  readonly #file: LogFile;
  readonly #lock: LockFile;
  readonly #closed: ClosedFiles;
  #watchedAtMs = 0;
  #syncedAtMs = 0;
  #rotateFromMs = 0;
  #hasTidied = false;

  constructor(options: ResolvedFileOptions, fileSystem: FileSystem, events: KeeperEvents) {
    this.#options = options;
    this.#events = events;
    this.#file = new LogFile(options.path, options.form, options.mode, fileSystem);
    this.#lock = new LockFile(options.path, options.mode, fileSystem);
    this.#closed = new ClosedFiles(options, fileSystem, (error) =>
      events.closedFiles(error === undefined ? undefined : FileProblem.of(error)),
    );
  }

  get file(): LogFile {
    return this.#file;
  }

  /** Does what is due: opens, closes what is full or old, looks after the lock, forces to the disk. */
  async tend(): Promise<void> {
    const nowMs = performance.now();
    if (this.#file.isOpen && nowMs >= this.#watchedAtMs + WATCH_MS) await this.#watch(nowMs);
    if (!this.#file.isOpen) await this.#open();
    if (this.#isFull && nowMs >= this.#rotateFromMs) await this.#rotate();
    if (this.#options.fsync === FsyncPolicy.INTERVAL && nowMs >= this.#syncDueMs) await this.sync();
  }

  /** When something is due, if nothing is written until then; `performance.now()`. */
  get dueAtMs(): number {
    let dueAtMs = this.#watchedAtMs + IDLE_WATCH_MS;
    if (this.#options.fsync === FsyncPolicy.INTERVAL) dueAtMs = Math.min(dueAtMs, this.#syncDueMs);
    if (this.#isFull) dueAtMs = Math.min(dueAtMs, this.#rotateFromMs);
    else if (this.#file.hasRecords) {
      const rotateAtMs = performance.now() + this.#options.maxFileAgeMs - this.#file.ageMs;
      dueAtMs = Math.min(dueAtMs, rotateAtMs);
    }
    return dueAtMs;
  }

  async sync(): Promise<void> {
    this.#syncedAtMs = performance.now();
    if (!this.#file.isSynced) await this.#file.sync();
  }

  /** Closes the file after an error; it is opened again by `tend`. Never rejects. */
  abandon(): Promise<void> {
    return this.#file.abandon();
  }

  /** Gives up the file and its lock. @throws what goes wrong with the last fsync and close */
  async close(): Promise<void> {
    try {
      await this.#closed.close();
      if (this.#file.isOpen && this.#options.fsync !== FsyncPolicy.NEVER) await this.sync();
      await this.#file.close();
    } finally {
      await this.#file.abandon();
      await this.#lock.release();
    }
  }

  get #syncDueMs(): number {
    if (this.#file.isSynced || !this.#file.isOpen) return Number.POSITIVE_INFINITY;
    return this.#syncedAtMs + this.#options.fsyncIntervalMs;
  }

  get #isFull(): boolean {
    const { maxFileBytes, maxFileAgeMs } = this.#options;
    const file = this.#file;
    return file.isOpen && file.hasRecords && (file.size >= maxFileBytes || file.ageMs >= maxFileAgeMs);
  }

  async #open(): Promise<void> {
    if (!this.#lock.isHeld) await this.#lock.take();
    this.#watchedAtMs = performance.now();
    let opened = await this.#file.open();
    if (opened.retired !== undefined) {
      await this.#closed.retire();
      const words = `${this.#options.path} was put aside: ${opened.retired}`;
      this.#events.found(new FileProblem(FileProblemCode.FOREIGN, words));
      opened = await this.#file.open();
    }
    if (opened.tornBytes > 0) {
      const words = `a torn last record of ${opened.tornBytes} bytes was cut off`;
      this.#events.found(new FileProblem(FileProblemCode.TORN, words));
    }
    if (!this.#hasTidied) this.#closed.tidy();
    this.#hasTidied = true;
  }

  /** Another may have the file now, or it may be another file: what was known of it is worth nothing then. */
  async #watch(nowMs: number): Promise<void> {
    this.#watchedAtMs = nowMs;
    try {
      await this.#lock.refresh();
    } catch (error) {
      await this.#file.letGo();
      throw error;
    }
    if (!(await this.#file.isInPlace())) await this.#file.letGo();
  }

  /** A file that cannot be closed and renamed is written to further, and the error told. */
  async #rotate(): Promise<void> {
    try {
      if (this.#options.fsync !== FsyncPolicy.NEVER) await this.sync();
      await this.#file.close();
      await this.#closed.retire();
    } catch (error) {
      this.#rotateFromMs = performance.now() + ROTATE_AGAIN_MS;
      this.#events.closedFiles(FileProblem.of(error));
    }
    if (!this.#file.isOpen) await this.#open();
  }
}
