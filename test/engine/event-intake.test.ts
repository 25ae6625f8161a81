import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MortalTelemetry } from '../helpers/mortal-telemetry.js';
import { type LifeStep, lifeSteps } from '../helpers/telemetry-life.js';

/** Plays steps; with `deaths: false` nobody dies. Gives what a scrape shows after each. */
function play(steps: readonly LifeStep[], deaths: boolean): { sfu: MortalTelemetry; scrapes: unknown[] } {
  const sfu = new MortalTelemetry();
  const scrapes: unknown[] = [];
  for (const step of steps) {
    if (step.kind === 'call') {
      sfu.time += step.waitMs;
      step.call.make(sfu.calls);
    } else if (step.kind === 'drain') {
      sfu.drain(deaths ? step.dieAt : undefined);
    } else {
      sfu.time += step.waitMs;
      sfu.reap(deaths && step.dies);
    }
    scrapes.push(sfu.metrics);
  }
  sfu.drain();
  scrapes.push(sfu.metrics);
  return { sfu, scrapes };
}

describe('a timer thread that dies at any store', () => {
  test('leaves nothing behind that its successor would not: what is heard, numbered, counted and named is the same', () => {
    let deaths = 0;
    fc.assert(
      fc.property(lifeSteps, (steps) => {
        const immortal = play(steps, false);
        const mortal = play(steps, true);
        deaths += mortal.sfu.deaths;
        expect(mortal.sfu.heard).toEqual(immortal.sfu.heard);
        expect(mortal.scrapes).toEqual(immortal.scrapes);
      }),
      { numRuns: 150 },
    );
    expect(deaths).toBeGreaterThan(150);
  });

  test('whichever of all it is, once for each', () => {
    const lived = (dieAt?: number): MortalTelemetry => {
      const sfu = new MortalTelemetry();
      const who = { room: 'RM', participant: 'PA' };
      sfu.calls.roomStarted({ sid: 'RM', name: 'standup' });
      sfu.calls.participantJoined(who);
      sfu.drain();
      sfu.calls.participantActive(who);
      sfu.calls.trackPublished({ ...who, track: { sid: 'TR', type: 1 } });
      sfu.calls.trackSubscribeFailed({ ...who, track: 'TR', error: 'gone' });
      sfu.calls.participantLeft(who);
      sfu.calls.participantLeft(who);
      sfu.drain(dieAt);
      sfu.calls.trackMuted({ ...who, track: 'TR' });
      sfu.drain();
      return sfu;
    };
    const immortal = lived();
    let stores = 0;
    for (; ; stores++) {
      const mortal = lived(stores);
      expect(mortal.heard, `store ${stores}`).toEqual(immortal.heard);
      expect(mortal.metrics, `store ${stores}`).toEqual(immortal.metrics);
      if (mortal.deaths === 0) break;
    }
    expect(stores).toBeGreaterThan(20);
  });
});
