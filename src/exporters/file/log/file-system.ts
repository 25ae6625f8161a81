import { constants } from 'node:fs';
import {
  type FileHandle,
  link,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';

/** What is used of an open file. */
export type OpenFile = Pick<
  FileHandle,
  'write' | 'read' | 'stat' | 'truncate' | 'datasync' | 'sync' | 'close'
>;

/** What is used of the file system; a test puts one that fails in its place. */
export interface FileSystem {
  /** Opens to append and to read, made if it is not there. */
  openLog(path: string, mode: number): Promise<OpenFile>;
  /** Makes a file that must not be there, with something in it. */
  create(path: string, content: string, mode: number): Promise<void>;
  readText(path: string): Promise<string>;
  stat: typeof stat;
  /** Gives a file a second name, which must not be there. */
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  utimes: typeof utimes;
  /** Makes the names in a directory last. */
  syncDirectory(path: string): Promise<void>;
}

/** Never waits to open what is no file: a pipe has nobody at its other end. */
const LOG_FLAGS = constants.O_APPEND | constants.O_RDWR | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

export const realFileSystem: FileSystem = {
  openLog: (path, mode) => open(path, LOG_FLAGS, mode),
  async create(path, content, mode) {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  },
  readText: (path) => readFile(path, 'utf8'),
  stat,
  link,
  rename,
  unlink,
  readdir: (path) => readdir(path),
  utimes,
  async syncDirectory(path) {
    // Windows opens no directories, and needs none of this.
    if (process.platform === 'win32') return;
    const directory = await open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};
