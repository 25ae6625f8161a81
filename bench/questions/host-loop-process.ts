import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { makeVariant, type VariantName } from './host-loop-variants.js';

/** One variant of the host's loop under load, in a process of its own. */
export interface LoopOutcome {
  /** Share of the time the loop was busy, 0 to 1. */
  readonly utilisation: number;
  readonly p99Ms: number;
  readonly scraped: boolean;
  /** Messages sent in time over those that were due: below 1 the loop was saturated. */
  readonly kept: number;
  /** The largest lateness of a turn in each 100 ms: seconds, ms. */
  readonly lateness: readonly (readonly [number, number])[];
  readonly error?: string;
}

/** `profilePath`: takes a CPU profile of this thread from the warm-up on, without opening and closing. */
const [name = 'bare', secondsText = '4', tracksText = '100000', profilePath] = process.argv.slice(2);
const PROFILE_INTERVAL_US = 200;
const SECONDS = Number(secondsText);
const LOAD = { tracks: Number(tracksText), dataRecorders: 10_000 };
const TURN_MS = 5;
const MESSAGES_A_TURN = 1_000_000 * (TURN_MS / 1_000);
const SAMPLES_A_TURN = 20_000 * (TURN_MS / 1_000);
const WARM_UP_MS = 1_000;
const BUCKET_MS = 100;

async function startProfiler(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: PROFILE_INTERVAL_US });
  await session.post('Profiler.start');
  return session;
}

async function run(): Promise<LoopOutcome> {
  const variant = await makeVariant(name as VariantName, LOAD);
  let messages = 0;
  let samples = 0;
  const turn = (): void => {
    for (let n = 0; n < MESSAGES_A_TURN; n++) {
      variant.message(messages % LOAD.dataRecorders, 100 + (n & 1_023));
      messages++;
    }
    for (let n = 0; n < SAMPLES_A_TURN; n++) {
      variant.sample((samples * 7) % LOAD.tracks);
      samples++;
    }
  };
  const profiler = profilePath === undefined ? undefined : await startProfiler();
  const lateness = new Float64Array(Math.ceil((SECONDS * 1_000) / BUCKET_MS));
  const delays = monitorEventLoopDelay({ resolution: 1 });
  let measuredFrom = 0;
  let busyFrom = performance.eventLoopUtilization();
  let turnsMeasured = 0;
  const started = performance.now();
  let due = started;
  await new Promise<void>((resolve) => {
    const next = (): void => {
      const now = performance.now();
      if (measuredFrom === 0 && now - started > WARM_UP_MS) {
        measuredFrom = now;
        busyFrom = performance.eventLoopUtilization();
        delays.enable();
      }
      if (measuredFrom > 0) {
        const bucket = Math.floor((now - measuredFrom) / BUCKET_MS);
        if (bucket >= lateness.length) {
          resolve();
          return;
        }
        lateness[bucket] = Math.max(lateness[bucket]!, now - due);
        turnsMeasured++;
      }
      turn();
      // A loop that is late by more than some turns has lost them; it does not make up for ever.
      due = Math.max(due + TURN_MS, performance.now() - 10 * TURN_MS);
      setTimeout(next, Math.max(0, due - performance.now()));
    };
    next();
  });
  const { utilization } = performance.eventLoopUtilization(busyFrom);
  delays.disable();
  if (profiler !== undefined) {
    const { profile } = await profiler.post('Profiler.stop');
    writeFileSync(profilePath!, JSON.stringify(profile));
  }
  await variant.end(messages, samples);
  return {
    utilisation: utilization,
    p99Ms: delays.percentile(99) / 1e6,
    scraped: variant.scraped,
    kept: turnsMeasured / ((SECONDS * 1_000) / TURN_MS),
    lateness: Array.from(lateness, (ms, n) => [(n * BUCKET_MS) / 1_000, ms] as const),
  };
}

run()
  .catch(
    (error): LoopOutcome => ({
      utilisation: 0,
      p99Ms: 0,
      scraped: false,
      kept: 0,
      lateness: [],
      error: String(error),
    }),
  )
  .then((outcome) => process.send?.(outcome, undefined, undefined, () => process.exit()));
