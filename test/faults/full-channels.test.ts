import { AnalyticsEventType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { Direction, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { heapInUse } from '../helpers/heap.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { RemoteRecorder } from '../helpers/remote-recorder.js';
import { StoppedTimer } from '../helpers/stopped-timer.js';
import { Listener } from '../helpers/telemetry-listener.js';
import { HeldWorkers } from '../helpers/thread-drill.js';

// What happens at the edge of each channel stands beside its own tests; here all are driven to many times their size.

const { RECORDED, FOLDED } = RecordResult;
const SMALLEST_RING = 16_384;
const MEGABYTE = 2 ** 20;
const WHO = { room: ROOM, participant: ALICE };

async function fillSampleRings(mutant?: Mutant): Promise<void> {
  using workers = new HeldWorkers();
  await using sfu = await startEngine(
    { ringBytes: SMALLEST_RING, ports: 1, threadsUrl: workers.url },
    await mutant?.engineClass(),
  );
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const there = await thread.tell('openTrack', { ...WHO, track: 'TR_there', direction: Direction.UPSTREAM });
  const sample = { score: 3, streams: [{ primaryPackets: 1 }] };
  const thereMade = new Array(1_000).fill(sample);
  const thereGot = await thread.tell('recordDeltas', there, thereMade);

  const recorder = sfu.openTrack('TR');
  const data = sfu.engine.openDataRecorder(WHO);
  let held = 0;
  while (recordPackets(recorder, 1, 3) === RECORDED) held++;
  const before = await heapInUse();
  const folded = 1_000 * held;
  for (let n = 0; n < folded; n++) {
    if (recordPackets(recorder, 1, 3) !== FOLDED) throw new Error(`record ${n} was not folded`);
    data.addBytes(Direction.UPSTREAM, 10);
  }
  expect((await heapInUse()) - before, 'nothing is kept of what was folded').toBeLessThan(MEGABYTE);

  const foldedThere = thereGot.filter((result) => result === FOLDED).length;
  expect(foldedThere).toBeGreaterThan(800);
  const lost = folded + 1 + foldedThere;
  expect(sfu.engine.status().drops).toMatchObject({ recordsFolded: lost, scoresLost: lost });
  workers.release();
  await sfu.engine.waitForRoom();
  await thread.tell('publish');
  await sfu.flush();
  const rows = Object.fromEntries(sfu.rows.map((row) => [row.trackSid, row]));
  expect(rows).toMatchObject({
    TR: { primaryPackets: held + 1 + folded, scores: held },
    TR_there: { primaryPackets: 1_000, scores: 1_000 - foldedThere },
    [`TR_DT${ALICE}`]: { samples: folded, primaryBytes: 10 * folded },
  });
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
}

async function fillScorePool(mutant?: Mutant): Promise<void> {
  const blocks = 4;
  const inline = 16;
  await using sfu = await startEngine({ scoreBlocks: blocks }, await mutant?.engineClass());
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const holds = inline + 16 * blocks;
  for (const [made, kept] of [
    [10 * holds, holds],
    [holds, holds],
  ] as const) {
    const lostBefore = sfu.engine.status().drops.scoresLost!;
    for (let n = 0; n < made; n++) expect(recordPackets(recorder, 1, 4)).toBe(RECORDED);
    const rows = await sfu.flush();
    expect(rows).toMatchObject([
      { samples: made, scores: kept, scoresDropped: made - kept, scoreMean: 4, scoreMedian: 4 },
    ]);
    expect(sfu.engine.status().drops.scoresLost! - lostBefore).toBe(made - kept);
  }
}

/** @param maxWaiting bytes of calls that wait on the host while the event ring is full */
async function fillEventRing(maxWaiting: number, mutant?: Mutant): Promise<void> {
  using timer = new StoppedTimer();
  await using listener = await Listener.start(
    { threadsUrl: timer.url, eventRingBytes: 8 * MEGABYTE, publishIntervalMs: 10 },
    await mutant?.engineClass(),
  );
  const { sfu, engine } = listener;
  sfu.join();
  const recorder = sfu.openTrack('TR');
  await listener.settle();
  await timer.stop();

  const name = 'x'.repeat(60_000);
  const calls = Math.ceil((10 * maxWaiting) / name.length);
  const refused = (): number => engine.status().drops['refused.waiting'] ?? 0;
  let heap = 0;
  for (let n = 0; n < calls; n++) {
    engine.trackPublished({ ...WHO, track: { sid: `TR_${n}`, name } });
    engine.trackMuted({ ...WHO, track: 'TR' });
    expect(recordPackets(recorder, 1)).toBe(RECORDED);
    if (heap === 0 && refused() > 0) heap = await heapInUse();
  }
  expect((await heapInUse()) - heap, 'nothing is kept of what was refused').toBeLessThan(4 * MEGABYTE);
  const { drops } = engine.status();

  timer.goOn();
  await listener.settle();
  const arrived = (type: AnalyticsEventType) => listener.events.filter((event) => event.type === type);
  const published = arrived(AnalyticsEventType.TRACK_PUBLISHED);
  expect(published.map(({ trackId }) => trackId)).toEqual(published.map((_, n) => `TR_${n}`));
  const muted = arrived(AnalyticsEventType.TRACK_MUTED);
  expect(published.length + muted.length + drops['refused.waiting']! + drops['call.trackMuted']!).toBe(
    2 * calls,
  );
  expect(published.length * name.length).toBeGreaterThan(maxWaiting);
  expect(sfu.rows.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0)).toBe(calls);
  expect(balance(await engine.audit())).toEqual(BALANCED);
}

/** Events on their way to a host that takes none; what ships has room for a hundred times as many. */
const EVENTS_AWAY = 2_000;

async function fillHost(...mistakes: readonly Change[]): Promise<void> {
  using small = new Mutant([
    {
      file: 'src/engine/timer-loop.js',
      from: 'const MAX_ENTRIES_AWAY = 200_000;',
      to: `const MAX_ENTRIES_AWAY = ${EVENTS_AWAY};`,
    },
    ...mistakes,
  ]);
  await using listener = await Listener.start({
    eventRingBytes: 8 * MEGABYTE,
    threadsUrl: new URL('workers/', small.url),
  });
  const { sfu, engine, told } = listener;
  sfu.join();
  await listener.settle();
  const made = 10 * EVENTS_AWAY;
  for (let n = 0; n < made; n++) engine.trackMuted({ ...WHO, track: 'TR' });
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const dropped = (): number => engine.status().drops.telemetryDropped!;
  const deadline = performance.now() + 20_000;
  while (dropped() < made - EVENTS_AWAY) {
    expect(performance.now()).toBeLessThan(deadline);
    // This thread takes no message.
    Atomics.wait(sleeper, 0, 0, 5);
  }
  await listener.settle();
  expect(engine.status().drops).not.toHaveProperty('call.trackMuted');
  expect([told.length, dropped()]).toEqual([1 + EVENTS_AWAY, made - EVENTS_AWAY]);
  expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
  engine.trackMuted({ ...WHO, track: 'TR' });
  await listener.settle();
  expect(told).toHaveLength(EVENTS_AWAY + 2);
  expect(told.at(-1)!.seq, 'those that were dropped had their numbers').toBe(made + 2);
}

test('sample rings, their workers stopped: a thousand times what they hold is reported to the last packet', async () => {
  await fillSampleRings();
});

test('the score pool: ten times what it holds, and the next window is exact again', async () => {
  await fillScorePool();
});

test('the event ring and what waits before it, the timer thread stopped: ten times what they hold', async () => {
  await fillEventRing(2 ** 26);
});

test('events on their way to a host that takes none: ten times what is sent, the rest is dropped and counted', async () => {
  await fillHost();
});

describe('the control shows it where', () => {
  test('what found a ring full is not put later', async () => {
    using mutant = new Mutant([
      { file: 'src/record/track-recorder.js', from: 'this.#thread.retryLater(this);', to: '' },
    ]);
    await expect(fillSampleRings(mutant)).rejects.toThrow(/^expected /);
  });

  test('scores that found no room are not counted', async () => {
    using mutant = new Mutant([
      {
        file: 'src/aggregate/window.js',
        from: 'ints[2 * row + Row.I32_SCORES_DROPPED] = count - at;',
        to: '',
      },
    ]);
    await expect(fillScorePool(mutant)).rejects.toThrow(/^expected /);
  });

  test('calls that found the event ring full are not counted', async () => {
    const CALL_SENDER = 'src/engine/call-sender.js';
    using mutant = new Mutant([
      {
        file: CALL_SENDER,
        from: 'const MAX_WAITING_BYTES = 2 ** 26;',
        to: 'const MAX_WAITING_BYTES = 2 ** 21;',
      },
      { file: CALL_SENDER, from: 'countIn(this.dropped, call.call);', to: '' },
    ]);
    await expect(fillEventRing(2 ** 21, mutant)).rejects.toThrow(/^expected (NaN|\d+) to be \d+/);
  });

  test('an event the host has no room for is counted twice', async () => {
    const from = 'ledger.add(TelemetryCells.TELEMETRY_DROPPED);';
    const to = 'ledger.add(TelemetryCells.TELEMETRY_DROPPED, 2);';
    const dropped = fillHost({ file: 'workers/timer-thread.js', from, to });
    await expect(dropped).rejects.toThrow(/^expected \[ 2001, \d+ \] to deeply equal/);
  });
});
