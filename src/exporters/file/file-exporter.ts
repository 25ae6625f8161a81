import { ExportDrop } from '../../memory/exporter-books.js';
import type { Batch } from '../batch.js';
import { ExportQueue } from '../export-queue.js';
import { type Exporter, type ExporterReport, ExporterState, type ExporterSurroundings } from '../exporter.js';
import type { ExporterBooks } from '../exporter-books.js';
import { FsyncPolicy, type ResolvedFileOptions } from './file-options.js';
import { BadBatch } from './forms/batch-items.js';
import { FORM_RULES } from './forms/file-forms.js';
import { SharedPieces } from './forms/shared-pieces.js';
import { FileProblem, FileProblemCode } from './log/file-problem.js';
import { type FileSystem, realFileSystem } from './log/file-system.js';
import { LogKeeper } from './log/log-keeper.js';
import { Pause } from './pause.js';

/** Batches that one fsync is for, at most. */
const GROUP_BATCHES = 64;
const GROUP_BYTES = 8 * 2 ** 20;
/** What is under way when the time to close is over may take so much longer. */
const GRACE_MS = 250;

/** The time to close is over: what is not written is dropped. */
class TimeIsOver extends Error {}

/**
 * Writes every batch to a file, in the order they come. A batch is sent when it is written, and with `fsync: 'batch'`
 * when it is on the disk; until then it stays in the queue, and what of it is in the file already is cut off again
 * where that fails. Timer thread, whose loop it holds for about a millisecond at a time: bytes are made piece by
 * piece, and every file operation is asynchronous.
 */
export class FileExporter implements Exporter {
  readonly name = 'file';
  readonly books: ExporterBooks;
  readonly #options: ResolvedFileOptions;
  readonly #surroundings: ExporterSurroundings;
  readonly #queue: ExportQueue;
  readonly #keeper: LogKeeper;
  readonly #pause = new Pause();
  readonly #ended: Promise<void>;
  #failures = 0;
  #isClosing = false;
  #isOver = false;
  #closed: Promise<number> | undefined;
  #problem: FileProblem | undefined;
  #closedFilesProblem: FileProblem | undefined;
  #reported: ExporterReport | undefined;

