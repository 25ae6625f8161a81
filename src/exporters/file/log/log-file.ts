import { dirname } from 'node:path';
import { type FileForm, FORM_RULES } from '../forms/file-forms.js';
import { FileProblem, FileProblemCode, systemCode } from './file-problem.js';
import type { FileSystem, OpenFile } from './file-system.js';
import { inspectFile } from './whole-end.js';

/** What was found when the file was opened. */
export interface Opened {
  /** Bytes of a torn last record that were cut off. */
  readonly tornBytes: number;
  /** Why the file that is there is not gone on with; it is not open then. */
  readonly retired?: string;
}

/** The end of what is whole in a file that this exporter wrote itself. */
interface KnownEnd {
  readonly device: number;
  readonly inode: number;
  readonly end: number;
}

/**
 * The file that is written to. What is written counts once it is committed; until then it can be cut off again, also
 * after the file was closed by an error and opened once more. One call at a time.
 */
export class LogFile {
  readonly #path: string;
  readonly #form: FileForm;
  readonly #mode: number;
  readonly #fileSystem: FileSystem;
  #file: OpenFile | undefined;
  #device = 0;
  #inode = 0;
  #openedAtMs = 0;
  #size = 0;
  #end = 0;
  #isSynced = true;
  #known: KnownEnd | undefined;

  constructor(path: string, form: FileForm, mode: number, fileSystem: FileSystem) {
    this.#path = path;
    this.#form = form;
    this.#mode = mode;
    this.#fileSystem = fileSystem;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Bytes that are committed. */
  get size(): number {
    return this.#end;
  }

  get hasRecords(): boolean {
    return this.#end > FORM_RULES[this.#form].header.length;
  }

  /** Since the file was made, also by an earlier process. */
  get ageMs(): number {
    return performance.now() - this.#openedAtMs;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** @throws FileProblem FOREIGN, or what the system says */
  async open(): Promise<Opened> {
    await this.#refuseWhatIsNoFile();
    const file = await this.#fileSystem.openLog(this.#path, this.#mode);
    this.#file = file;
    try {
      const opened = await this.#resume(file);
      if (opened.retired !== undefined) await this.#leave(file);
      return opened;
    } catch (error) {
      await this.#leave(file).catch(() => {});
      throw error;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#isSynced = false;
    for (let from = 0; from < bytes.length; ) {
      const { bytesWritten } = await this.#file!.write(bytes, from, bytes.length - from, null);
      if (bytesWritten === 0) throw new FileProblem(FileProblemCode.IO, 'nothing was written');
      from += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /** What was written is whole, and stays. */
  commit(): void {
    this.#end = this.#size;
  }

  /** Cuts off what was written since the last commit. */
  async cutBack(): Promise<void> {
    const file = this.#file!;
    const { size } = await file.stat();
    if (size > this.#end) await file.truncate(this.#end);
    this.#size = this.#end;
  }

  /** Forces what was written to the disk. */
  async sync(): Promise<void> {
    await this.#file!.datasync();
    this.#isSynced = true;
  }

  /** Whether the path still leads to the file: it may have been moved, or removed. */
  async isInPlace(): Promise<boolean> {
    try {
      const { dev, ino } = await this.#fileSystem.stat(this.#path);
      return dev === this.#device && ino === this.#inode;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Closes it after something went wrong; what is not committed is cut off, now or when it is opened. Never rejects. */
  async abandon(): Promise<void> {
    if (this.#file === undefined) return;
    await this.cutBack().catch(() => {});
    await this.close().catch(() => {});
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#known = { device: this.#device, inode: this.#inode, end: this.#end };
    await file.close();
  }

  /** Closes a file that was not opened in the end: nothing is known of it. */
  #leave(file: OpenFile): Promise<void> {
    this.#file = undefined;
    return file.close();
  }

  /** Closes it, and forgets what of it was this exporter's. */
  async letGo(): Promise<void> {
    await this.close();
    this.#known = undefined;
  }

  async #refuseWhatIsNoFile(): Promise<void> {
    try {
      if (!(await this.#fileSystem.stat(this.#path)).isFile()) {
        throw new FileProblem(FileProblemCode.FOREIGN, `${this.#path} is not a file`);
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  async #resume(file: OpenFile): Promise<Opened> {
    const { size, dev, ino, birthtimeMs, mtimeMs } = await file.stat();
    const known = this.#known;
    const isKnown = known?.device === dev && known.inode === ino && known.end <= size;
    this.#device = dev;
    this.#inode = ino;
    this.#size = size;
    this.#end = size;
    this.#isSynced = false;
    const bornMs = birthtimeMs > 0 ? birthtimeMs : mtimeMs;
    this.#openedAtMs = performance.now() - (size === 0 ? 0 : Math.max(0, Date.now() - bornMs));
    if (isKnown) this.#end = known.end;
    else if (size > 0) {
      const found = await inspectFile(file, size, this.#form);
      if (found.state === 'foreign') {
        throw new FileProblem(FileProblemCode.FOREIGN, `${this.#path} is not a file of this exporter`);
      }
      if (found.state === 'retired') {
        return { tornBytes: 0, retired: found.why };
      }
      this.#end = found.end;
    }
    await this.cutBack();
    const tornBytes = isKnown ? 0 : size - this.#end;
    if (this.#end === 0) await this.#begin();
    return { tornBytes };
  }

  async #begin(): Promise<void> {
    await this.write(FORM_RULES[this.#form].header);
    this.commit();
    // Not every file system can.
    await this.#fileSystem.syncDirectory(dirname(this.#path)).catch(() => {});
  }
}
