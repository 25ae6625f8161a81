import { AnalyticsStats } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { Direction, RecordResult } from '../../dist/src/index.js';
import { ALICE, ROOM, recordPackets, START_MS, startEngine } from '../helpers/engine.js';

const { UPSTREAM, DOWNSTREAM } = Direction;

test('a window reports sums, the largest rtt and jitter, the latest mime, and when it began and ended', async () => {
  await using sfu = await startEngine();
  sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
  sfu.join();
  const recorder = sfu.openTrack('TR_video');
  await sfu.engine.advanceTo(1_000);
  recorder.record({
    mimeType: 'video/VP8',
    streams: [
      {
        ssrc: 1,
        primaryPackets: 10,
        primaryBytes: 1_000,
        retransmitPackets: 1,
        retransmitBytes: 90,
        paddingPackets: 2,
        paddingBytes: 20,
        packetsLost: 3,
        packetsOutOfOrder: 4,
        frames: 5,
        nacks: 6,
        plis: 7,
        firs: 8,
        rttMs: 40,
        jitterUs: 900,
      },
      { ssrc: 2, primaryPackets: 100, primaryBytes: 5_000, rttMs: 30 },
    ],
  });
  await sfu.engine.advanceTo(3_000);
  recorder.record({
    mimeType: 'video/H264',
    streams: [{ ssrc: 1, primaryPackets: 15, primaryBytes: 1_500, rttMs: 20, jitterUs: 1_000 }],
  });
  await sfu.engine.advanceTo(5_000);
  const [row, ...others] = await sfu.flush();
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    roomSid: ROOM,
    roomName: 'standup',
    participantSid: ALICE,
    trackSid: 'TR_video',
    direction: UPSTREAM,
    mimeType: 'video/H264',
    startMs: START_MS + 1_000,
    endMs: START_MS + 3_000,
    samples: 2,
    primaryPackets: 115,
    primaryBytes: 6_500,
    retransmitPackets: 1,
    retransmitBytes: 90,
    paddingPackets: 2,
    paddingBytes: 20,
    packetsLost: 3,
    packetsOutOfOrder: 4,
    frames: 5,
    nacks: 6,
    plis: 7,
    firs: 8,
    rttMs: 40,
    jitterUs: 1_000,
    scores: 0,
    scoreMean: 0,
    scoreMin: 0,
    scoreMedian: 0,
    streams: [
      { ssrc: 2, packets: 100, bytes: 5_000, packetsLost: 0 },
      { ssrc: 1, packets: 18, bytes: 1_610, packetsLost: 3 },
    ],
  });
});

test('the stat is LiveKit’s: one stream, one layer, stamped with the flush, the node and an id', async () => {
  await using sfu = await startEngine();
  sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
  sfu.join();
  const recorder = sfu.openTrack('TR_video', { direction: DOWNSTREAM });
  recorder.record({
    mimeType: 'video/VP8',
    score: 4,
    streams: [
      { ssrc: 1, primaryPackets: 10, primaryBytes: 1_000, layers: [{ layer: 0, packets: 10, bytes: 1_000 }] },
      {
        ssrc: 2,
        primaryPackets: 30,
        primaryBytes: 3_000,
        layers: [{ layer: 2, packets: 30, bytes: 3_000, frames: 9 }],
      },
    ],
  });
  await sfu.engine.advanceTo(7_000);
  await sfu.engine.flush();
  const [snapshot] = sfu.snapshots;
  const { stats } = AnalyticsStats.fromBinary(snapshot!.bytes);
  expect(stats).toHaveLength(1);
  expect(stats[0]!.toJson()).toEqual({
    kind: 'DOWNSTREAM',
    timeStamp: '2026-01-01T00:00:07Z',
    node: 'ND_test',
    roomId: ROOM,
    roomName: 'standup',
    participantId: ALICE,
    trackId: 'TR_video',
    mime: 'video/VP8',
    score: 4,
    minScore: 4,
    medianScore: 4,
    id: expect.stringMatching(/^AS_\w{12}$/),
    streams: [
      {
        primaryPackets: 40,
        primaryBytes: '4000',
        videoLayers: [{ layer: 2, packets: 30, bytes: '3000', frames: 9 }],
        startTime: '2026-01-01T00:00:00Z',
        endTime: '2026-01-01T00:00:00Z',
      },
    ],
  });
  expect(snapshot!.tracks[0]).toMatchObject({
    keptLayer: 2,
    layers: [
      { layer: 0, packets: 10, bytes: 1_000, frames: 0 },
      { layer: 1, packets: 0, bytes: 0, frames: 0 },
      { layer: 2, packets: 30, bytes: 3_000, frames: 9 },
    ],
  });
});

