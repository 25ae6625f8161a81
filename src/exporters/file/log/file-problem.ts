/** What can be wrong with a file: stable codes, match on these. */
export const FileProblemCode = {
  /** No room on the disk, or in the quota. */
  DISK_FULL: 'SFU_STATS_FILE_DISK_FULL',
  /** The directory is not there. */
  NO_DIRECTORY: 'SFU_STATS_FILE_NO_DIRECTORY',
  /** The process may not write there. */
  NOT_ALLOWED: 'SFU_STATS_FILE_NOT_ALLOWED',
  /** Another writer has the file. */
  LOCKED: 'SFU_STATS_FILE_LOCKED',
  /** What is there was not written by this exporter, and is left alone. */
  FOREIGN: 'SFU_STATS_FILE_FOREIGN',
  /** A last record that a crash had torn was cut off. */
  TORN: 'SFU_STATS_FILE_TORN',
  /** A batch that cannot be written was dropped. */
  BAD_BATCH: 'SFU_STATS_FILE_BAD_BATCH',
  /** Any other error of the system's. */
  IO: 'SFU_STATS_FILE_IO',
} as const;
export type FileProblemCode = (typeof FileProblemCode)[keyof typeof FileProblemCode];

const OF_SYSTEM: Readonly<Record<string, FileProblemCode>> = {
  ENOSPC: FileProblemCode.DISK_FULL,
  EDQUOT: FileProblemCode.DISK_FULL,
  EFBIG: FileProblemCode.DISK_FULL,
  ENOENT: FileProblemCode.NO_DIRECTORY,
  ENOTDIR: FileProblemCode.NO_DIRECTORY,
  EACCES: FileProblemCode.NOT_ALLOWED,
  EPERM: FileProblemCode.NOT_ALLOWED,
  EROFS: FileProblemCode.NOT_ALLOWED,
};

/** Something wrong with the file, its lock or its directory. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
  readonly code: FileProblemCode;

  constructor(code: FileProblemCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** An error of the system's in its place among the codes. */
  static of(error: unknown): FileProblem {
    if (error instanceof FileProblem) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new FileProblem(OF_SYSTEM[systemCode(error) ?? ''] ?? FileProblemCode.IO, message, error);
  }

  /** The code, then words. */
  get text(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** `ENOENT` and the like. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
