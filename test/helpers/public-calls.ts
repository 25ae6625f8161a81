import { StatsEngine } from '../../dist/src/index.js';

/** The methods of a class that callers may call, but for those of the class it extends. */
export function methodsOf(prototype: object, internal: readonly string[] = []): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => name)
    .filter((name) => !internal.includes(name))
    .sort();
}

/** The telemetry calls: those of the class that an engine extends. */
export const TELEMETRY_CALLS: readonly string[] = methodsOf(
  (Object.getPrototypeOf(StatsEngine) as typeof StatsEngine).prototype,
);
/** What gives a recorder: of an engine, and of a thread that is attached to one. */
export const OPENINGS = ['openTrackRecorder', 'openDataRecorder', 'openSignalRecorder'] as const;
export const LISTENINGS = ['onSnapshot', 'onTelemetry'] as const;
/** What an engine answers at once; none takes an argument. */
export const QUESTIONS = ['status', 'hasRoom', 'port'] as const;
/** What an engine answers later; the last three take no argument. */
export const ASYNC_CALLS = ['advanceTo', 'terminateStatsWorker', 'flush', 'audit', 'waitForRoom'] as const;

export const RECORDER_CALLS = {
  openTrackRecorder: ['record', 'recordDelta'],
  openDataRecorder: ['addBytes', 'handle', 'publish', 'getTrafficTotals'],
  openSignalRecorder: ['addBytes', 'handle', 'publish', 'getTrafficTotals', 'resolve'],
} as const;
