import { expect, vi } from 'vitest';
import type { Snapshot, TrackWindow } from '../../dist/src/index.js';
import type { EngineUnderTest } from './engine.js';
import type { Death, MortalTimer } from './thread-drill.js';

/** How many timer threads have died. */
export const restarts = ({ engine }: EngineUnderTest): number => engine.status().threads.timerRestarts;

/** Kills the timer thread and waits for the next one. */
export async function killTimer(
  sfu: EngineUnderTest,
  timer: MortalTimer,
  death: Death = { at: 'once' },
): Promise<void> {
  const before = restarts(sfu);
  await timer.kill(death);
  await vi.waitUntil(() => restarts(sfu) > before && sfu.engine.status().threads.timer === 'running', {
    timeout: 10_000,
    interval: 5,
  });
}

/**
 * The rows of all snapshots, each stat once. A thread that dies before it gave a window back has the next one
 * report it again: then it must be the same stat, by its id.
 */
export function rowsWithoutRepeats(snapshots: readonly Snapshot[]): TrackWindow[] {
  const byId = new Map<string, { readonly json: string; readonly row: TrackWindow }>();
  for (const { stats, tracks } of snapshots) {
    stats.forEach((stat, n) => {
      const first = byId.get(stat.id);
      if (first === undefined) byId.set(stat.id, { json: stat.toJsonString(), row: tracks[n]! });
      else expect(stat.toJsonString()).toBe(first.json);
    });
  }
  return [...byId.values()].map(({ row }) => row);
}

export const packetsOf = (rows: readonly TrackWindow[]): number =>
  rows.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0);
