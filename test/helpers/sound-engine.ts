import { expect } from 'vitest';
import type { Audit, Snapshot } from '../../dist/src/index.js';
import { type EngineUnderTest, missing, recordPackets } from './engine.js';

/** Whether an engine still does all it is for: nothing of what it was given stuck. */
export async function expectSound(sfu: EngineUnderTest): Promise<void> {
  const { engine } = sfu;
  await engine.flush();
  const snapshots: Snapshot[] = [];
  const stop = engine.onSnapshot((snapshot) => snapshots.push(snapshot));
  sfu.join('PA_sound', 'RM_sound');
  const recorder = sfu.openTrack('TR_sound', { room: 'RM_sound', participant: 'PA_sound' });
  expect(recordPackets(recorder, 7, 4)).toBe(0);
  await engine.flush();
  const rows = snapshots.flatMap(({ tracks }) => tracks);
  expect(rows.filter(({ trackSid }) => trackSid === 'TR_sound')).toMatchObject([{ primaryPackets: 7 }]);
  stop();
  expectBalance(await engine.audit());
  const { threads, drops } = engine.status();
  expect(threads).toMatchObject({ timer: 'running', timerRestarts: 0 });
  expect(drops).toMatchObject({ eventsRefused: 0 });
}

/** To the last one of each; of sums beyond 2^53 as far as doubles can tell. */
function expectBalance(audit: Audit): void {
  const { UPSTREAM, DOWNSTREAM } = audit.recorded;
  const recorded = [UPSTREAM, DOWNSTREAM].flatMap(({ samples, messages, packets, bytes }) => [
    samples,
    messages,
    packets,
    bytes,
  ]);
  const wrong = missing(audit).filter((rest, n) => {
    const sum = recorded[n]!;
    return Math.abs(rest) > (sum > Number.MAX_SAFE_INTEGER ? sum * 2 ** -40 : 0);
  });
  expect(wrong).toEqual([]);
}