test('mean, min and median are of the scores above 0, exact', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const scores = [4.5, 0, 2.25, 3, -1, 4];
  for (const score of scores)
    expect(recorder.recordDelta({ score, streams: [] })).toBe(RecordResult.RECORDED);
  expect((await sfu.flush())[0]).toMatchObject({
    samples: 6,
    scores: 4,
    scoreMean: 3.4375,
    scoreMin: 2.25,
    scoreMedian: 3.5,
    scoresDropped: 0,
  });
  recorder.recordDelta({ score: 4.4, streams: [] });
  expect((await sfu.flush())[0], 'the next window has its own').toMatchObject({
    scores: 1,
    scoreMean: Math.fround(4.4),
    scoreMin: Math.fround(4.4),
    scoreMedian: Math.fround(4.4),
  });
});

test('each window holds what was added in it, and begins where the last one ended', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  await sfu.engine.advanceTo(10_000);
  recorder.record({ streams: [{ primaryPackets: 100 }] });
  await sfu.engine.advanceTo(30_000);
  await sfu.engine.advanceTo(40_000);
  recorder.record({ streams: [{ primaryPackets: 130 }] });
  await sfu.engine.advanceTo(60_000);
  expect(
    sfu.rows.map(({ primaryPackets, startMs, endMs }) => [
      primaryPackets,
      startMs - START_MS,
      endMs - START_MS,
    ]),
  ).toEqual([
    [100, 10_000, 10_000],
    [30, 10_000, 40_000],
  ]);
});

test('a track without a sample in the window is not reported, one whose counters stood still is', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const quiet = sfu.openTrack('TR_quiet');
  const still = sfu.openTrack('TR_still');
  quiet.record({ streams: [{ primaryPackets: 5 }] });
  still.record({ streams: [{ primaryPackets: 5 }] });
  expect(await sfu.flush()).toHaveLength(2);
  still.record({ streams: [{ primaryPackets: 5 }] });
  expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_still', samples: 1, primaryPackets: 0 }]);
  still.record({ streams: [] });
  expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_still', samples: 1, primaryPackets: 0 }]);
  expect(await sfu.flush()).toEqual([]);
});

test('an invalid sample is skipped whole and counted by reason; its totals are the new base', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const tooMuch = 2 ** 31;
  const spoilt = {
    mimeType: 'x/spoilt',
    score: 1,
    streams: [{ primaryPackets: tooMuch, primaryBytes: 7, rttMs: 9 }],
  };
  expect(recorder.record(spoilt)).toBe(RecordResult.INVALID);
  expect(recorder.record({ streams: [{ primaryPackets: tooMuch + 3, primaryBytes: 9 }] })).toBe(
    RecordResult.RECORDED,
  );
  expect(await sfu.flush()).toMatchObject([
    { samples: 1, primaryPackets: 3, primaryBytes: 2, scores: 0, mimeType: '', rttMs: 0 },
  ]);
  const { dropped } = await sfu.engine.audit();
  expect(dropped.invalid.UPSTREAM).toEqual({ samples: 1, messages: 0, packets: tooMuch, bytes: 7 });
  expect(sfu.engine.status().drops['invalid.TOO_LARGE']).toBe(1);
});

