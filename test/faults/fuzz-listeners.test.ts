import { expect, test } from 'vitest';
import { ALICE, ROOM, startEngine } from '../helpers/engine.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { hostileValue, THROWN } from '../helpers/hostile.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { expectShowable } from '../helpers/showable.js';
import { expectSound } from '../helpers/sound-engine.js';

/** Listeners throw whatever they like, each time; others hear all the same, and what was thrown is logged. */
async function fuzzListeners(cases: number, mistake?: Change): Promise<void> {
  using mutant = mistake && new Mutant([mistake]);
  await using sfu = await startEngine({}, await mutant?.engineClass());
  sfu.stopListening();
  const { engine } = sfu;
  let thrown: unknown;
  let thrownTimes = 0;
  const throws = (): never => {
    thrownTimes++;
    throw thrown;
  };
  const heard = { snapshots: 0, events: 0 };
  engine.onSnapshot(throws);
  engine.onTelemetry(throws);
  engine.onSnapshot(() => heard.snapshots++);
  engine.onTelemetry(() => heard.events++);
  sfu.join();
  await engine.flush();
  let logged = sfu.logs.splice(0).length;
  await fuzz({ name: 'listeners', cases, seed: 9 }, async (random) => {
    thrown = random.chance(0.5) ? random.pick(THROWN) : hostileValue(random);
    engine.trackMuted({ room: ROOM, participant: ALICE, track: 'TR' });
    await engine.flush();
    for (const { level, message, fields } of sfu.logs.splice(0)) {
      expect([level, message]).toEqual(['error', 'a listener threw']);
      expectShowable(fields.error as string);
      logged++;
    }
    return typeof thrown;
  });
  expect(thrownTimes, 'nobody was left out').toBeGreaterThanOrEqual(cases);
  expect(logged, 'what was thrown is logged').toBe(thrownTimes);
  expect(heard.snapshots + heard.events, 'others heard it, too').toBe(thrownTimes);
  await expectSound(sfu);
}

test('listeners may throw anything: it is logged, others hear all the same, the engine goes on', async () => {
  await fuzzListeners(inForm(300, 20_000));
}, 3_600_000);

test('the control shows it where the first listener is the only one that is told', async () => {
  const only = fuzzListeners(30, {
    file: 'src/engine/host-listeners.js',
    from: 'for (const listener of listeners)',
    to: 'for (const listener of [...listeners].slice(0, 1))',
  });
  await expect(only).rejects.toThrow(/^others heard it, too: expected \+?0 to be \d+/);
});

test('the control shows it where the words of what was thrown are shown raw', async () => {
  const raw = fuzzListeners(300, {
    file: 'src/errors.js',
    from: "return quoted(String(thrown).slice(0, REASON_CHARACTERS)).slice(1, -1).replaceAll('\\\\\"', '\"');",
    to: 'return String(thrown);',
  });
  await expect(raw).rejects.toThrow(/: not to be shown: /);
});
