import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where a bench ran. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** "" outside of a repository; ends in "+" where files differ from it. */
  readonly commit: string;
  readonly date: string;
  /** Load of the last minute when the bench began: above 0 the machine was shared. */
  readonly load: number;
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

export function environment(): Environment {
  const changed =
    git('status', '--porcelain', '--', 'src', 'workers', 'bench', ':!bench/results.json') !== '';
  const commit = git('rev-parse', '--short', 'HEAD');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    commit: commit && changed ? `${commit}+` : commit,
    date: new Date().toISOString().slice(0, 10),
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}
