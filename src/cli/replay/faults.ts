import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from './random.js';

/** How many stats workers to terminate, and the seed of when and which. */
export interface FaultPlan {
  readonly count: number;
  readonly seed: string;
}

/** What faults are done to. */
export interface FaultTarget {
  /** @returns whether the running drain of that shard was really terminated. */
  terminateStatsWorker(shard: number): Promise<boolean>;
}

/** Longest gap between two faults, in lines, where the length of the trace is not known. */
const MAX_GAP_LINES = 500;
/** A worker that was just terminated cannot be again until its successor runs. */
const RETRY_MS = 2;
/** A shard whose drain does not come back for this long will not. */
const RESPAWN_DEADLINE_MS = 30_000;

/**
 * Terminates stats workers at seeded moments of a replay. A fault begins beside a line and is over before the
 * next one is played, so that it meets records and flushes on their way.
 */
export class Faults {
  readonly #plan: FaultPlan;
  readonly #target: FaultTarget;
  readonly #shards: number;
  readonly #random: () => number;
  /** Byte offsets, in order; undefined where gaps of lines are drawn as they come. */
  readonly #offsets: readonly number[] | undefined;
  #nextLine: number;
  #begun = 0;
  #done = 0;
  #underWay: Promise<void> | undefined;

  /** @param traceBytes length of the text of the trace, if it is known. */
  constructor(plan: FaultPlan, target: FaultTarget, shards: number, traceBytes: number | undefined) {
    this.#plan = plan;
    this.#target = target;
    this.#shards = shards;
    this.#random = seededRandom(plan.seed);
    this.#offsets =
      traceBytes === undefined
        ? undefined
        : Array.from({ length: plan.count }, () => Math.floor(this.#random() * traceBytes)).sort(
            (a, b) => a - b,
          );
    this.#nextLine = this.#gap();
  }

  /** Stats workers terminated so far. */
  get done(): number {
    return this.#done;
  }

  /** Before each line: waits for the fault under way, and begins the next one if it is due. */
  beforeLine(line: { readonly number: number; readonly end: number }): Promise<void> | undefined {
    if (this.#underWay === undefined) {
      this.#beginIfDue(line);
      return undefined;
    }
    return this.#underWay.then(() => this.#beginIfDue(line));
  }

  /** Does what is left to be done. */
  async finish(): Promise<void> {
    await this.#underWay;
    let lastSuccess = performance.now();
    while (this.#done < this.#plan.count) {
      const before = this.#done;
      await this.#terminate();
      if (this.#done > before) lastSuccess = performance.now();
      else if (performance.now() - lastSuccess > RESPAWN_DEADLINE_MS) {
        throw new Error(`no stats worker to terminate for ${RESPAWN_DEADLINE_MS / 1000} s`);
      } else await sleep(RETRY_MS);
    }
  }

  #beginIfDue(line: { readonly number: number; readonly end: number }): void {
    while (this.#begun < this.#plan.count && this.#isReached(line)) this.#begun++;
    // What could not be done yet, because no worker ran, is tried again beside each line.
    if (this.#done === this.#begun) return;
    this.#underWay = this.#terminate();
    // Whoever waits for it is told; until then nobody does.
    this.#underWay.catch(() => {});
  }

  #isReached(line: { readonly number: number; readonly end: number }): boolean {
    if (this.#offsets !== undefined) return this.#offsets[this.#begun]! < line.end;
    if (line.number < this.#nextLine) return false;
    this.#nextLine += this.#gap();
    return true;
  }

  #gap(): number {
    return 1 + Math.floor(this.#random() * MAX_GAP_LINES);
  }

  async #terminate(): Promise<void> {
    const shard = Math.floor(this.#random() * this.#shards);
    if (await this.#target.terminateStatsWorker(shard)) this.#done++;
    this.#underWay = undefined;
  }
}
