import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';

/** Where a program lies, if it is installed. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * A `test` for what needs a program: where it is not installed the test is skipped and says how to install it; with
 * `CI=true` it fails instead.
 */
export function needsProgram(
  program: string,
  install: string,
): (name: string, run: () => Promise<void> | void) => void {
  if (findProgram(program) !== undefined) return (name, run) => test(name, run);
  const note = `needs ${program}: ${install}`;
  if (process.env.CI === 'true') {
    return (name) =>
      test(name, () => {
        throw new Error(note);
      });
  }
  // Not every reporter shows why a test was skipped.
  console.warn(`tests are skipped: ${note}`);
  return (name) => test(`${name} (${note})`, ({ skip }) => skip(note));
}