  constructor(
    options: ResolvedFileOptions,
    surroundings: ExporterSurroundings,
    fileSystem: FileSystem = realFileSystem,
  ) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.books = surroundings.books;
    this.#queue = new ExportQueue(options, this.books);
    this.#keeper = new LogKeeper(options, fileSystem, {
      found: (problem) => this.#tell('warn', problem),
      closedFiles: (problem) => this.#closedFiles(problem),
    });
    this.#report(ExporterState.STARTING);
    this.#ended = this.#run();
  }

  write(batch: Batch): boolean {
    if (!this.#queue.offer(batch)) return false;
    this.#piecesOf(batch).hold();
    this.#pause.wake();
    return true;
  }

  close(deadlineMs: number): Promise<number> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<number> {
    this.#isClosing = true;
    this.#queue.refuse();
    this.#pause.wake();
    await within(deadlineMs, this.#ended);
    this.#isOver = true;
    this.#pause.wake();
    await within(GRACE_MS, this.#ended);
    const left = this.#queue.length;
    this.#settle(left, (count) => this.#queue.drop(count, ExportDrop.CLOSED));
    this.#report(ExporterState.CLOSED);
    return left;
  }

  /** Until it is closed. Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#keeper.tend();
        if (this.#queue.length > 0) await this.#writeFirst(this.#groupLength());
        this.#works();
        if (this.#queue.length > 0) continue;
        if (this.#isClosing) break;
        await this.#pause.wait(this.#keeper.dueAtMs - performance.now());
      } catch (error) {
        if (error instanceof TimeIsOver) {
          await this.#keeper.file.cutBack().catch(() => {});
          break;
        }
        await this.#keeper.abandon();
        this.#fails(FileProblem.of(error));
        if (this.#isClosing && this.#queue.length === 0) break;
        await this.#backOff();
        if (this.#queue.length > 0) this.books.retried();
      }
    }
    await this.#keeper.close().catch((error: unknown) => this.#tell('error', FileProblem.of(error)));
  }

  /** How many of the first batches go to the disk together. */
  #groupLength(): number {
    if (this.#options.fsync !== FsyncPolicy.BATCH) return 1;
    let count = 0;
    let bytes = 0;
    while (count < Math.min(this.#queue.length, GROUP_BATCHES) && bytes < GROUP_BYTES) {
      bytes += this.#queue.at(count++)!.bytes.length;
    }
    return count;
  }

  /** Writes the first batches, all or none. */
  async #writeFirst(count: number): Promise<void> {
    const { file } = this.#keeper;
    for (let n = 0; n < count; n++) {
      try {
        await this.#writePieces(this.#piecesOf(this.#queue.at(n)!));
      } catch (error) {
        if (!(error instanceof BadBatch)) throw error;
        await file.cutBack();
        if (this.#isOver) throw new TimeIsOver();
        if (n > 0) await this.#writeFirst(n);
        this.#tell('error', new FileProblem(FileProblemCode.BAD_BATCH, error.message));
        this.#settle(1, () => this.#queue.drop(1, ExportDrop.REFUSED));
        return;
      }
    }
    if (this.#options.fsync === FsyncPolicy.BATCH) await this.#keeper.sync();
    if (this.#isOver) throw new TimeIsOver();
    file.commit();
    this.#settle(count, () => this.#queue.sent(count));
  }

  async #writePieces(pieces: SharedPieces): Promise<void> {
    const { file } = this.#keeper;
    for (let n = 0; ; n++) {
      const piece = pieces.at(n);
      if (piece === undefined) return;
      await file.write(piece);
      if (this.#isOver) throw new TimeIsOver();
    }
  }

  /** Takes the first batches out of the queue, and lets go of what they were written as. */
  #settle(count: number, take: (count: number) => void): void {
    for (let n = 0; n < count; n++) this.#piecesOf(this.#queue.at(n)!).release();
    take(count);
  }

  #piecesOf(batch: Batch): SharedPieces {
    const { form } = this.#options;
    return SharedPieces.of(batch, `file-${form}`, FORM_RULES[form].pieces);
  }

  async #backOff(): Promise<void> {
    const { retryMinMs, retryMaxMs } = this.#options;
    const ms = this.#isClosing ? retryMinMs : retryMinMs * 2 ** Math.min(this.#failures - 1, 30);
    const endMs = performance.now() + Math.min(ms, retryMaxMs);
    // What comes in meanwhile has to wait too; only the end has not.
    const wasClosing = this.#isClosing;
    for (let restMs = endMs - performance.now(); restMs > 0; restMs = endMs - performance.now()) {
      await this.#pause.wait(restMs);
      if (this.#isOver || (this.#isClosing && !wasClosing)) return;
    }
  }

  #works(): void {
    if (this.#problem !== undefined) {
      this.#surroundings.log(
        'info',
        { exporter: this.name, path: this.#options.path },
        'the file works again',
      );
    }
    this.#failures = 0;
    this.#problem = undefined;
    this.#report();
  }

  #fails(problem: FileProblem): void {
    this.#failures++;
    const isNew = this.#problem?.code !== problem.code;
    this.#problem = problem;
    if (isNew) this.#tell('error', problem);
    else this.books.failed();
    this.#report();
  }

  #closedFiles(problem: FileProblem | undefined): void {
    const isNew = this.#closedFilesProblem?.code !== problem?.code;
    this.#closedFilesProblem = problem;
    if (problem !== undefined) {
      if (isNew) this.#tell('error', problem);
      else this.books.failed();
    }
    this.#report();
  }

  #tell(level: 'warn' | 'error', problem: FileProblem): void {
    this.books.failed();
    const fields = { exporter: this.name, path: this.#options.path, code: problem.code };
    this.#surroundings.log(level, fields, problem.message);
  }

  #report(given?: ExporterState): void {
    const problem = this.#problem ?? this.#closedFilesProblem;
    const state = given ?? (problem === undefined ? ExporterState.RUNNING : ExporterState.FAILING);
    const error = problem?.text ?? '';
    const reported = this.#reported;
    if (reported?.state === ExporterState.CLOSED) return;
    if (reported?.state === state && reported.error === error) return;
    this.#reported = { state, address: this.#options.path, error };
    this.#surroundings.report(this.#reported);
  }
}

/** Resolves when a promise does, or after some milliseconds. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
