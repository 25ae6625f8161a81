import type { Audit } from '../../dist/src/index.js';
import { type EngineUnderTest, startEngine } from './engine.js';
import type { Mutant } from './mutant.js';
import { SeededRandom } from './seeded-random.js';
import { type Fate, MortalWorkers } from './thread-drill.js';
import { WindowLoad } from './window-load.js';
import { reportedRows } from './window-tally.js';

/** Decides how each stats worker is to end, and counts the ends that came. */
class Fates {
  readonly ends = { terminated: 0, throw: 0, exit: 0, memory: 0, boot: 0 };
  readonly #random: SeededRandom;
  readonly #longestLife: number;
  #bootsSpared = 0;
  #drains = 0;
  /** No more ends. */
  isOver = false;

  constructor(random: SeededRandom, longestLife: number) {
    this.#random = random;
    this.#longestLife = longestLife;
  }

  get kills(): number {
    const { terminated, throw: thrown, exit, memory, boot } = this.ends;
    return terminated + thrown + exit + memory + boot;
  }

  of(asks: 'boot' | 'drain'): Fate {
    const random = this.#random;
    if (this.isOver) return { how: 'live', after: 0 };
    if (asks === 'boot') {
      // One that dies while it boots wedges the pool for seconds: rarely, and never twice in a row.
      if (this.#bootsSpared++ < 25) return { how: 'live', after: 0 };
      this.#bootsSpared = 0;
      return { how: random.pick(['throw', 'exit']), after: 0 };
    }
    // It takes a second to run out of memory.
    if (++this.#drains % 30 === 0) return { how: 'memory', after: random.int(1, 20) };
    const how = random.pick(['live', 'throw', 'exit', 'exit'] as const);
    return { how, after: random.int(1, this.#longestLife) };
  }
}

/** Watches how long shards are without a drain. For `using`. */
export class DrainGaps implements Disposable {
  readonly gapsMs: number[] = [];
  readonly #since: (number | undefined)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor({ engine }: EngineUnderTest) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      engine.status().threads.statsWorkers.forEach((owner, shard) => {
        const since = this.#since[shard];
        if (owner === 0) this.#since[shard] = since ?? now;
        else if (since !== undefined) {
          this.gapsMs.push(now - since);
          this.#since[shard] = undefined;
        }
      });
    }, 1);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  figures(): { medianMs: number; worstMs: number; gaps: number } {
    const sorted = this.gapsMs.toSorted((a, b) => a - b);
    return {
      medianMs: Math.round(sorted[sorted.length >> 1] ?? 0),
      worstMs: Math.round(sorted.at(-1) ?? 0),
      gaps: sorted.length,
    };
  }
}

export interface KillRun {
  readonly seed: number;
  readonly shards: number;
  /** How many stats workers are to end. */
  readonly kills: number;
  /** Atomics operations of a drain before it ends, at most: a window takes some twenty. @default 400 */
  readonly longestLife?: number;
  /** What runs instead of what ships, for controls. */
  readonly mutant?: Mutant;
}

export interface KillReport {
  /** Where the windows differ from what was recorded. */
  readonly problems: readonly string[];
  readonly audit: Audit;
  readonly samples: number;
  readonly ends: Fates['ends'];
  readonly gaps: ReturnType<DrainGaps['figures']>;
  readonly drops: Readonly<Record<string, number>>;
}

/**
 * Records windows the test knows while stats workers end in every way there is, until so many have; or until a
 * control has shown what it was to show.
 */
export async function runKills({
  seed,
  shards,
  kills,
  longestLife = 400,
  mutant,
}: KillRun): Promise<KillReport> {
  const random = new SeededRandom(seed);
  const fates = new Fates(new SeededRandom(seed + 1), longestLife);
  using workers = new MortalWorkers(
    ({ asks }) => fates.of(asks),
    mutant?.url,
    (how) => fates.ends[how]++,
  );
  await using sfu = await startEngine(
    {
      shards,
      // Slots for two generations, a small ring, and scores beyond those a slot holds itself.
      capacity: { tracks: 60 },
      ringBytes: 65_536,
      scoreBlocks: 400,
      threadsUrl: workers.url,
    },
    await mutant?.engineClass(),
  );
  sfu.join();
  const load = new WindowLoad(sfu, random);
  using gaps = new DrainGaps(sfu);
  const problems = (): string[] => load.tally.problems(reportedRows(sfu.snapshots));
  while (fates.kills < kills) {
    const shard = random.int(0, shards - 1);
    const early = random.chance(0.3) ? sfu.engine.terminateStatsWorker(shard) : undefined;
    for (let part = 0; part < 3; part++) {
      await load.record(random.int(1, 80));
      await sfu.engine.waitForRoom();
      if (random.chance(0.3)) load.replaceTrack();
    }
    await load.flush();
    if ((await early) === true) fates.ends.terminated++;
    if (mutant !== undefined && problems().length > 0) break;
  }
  fates.isOver = true;
  await load.record(50);
  await load.flush();
  return {
    problems: problems(),
    audit: await sfu.engine.audit(),
    samples: load.tally.samples,
    ends: fates.ends,
    gaps: gaps.figures(),
    drops: sfu.engine.status().drops,
  };
}
