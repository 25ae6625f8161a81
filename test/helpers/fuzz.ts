import { reasonOf } from '../../dist/src/errors.js';
import { FuzzWatchdog } from './fuzz-watchdog.js';
import { heapInUse } from './heap.js';
import { SeededRandom } from './seeded-random.js';

export interface FuzzPlan {
  readonly name: string;
  readonly cases: number;
  readonly seed: number;
  /** What the heap may have grown by since the first third, bytes: caches that fill, code that is compiled. @default 8 MiB */
  readonly mayGrow?: number;
  /** Cases of which a turn of the event loop is given after. @default 256 */
  readonly turn?: number;
  /** One case that takes longer ends the process, milliseconds. @default 20000 */
  readonly longestMs?: number;
}

export interface FuzzFigures {
  readonly cases: number;
  readonly perSecond: number;
  /** How often cases ended how. */
  readonly ends: Readonly<Record<string, number>>;
  readonly grownBytes: number;
}

/**
 * Runs cases, each with random numbers of its own, and says how they ended; a case that throws ends the run, and the
 * error names it; one that hangs ends the process, and is named on standard error. Prints the figures.
 * @param one tells in a word how its case ended
 * @throws Error of the case; or that memory grew
 */
export async function fuzz(
  { name, cases, seed, mayGrow = 8 * 2 ** 20, turn = 256, longestMs = 20_000 }: FuzzPlan,
  one: (random: SeededRandom, n: number) => string | Promise<string>,
): Promise<FuzzFigures> {
  const ends: Record<string, number> = {};
  await using watchdog = await FuzzWatchdog.start(name, seed, longestMs);
  const third = Math.floor(cases / 3);
  let before = Number.NaN;
  let spentMs = 0;
  let since = performance.now();
  for (let n = 0; n < cases; n++) {
    watchdog.began(n);
    try {
      const ended = one(new SeededRandom(seed + n), n);
      const end = typeof ended === 'string' ? ended : await ended;
      ends[end] = (ends[end] ?? 0) + 1;
    } catch (cause) {
      throw new Error(`${name}: case ${n} of seed ${seed}: ${reasonOf(cause)}`, { cause });
    }
    watchdog.ended();
    if (n % turn === turn - 1) await new Promise((resolve) => setImmediate(resolve));
    if (n !== third) continue;
    spentMs += performance.now() - since;
    before = await heapInUse();
    since = performance.now();
  }
  spentMs += performance.now() - since;
  const grownBytes = (await heapInUse()) - before;
  const figures = { cases, perSecond: Math.round((1_000 * cases) / spentMs), ends, grownBytes };
  console.info(`${name}: ${JSON.stringify(figures)}`);
  if (grownBytes > mayGrow) throw new Error(`${name}: ${grownBytes} bytes more after ${cases - third} cases`);
  return figures;
}
