import { TrackInfo, TrackSource, TrackType } from '@livekit/protocol';
import { expect, test, vi } from 'vitest';
import { Direction } from '../../dist/src/index.js';
import { ALICE, ROOM, startEngine } from '../helpers/engine.js';
import { sourcesOf, streamValuesOf, valuesOf } from '../helpers/metric-values.js';
import { Mutant } from '../helpers/mutant.js';
import { type Death, MortalTimer } from '../helpers/thread-drill.js';
import { restarts, rowsWithoutRepeats } from '../helpers/timer-death.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const deaths: Death[] = [0, 1, 2, 3, 4, 5, 6].map((n) => ({ at: 'store', n }));
deaths.push({ at: 'once' }, { at: 'posted', kind: 'snapshot' }, { at: 'posted', kind: 'answer' });

/** One sample of a window, that differs from window to window. */
const sample = (n: number) => ({
  mimeType: 'video/VP8',
  score: 1 + (n % 4),
  streams: [
    {
      ...{ primaryPackets: 100 * n, primaryBytes: 1000 * n, retransmitPackets: n, retransmitBytes: 10 * n },
      ...{ packetsLost: n % 7, packetsOutOfOrder: n % 3, rttMs: 60 * n, jitterUs: 7_000 * n, nacks: n },
    },
  ],
});

/** Has a thread die in a flush, and expects that metrics are as if it had lived. */
async function expectObservedOnce(death: Death, mutant?: Mutant): Promise<void> {
  using timer = new MortalTimer(mutant?.url);
  await using sfu = await startEngine(
    { shards: 2, capacity: { tracks: 8 }, threadsUrl: timer.url },
    await mutant?.engineClass(),
  );
  const sources = sourcesOf(await timer.memory());
  const collect = () => valuesOf(sources.flatMap((source) => source.collect()));
  sfu.join();
  const open = (track: string, direction: Direction, country: string) =>
    sfu.engine.openTrackRecorder({
      room: ROOM,
      participant: ALICE,
      track: new TrackInfo({ sid: track, source: TrackSource.CAMERA, type: TrackType.VIDEO }),
      direction,
      country,
    });
  const tracks = [open('TR_1', UPSTREAM, 'DE'), open('TR_2', DOWNSTREAM, 'FR'), open('TR_3', UPSTREAM, 'DE')];
  // Of somebody nobody knows: packets are counted, and never come to a window.
  const stranger = {
    room: ROOM,
    participant: 'PA_stranger',
    track: 'TR_4',
    direction: UPSTREAM,
    source: 2,
  };
  const unknown = sfu.engine.openTrackRecorder(stranger);
  const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
  let n = 0;
  const record = (): void => {
    for (const track of tracks) track.recordDelta(sample(++n));
    unknown.recordDelta(sample(++n));
    data.addBytes(DOWNSTREAM, 5);
  };
  record();
  await sfu.engine.flush();
  const before = collect();
  record();
  tracks.pop()!.close();
  await timer.kill(death);
  await sfu.engine.flush();
  await vi.waitUntil(() => restarts(sfu) === 1, { timeout: 10_000, interval: 5 });
  const after = collect();
  record();
  await sfu.engine.flush();

  // The sources read from this thread: what a new timer thread would make of the same memory is the same.
  const values = collect();
  expect(valuesOf(sourcesOf(await timer.memory()).flatMap((source) => source.collect()))).toEqual(values);
  const rows = rowsWithoutRepeats(sfu.snapshots).filter(({ trackSid }) => /^TR_\d$/.test(trackSid));
  expect(rows).toHaveLength(8);
  const expected = streamValuesOf(rows, ({ direction }) => [
    'CAMERA',
    'VIDEO',
    direction === UPSTREAM ? 'DE' : 'FR',
  ]);
  const isOfStreams = ([name]: [string, unknown]) =>
    !/_(packet_(total|bytes)|(nack|pli|fir)_total)\b/.test(name);
  expect(Object.fromEntries(Object.entries(values).filter(isOfStreams)), 'of streams').toEqual(expected);
  const counters = (of: typeof values) => Object.entries(of).filter(([, value]) => typeof value === 'number');
  for (const [earlier, later] of [
    [before, after],
    [after, values],
  ] as const) {
    for (const [name, value] of counters(earlier))
      expect(later[name], name).toBeGreaterThanOrEqual(value as number);
  }
  const numbers = (of: readonly number[]): number => of.reduce((sum, value) => sum + 101 * value, 0);
  expect(values).toMatchObject({
    'livekit_packet_total{incoming,initial,DE}': numbers([1, 3, 5, 7, 9]),
    'livekit_packet_total{outgoing,initial,FR}': 100 * (2 + 6 + 10),
    'livekit_packet_total{outgoing,retransmit,FR}': 2 + 6 + 10,
    'livekit_packet_total{outgoing,initial,}': 3,
    'livekit_packet_bytes{outgoing,initial,}': 15,
    'livekit_packet_total{incoming,initial,}': numbers([4, 8, 11]),
  });
}

test.each(deaths)(
  'wherever a timer thread dies, each window is observed once and no counter falls (%o)',
  async (death) => {
    await expectObservedOnce(death);
  },
);

test('the control shows a window that is observed again where what was committed is not given back', async () => {
  using mutant = new Mutant([{ file: 'workers/timer-thread.js', from: 'builder.releaseTaken();', to: '' }]);
  const dieEverywhere = async (): Promise<void> => {
    for (const death of deaths) await expectObservedOnce(death, mutant);
  };
  await expect(dieEverywhere()).rejects.toThrow(/^of streams: /);
});
