import { expect, test } from 'vitest';
import { Direction, ErrorCode, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { HeldWorkers } from '../helpers/thread-drill.js';

const { RECORDED, FOLDED } = RecordResult;
const SMALLEST_RING = 16_384;

test('a full ring folds samples: totals, rtt, jitter and mime are kept, scores are lost and counted', async () => {
  using workers = new HeldWorkers();
  await using sfu = await startEngine({ ringBytes: SMALLEST_RING, threadsUrl: workers.url });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  let samples = 0;
  while (sfu.engine.hasRoom()) {
    expect(recordPackets(recorder, 1, 5)).toBe(RECORDED);
    samples++;
  }
  const full = { score: 1, streams: [{ primaryPackets: 1 }] };
  while (recorder.recordDelta(full) === RECORDED) samples++;
  const scored = samples;
  samples++;
  const last = {
    mimeType: 'video/late',
    score: 1,
    streams: [{ primaryPackets: 1_000, rttMs: 77, jitterUs: 88 }],
  };
  expect(recorder.recordDelta(last)).toBe(FOLDED);
  expect(recorder.recordDelta({ streams: [{ rttMs: 5 }] })).toBe(FOLDED);
  samples += 2;
  expect(sfu.engine.hasRoom()).toBe(false);
  workers.release();
  await sfu.engine.waitForRoom();
  expect(sfu.engine.hasRoom()).toBe(true);
  expect(await sfu.flush()).toMatchObject([
    {
      samples,
      primaryPackets: samples - 2 + 1_000,
      scores: scored,
      rttMs: 77,
      jitterUs: 88,
      mimeType: 'video/late',
    },
  ]);
  const { drops } = sfu.engine.status();
  expect(drops.recordsFolded).toBe(3);
  expect(drops.scoresLost).toBe(2);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('who waits for room loses no score, however small the ring', async () => {
  await using sfu = await startEngine({ ringBytes: SMALLEST_RING });
  sfu.join();
  const recorders = Array.from({ length: 8 }, (_, n) => sfu.openTrack(`TR_${n}`));
  let waits = 0;
  for (let n = 0; n < 4_000; n++) {
    if (!sfu.engine.hasRoom()) {
      waits++;
      await sfu.engine.waitForRoom();
    }
    expect(recordPackets(recorders[n % 8]!, 1, 1 + (n % 5))).toBe(RECORDED);
  }
  expect(waits, 'the ring was full now and then').toBeGreaterThan(0);
  const rows = await sfu.flush();
  expect(rows.map(({ samples }) => samples)).toEqual(new Array(8).fill(500));
  expect(rows.reduce((sum, { scores, scoresDropped }) => sum + scores + scoresDropped, 0)).toBe(4_000);
  expect(sfu.engine.status().drops.scoresLost).toBe(rows.reduce((sum, row) => sum + row.scoresDropped, 0));
});

test('a recorder closed while the ring was full is reported in full, and its slot comes back', async () => {
  using workers = new HeldWorkers();
  await using sfu = await startEngine({
    ringBytes: SMALLEST_RING,
    capacity: { tracks: 2 },
    threadsUrl: workers.url,
  });
  sfu.join();
  const other = sfu.openTrack('TR_other');
  const closed = sfu.openTrack('TR_closed');
  while (recordPackets(other, 1) === RECORDED);
  expect(recordPackets(closed, 500)).toBe(FOLDED);
  closed.close();
  workers.release();
  await sfu.engine.waitForRoom();
  expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_closed', primaryPackets: 500 }, {}]);
  recordPackets(sfu.openTrack('TR_next'), 3);
  expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_next', primaryPackets: 3 }]);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('data that finds the ring full at its tick goes with a later one', async () => {
  using workers = new HeldWorkers();
  await using sfu = await startEngine({ ringBytes: SMALLEST_RING, threadsUrl: workers.url });
  sfu.join();
  const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
  const recorder = sfu.openTrack('TR');
  data.addBytes(Direction.UPSTREAM, 10);
  while (recordPackets(recorder, 1) === RECORDED);
  data.publish();
  data.addBytes(Direction.UPSTREAM, 20);
  data.close();
  workers.release();
  await sfu.engine.waitForRoom();
  expect((await sfu.flush()).find(({ trackSid }) => trackSid.startsWith('TR_DT'))).toMatchObject({
    samples: 2,
    primaryBytes: 30,
  });
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('tracks opened faster than the event ring takes them are announced in time, none without its owner', async () => {
  await using sfu = await startEngine({ eventRingBytes: 65_536, capacity: { tracks: 2_000 } });
  sfu.join();
  // A long sid each: together they are several times the event ring.
  const tracks = Array.from({ length: 1_500 }, (_, n) => `TR_${String(n).padStart(200, '0')}`);
  const results = tracks.map((track) => recordPackets(sfu.openTrack(track), 1));
  expect(new Set(results), 'some wait for their announcement').toEqual(new Set([RECORDED, FOLDED]));
  await sfu.engine.waitForRoom();
  const rows = await sfu.flush();
  expect(rows.map(({ trackSid }) => trackSid)).toEqual(tracks);
  expect(rows.every(({ samples, primaryPackets }) => samples === 1 && primaryPackets === 1)).toBe(true);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('waiting for room ends when the engine is closed', async () => {
  using workers = new HeldWorkers();
  await using sfu = await startEngine({ ringBytes: SMALLEST_RING, threadsUrl: workers.url });
  sfu.join();
  const recorder = sfu.openTrack('TR');
  while (recordPackets(recorder, 1) === RECORDED);
  const waiting = sfu.engine.waitForRoom();
  const closing = sfu.engine.close();
  await expect(waiting).rejects.toMatchObject({ code: ErrorCode.CLOSED });
  workers.release();
  expect(await closing).toMatchObject({ complete: true });
});
