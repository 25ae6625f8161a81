import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import CliTable from 'cli-table3';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 12;

/** Whose code a profile's node is. */
function partOf(url: string, functionName: string): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.includes('/dist/src/')) return 'sfu-stats';
  if (url.includes('/dist/bench/')) return 'the loop itself';
  return 'Node and V8';
}

/** Microseconds of a profile by part, and of sfu-stats by function. */
export function sharesOf(profile: CpuProfile): {
  parts: Map<string, number>;
  functions: Map<string, number>;
} {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  profile.samples.forEach((id, n) => {
    const { url, functionName } = nodes.get(id)!;
    const us = profile.timeDeltas[n]!;
    const part = partOf(url, functionName);
    parts.set(part, (parts.get(part) ?? 0) + us);
    if (part !== 'sfu-stats') return;
    const name = `${functionName || '(anonymous)'} ${url.slice(url.indexOf('/dist/src/') + 10)}`;
    functions.set(name, (functions.get(name) ?? 0) + us);
  });
  return { parts, functions };
}

/**
 * Profiles the host thread under the load of the question `host-loop`, and prints where its time went.
 * @returns the profile's file, for a browser's DevTools
 */
export async function profileHostLoop(): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'sfu-stats-profile-')), 'host.cpuprofile');
  const child = fork(new URL('./questions/host-loop-process.js', import.meta.url), [
    'engine',
    '6',
    '100000',
    path,
  ]);
  await once(child, 'exit');
  const { parts, functions } = sharesOf(JSON.parse(readFileSync(path, 'utf8')) as CpuProfile);
  const total = [...parts.values()].reduce((sum, us) => sum + us, 0);
  const table = (head: string[], rows: Map<string, number>): string => {
    const drawn = new CliTable({ head, style: { head: [], border: [], compact: true } });
    const sorted = [...rows].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
    drawn.push(...sorted.map(([name, us]) => [name, `${((100 * us) / total).toFixed(2)} %`]));
    return drawn.toString();
  };
  console.log(table(['the host thread', 'of all time'], parts));
  console.log(table(['in sfu-stats', 'of all time'], functions));
  return path;
}
