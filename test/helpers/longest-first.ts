import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of the faults, the longest first. */
const LONGEST = ['leaks', 'stats-worker-kills', 'timer-death-exporters', 'file-kills', 'starved-hosts'].map(
  (name) => `/test/faults/${name}.test.ts`,
);

/**
 * Starts with the files that take longest: a fresh clone has no times of an earlier run, and the largest files, which
 * it would begin with, are not those; the last one would run for a minute by itself.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((end) => moduleId.endsWith(end));
      return at < 0 ? LONGEST.length : at;
    };
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
