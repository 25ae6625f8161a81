import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalyticsEvents } from '@livekit/protocol';
import { describe, expect, test, vi } from 'vitest';
import { AnalyticsReceiver, behaviours } from '../helpers/analytics-receiver.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { ExporterDeathRun } from '../helpers/exporter-deaths.js';
import { inForm } from '../helpers/fault-form.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { Receiver, replies } from '../helpers/receiver.js';
import { Listener } from '../helpers/telemetry-listener.js';
import { MortalTimer } from '../helpers/thread-drill.js';
import { killTimer, restarts } from '../helpers/timer-death.js';
import { KEY } from '../helpers/webhook-receiver.js';

const KILLS = inForm(32, 1_000);
const SEED = 606;

test(`${KILLS} timer threads die with all exporters and webhooks attached (seed ${SEED}): all is as in a run without`, async () => {
  const rounds = Math.ceil(1.2 * KILLS);
  const undisturbed = await ExporterDeathRun.play({ seed: SEED, rounds, kills: 0 });
  expect(undisturbed).toMatchObject({ problems: [], deaths: 0 });
  const run = await ExporterDeathRun.play({ seed: SEED, rounds, kills: KILLS });
  console.info(
    JSON.stringify(
      run.exporters.map(({ name, accepted, sent, dropped }) => ({
        name,
        accepted,
        sent,
        lost: dropped.timerRestart,
      })),
    ),
    JSON.stringify(run.webhooks),
  );
  expect(run.problems).toEqual([]);
  expect(run.deaths).toBeGreaterThanOrEqual(KILLS);
  expect(run.told).toEqual(undisturbed.told);
  expect(run.known).toEqual(undisturbed.known);
  expect(run.metrics).toEqual(undisturbed.metrics);
  expect(balance(run.audit)).toEqual(BALANCED);
  expect(run.audit.reported).toEqual(undisturbed.audit.reported);
}, 3_600_000);

/** Events that a thread had told the host of when it died, and that neither arrived nor were counted as dropped. */
async function eventsNowhere(mutant?: Mutant): Promise<number> {
  const grpc = await AnalyticsReceiver.start();
  using timer = new MortalTimer(mutant?.url);
  await using listener = await Listener.start(
    { threadsUrl: timer.url, grpc: { url: grpc.url, ackEveryMs: 1 } },
    await mutant?.engineClass(),
  );
  const { engine, sfu } = listener;
  const book = () => engine.status().exporters.find(({ name }) => name === 'grpc')!;
  const arrived = (): Promise<boolean> =>
    vi.waitUntil(() => book().queued.batches === 0, { timeout: 10_000, interval: 2 });
  engine.participantJoined({ room: ROOM, participant: ALICE });
  await listener.settle();
  expect(listener.events).toHaveLength(1);
  await arrived();
  await timer.kill({ at: 'posted', kind: 'telemetry' });
  engine.participantActive({ room: ROOM, participant: ALICE });
  await listener.settle();
  expect(restarts(sfu)).toBe(1);
  await arrived();
  const ids = new Set(
    grpc.messages.flatMap((message) =>
      message instanceof AnalyticsEvents ? message.events.map(({ id }) => id) : [],
    ),
  );
  const absent = listener.events.filter(({ id }) => !ids.has(id));
  return absent.length - book().dropped.timerRestart.items;
}

test('an event the host was told of is in every exporter’s books, wherever the thread died', async () => {
  expect(await eventsNowhere()).toBe(0);
});

test('what hung in a thread that died is dropped, to the last packet; the next thread delivers what is new', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-hung-'));
  const grpc = await AnalyticsReceiver.start({ behaviour: behaviours.hangs() });
  const receiver = await Receiver.start(replies.hangs);
  using timer = new MortalTimer();
  try {
    await using sfu = await startEngine({
      threadsUrl: timer.url,
      grpc: { url: grpc.url },
      // There is no such folder yet.
      file: { path: join(folder, 'later', 'stats.jsonl') },
      webhooks: { ...KEY, urls: [receiver.url()] },
    });
    const { engine } = sfu;
    const bookOf = (name: string) => engine.status().exporters.find((exporter) => exporter.name === name)!;
    sfu.join();
    engine.participantActive({ room: ROOM, participant: ALICE });
    const recorder = sfu.openTrack('TR');
    for (const packets of [5, 70, 900]) {
      recordPackets(recorder, packets);
      await sfu.flush();
    }
    await receiver.received(1);
    const hung = ['grpc', 'file'].map((name) => bookOf(name).queued);
    expect(hung).toMatchObject([{ packets: 975 }, { packets: 975, samples: 3, bytes: 97_500 }]);
    expect(engine.status().webhooks.queued).toBe(1);
    mkdirSync(join(folder, 'later'));
    grpc.recover();
    await killTimer(sfu, timer);
    recordPackets(recorder, 4_000);
    await sfu.flush();
    for (const [n, name] of ['grpc', 'file'].entries()) {
      await vi.waitUntil(() => bookOf(name).queued.batches === 0, { timeout: 10_000, interval: 5 });
      const { dropped, sent, accepted } = bookOf(name);
      // With what was told while the thread came up, or a report of rooms.
      expect(dropped.timerRestart, name).toMatchObject({
        ...hung[n],
        batches: expect.any(Number),
        items: expect.any(Number),
      });
      expect(dropped.timerRestart.batches, name).toBeGreaterThanOrEqual(hung[n]!.batches);
      expect(sent.packets, name).toBe(4_000);
      expect(accepted.batches, name).toBe(sent.batches + dropped.timerRestart.batches);
    }
    await vi.waitUntil(() => engine.status().webhooks.queued === 0, { timeout: 10_000, interval: 5 });
    expect(engine.status().webhooks).toMatchObject({ dropped: 1, sent: 0, failed: 0 });
    expect(balance(await engine.audit())).toEqual(BALANCED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await receiver.close();
  }
});

const TIMER_THREAD = 'workers/timer-thread.js';

describe('the control shows the loss:', () => {
  test.each<[string, Change, RegExp]>([
    [
      'nobody counts what a thread had queued',
      { file: TIMER_THREAD, from: 'own.settle(ExportDrop.TIMER_RESTART);', to: '' },
      / is nowhere$/,
    ],
    [
      'calls that were taken are taken again',
      { file: TIMER_THREAD, from: 'if (number <= ledger.get(TelemetryCells.CALLS_TAKEN))', to: 'if (false)' },
      /^told twice: /,
    ],
    [
      'rooms are numbered anew',
      { file: 'src/telemetry/room-sequences.js', from: 'this.#inherited.set(key, entry);', to: '' },
      / is number 1 after /,
    ],
  ])('%s', async (_, change, shows) => {
    using mutant = new Mutant([change]);
    // A thread must die at the right moment: four deaths nearly always show it.
    let shown = false;
    for (let seed = 1; !shown && seed <= 5; seed++) {
      const { problems } = await ExporterDeathRun.play({ seed, rounds: 5, kills: 4, mutant });
      shown = problems.some((problem) => shows.test(problem));
    }
    expect(shown).toBe(true);
  });

  test('the host is told before the exporters are', async () => {
    using mutant = new Mutant([
      {
        file: TIMER_THREAD,
        from: 'analytics.sendEvents();\n        loop.deliverTelemetry(commit);',
        to: 'loop.deliverTelemetry(commit);\n analytics.sendEvents();',
      },
    ]);
    expect(await eventsNowhere(mutant)).toBeGreaterThan(0);
  });
});