test('stats come by room, participant, direction and track, whatever shard they are in', async () => {
  await using sfu = await startEngine({ shards: 3 });
  const inOrder = ['RM_a', 'RM_b'].flatMap((room) =>
    ['PA_1', 'PA_2'].flatMap((participant) =>
      [UPSTREAM, DOWNSTREAM].flatMap((direction) =>
        ['TR_x', 'TR_y'].map((track) => ({ room, participant, direction, track })),
      ),
    ),
  );
  for (const { room, participant } of inOrder) sfu.join(participant, room);
  for (const { track, ...whose } of [...inOrder].reverse()) recordPackets(sfu.openTrack(track, whose), 1);
  const rows = await sfu.flush();
  expect(
    rows.map(({ roomSid, participantSid, direction, trackSid }) => ({
      room: roomSid,
      participant: participantSid,
      direction,
      track: trackSid,
    })),
  ).toEqual(inOrder);
});

test('data is reported to TR_DT and the participant’s sid, signalling to TR_SG', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
  data.addBytes(UPSTREAM, 100);
  data.addBytes(DOWNSTREAM, 70, 3);
  sfu.engine.add(data.handle(DOWNSTREAM), 5);
  const signal = sfu.engine.openSignalRecorder();
  signal.addBytes(UPSTREAM, 11);
  signal.resolve({ room: ROOM, participant: ALICE });
  const named = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE, track: 'TR_named' });
  named.addBytes(UPSTREAM, 1);
  const rows = await sfu.flush();
  expect(
    rows.map(({ trackSid, direction, samples, primaryPackets, primaryBytes }) => [
      trackSid,
      direction,
      samples,
      primaryPackets,
      primaryBytes,
    ]),
  ).toEqual([
    [`TR_DT${ALICE}`, UPSTREAM, 1, 1, 100],
    [`TR_SG${ALICE}`, UPSTREAM, 1, 1, 11],
    ['TR_named', UPSTREAM, 1, 1, 1],
    [`TR_DT${ALICE}`, DOWNSTREAM, 2, 4, 75],
  ]);
});

test('a track that is closed and opened again within a window has one stat', async () => {
  await using sfu = await startEngine({ shards: 2 });
  sfu.join();
  for (const packets of [1, 10, 100]) {
    const recorder = sfu.openTrack('TR');
    recordPackets(recorder, packets, 4);
    recorder.close();
  }
  expect(await sfu.flush()).toMatchObject([{ samples: 3, primaryPackets: 111, scores: 3, scoreMean: 4 }]);
});

test('a room that is named later is stamped with its name from then on', async () => {
  await using sfu = await startEngine();
  sfu.join();
  const recorder = sfu.openTrack('TR');
  recordPackets(recorder, 1);
  expect((await sfu.flush())[0]!.roomName).toBe('');
  sfu.engine.updateRoom({ sid: ROOM, name: 'standup' });
  recordPackets(recorder, 1);
  expect((await sfu.flush())[0]!.roomName).toBe('standup');
});

test('flush() says its number, its time and how many stats it reported', async () => {
  await using sfu = await startEngine();
  sfu.join();
  recordPackets(sfu.openTrack('TR_a'), 1);
  recordPackets(sfu.openTrack('TR_b'), 1);
  await sfu.engine.advanceTo(4_000);
  expect(await sfu.engine.flush()).toEqual({ flush: 1, timeMs: START_MS + 4_000, stats: 2 });
  expect(await sfu.engine.flush()).toEqual({ flush: 2, timeMs: START_MS + 4_000, stats: 0 });
  expect(sfu.snapshots[0]).toMatchObject({
    flush: 1,
    timeMs: START_MS + 4_000,
    engineMs: 4_000,
    count: 2,
  });
});
