import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface TemporaryFolder {
  readonly path: string;
  /** Writes a file; returns its path. */
  fileOf(name: string, content: string | Uint8Array): string;
}

/** A folder for the tests of one file, removed after them. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'sfu-stats-test-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return {
    path,
    fileOf(name, content) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
  };
}
