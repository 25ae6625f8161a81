import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExporterReport } from '../../../dist/src/exporters/exporter.js';
import { ExporterBooks } from '../../../dist/src/exporters/exporter-books.js';
import { FileExporter } from '../../../dist/src/exporters/file/file-exporter.js';
import { type FileOptions, resolveFileOptions } from '../../../dist/src/exporters/file/file-options.js';
import {
  type FileSystem,
  type OpenFile,
  realFileSystem,
} from '../../../dist/src/exporters/file/log/file-system.js';
import { type ExportDamage, ExportRecord, readExportFile } from '../../../dist/src/index.js';
import { createExporterBooks, ExporterWords } from '../../../dist/src/memory/exporter-books.js';

/** A system's error. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

/** The real file system, until it is told to fail. What is written counts in `written`. */
export class FaultyFileSystem implements FileSystem {
  readonly stat = realFileSystem.stat;
  readonly link = realFileSystem.link;
  readonly readText = realFileSystem.readText;
  readonly unlink = realFileSystem.unlink;
  readonly readdir = realFileSystem.readdir;
  readonly utimes = realFileSystem.utimes;
  readonly create = realFileSystem.create;
  readonly syncDirectory = realFileSystem.syncDirectory;
  /** Every write fails with this code. */
  failWrites: string | undefined;
  /** So many bytes more fit on the disk. */
  room = Number.POSITIVE_INFINITY;
  /** Writes go to /dev/full, which the kernel refuses. */
  isFull = false;
  failSyncs: string | undefined;
  failRenames: string | undefined;
  /** A write takes at most so many bytes, and says so. */
  shortWrites = Number.POSITIVE_INFINITY;
  syncs = 0;
  #waiting: (() => void)[] | undefined;

  /** From now on writes wait. */
  stall(): void {
    this.#waiting ??= [];
  }

  /** Everything works again, and what waited goes on. */
  recover(): void {
    this.failWrites = undefined;
    this.isFull = false;
    this.room = Number.POSITIVE_INFINITY;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const go of waiting) go();
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.failRenames !== undefined) throw systemError(this.failRenames);
    return realFileSystem.rename(from, to);
  }

  async openLog(path: string, mode: number): Promise<OpenFile> {
    const real = (await realFileSystem.openLog(path, mode)) as FileHandle;
    const full = await open('/dev/full', 'a');
    const write = (async (bytes: Uint8Array, from: number, length: number) => {
      const waiting = this.#waiting;
      if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      if (this.failWrites !== undefined) throw systemError(this.failWrites);
      if (this.isFull) return full.write(bytes, from, length);
      if (this.room === 0) throw systemError('ENOSPC');
      const taken = Math.min(length, this.room, this.shortWrites);
      this.room -= taken;
      return real.write(bytes, from, taken, null);
    }) as OpenFile['write'];
    return {
      write,
      read: real.read.bind(real) as OpenFile['read'],
      stat: real.stat.bind(real) as OpenFile['stat'],
      truncate: (length) => real.truncate(length),
      sync: () => real.sync(),
      datasync: async () => {
        this.syncs++;
        if (this.failSyncs !== undefined) throw systemError(this.failSyncs);
        await real.datasync();
      },
      close: async () => {
        await full.close();
        await real.close();
      },
    };
  }
}

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A file exporter in a folder of its own, with what it says. */
export class FileRig {
  readonly folder: string;
  readonly path: string;
  readonly fileSystem = new FaultyFileSystem();
  readonly words = createExporterBooks();
  readonly reports: ExporterReport[] = [];
  readonly logged: LogLine[] = [];
  readonly exporter: FileExporter;

  constructor(options: Partial<FileOptions> = {}, folder = mkdtempSync(join(tmpdir(), 'sfu-stats-file-'))) {
    this.folder = folder;
    this.path = options.path ?? join(folder, options.form === 'msgpack' ? 'stats.msgpack' : 'stats.jsonl');
    this.exporter = new FileExporter(
      resolveFileOptions({ retryMinMs: 5, retryMaxMs: 20, ...options, path: this.path }),
      {
        books: new ExporterBooks(this.words),
        report: (report) => this.reports.push(report),
        log: (level, fields, message) =>
          this.logged.push({ level, fields: fields as LogLine['fields'], message }),
      },
      this.fileSystem,
    );
  }

  get report(): ExporterReport {
    return this.reports.at(-1)!;
  }

  get errors(): number {
    return this.words[ExporterWords.ERRORS]!;
  }

  get sentBatches(): number {
    return this.words[ExporterWords.SENT]!;
  }

  /** The exporter if it is open, and the folder. */
  async dispose(): Promise<void> {
    this.fileSystem.recover();
    await this.exporter.close(5_000);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface ReadBack {
  readonly records: ExportRecord[];
  readonly damages: ExportDamage[];
}

export async function readBack(source: string | AsyncIterable<Uint8Array>): Promise<ReadBack> {
  const records: ExportRecord[] = [];
  const damages: ExportDamage[] = [];
  for await (const entry of readExportFile(source)) {
    if (entry instanceof ExportRecord) records.push(entry);
    else damages.push(entry);
  }
  return { records, damages };
}

/** Ids of the stats and events in a file, in order. */
export async function idsIn(source: string | AsyncIterable<Uint8Array>): Promise<unknown[]> {
  return (await readBack(source)).records.map(({ json }) => json?.id);
}

/** Bytes in chunks of any size, as a source. */
export async function* chunksOf(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
