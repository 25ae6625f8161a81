import { expect, test } from 'vitest';
import { Direction, ErrorCode, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { RemoteRecorder } from '../helpers/remote-recorder.js';
import { SeededRandom } from '../helpers/seeded-random.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const { RECORDED, CLOSED } = RecordResult;
const TRACK = { room: ROOM, participant: ALICE, track: 'TR', direction: UPSTREAM };

test('what another thread records is reported like the host’s own', async () => {
  await using sfu = await startEngine({ shards: 2, ports: 1 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
  sfu.join();
  const track = await thread.tell('openTrack', TRACK);
  const data = await thread.tell('openData', { room: ROOM, participant: ALICE });
  const signal = await thread.tell('openSignal');
  const sample = {
    mimeType: 'video/VP8',
    score: 4,
    streams: [{ ssrc: 7, primaryPackets: 5, primaryBytes: 500, rttMs: 20 }],
  };
  expect(await thread.tell('recordDeltas', track, [sample, sample])).toEqual([RECORDED, RECORDED]);
  expect(await thread.tell('addBytes', data, DOWNSTREAM, 40, 2)).toBe(RECORDED);
  expect(await thread.tell('add', data, UPSTREAM, 9)).toBe(RECORDED);
  await thread.tell('addBytes', signal, UPSTREAM, 3, 1);
  await thread.tell('resolve', signal, { room: ROOM, participant: ALICE });
  await thread.tell('publish');
  expect(await sfu.flush()).toMatchObject([
    {
      trackSid: 'TR',
      roomName: 'standup',
      mimeType: 'video/VP8',
      samples: 2,
      primaryPackets: 10,
      scores: 2,
      rttMs: 20,
      streams: [{ ssrc: 7, packets: 10, bytes: 1_000, packetsLost: 0 }],
    },
    { trackSid: `TR_DT${ALICE}`, direction: UPSTREAM, primaryPackets: 1, primaryBytes: 9 },
    { trackSid: `TR_SG${ALICE}`, direction: UPSTREAM, primaryPackets: 1, primaryBytes: 3 },
    { trackSid: `TR_DT${ALICE}`, direction: DOWNSTREAM, primaryPackets: 2, primaryBytes: 40 },
  ]);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('the thread publishes by itself, every publishIntervalMs', async () => {
  await using sfu = await startEngine({ ports: 1, publishIntervalMs: 10 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  await thread.tell('addBytes', await thread.tell('openData', TRACK), UPSTREAM, 1, 1);
  while (sfu.rows.length === 0) await sfu.engine.flush();
  expect(sfu.rows).toMatchObject([{ primaryPackets: 1 }]);
});

test('one track that two threads record is one stat, summed', async () => {
  await using sfu = await startEngine({ shards: 2, ports: 2 });
  await using one = new RemoteRecorder(sfu.engine.port());
  await using two = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  recordPackets(sfu.openTrack('TR'), 1, 5);
  for (const [thread, packets, mimeType, ssrc] of [
    [one, 10, 'video/VP8', 1],
    [two, 100, 'video/H264', 2],
  ] as const) {
    const track = await thread.tell('openTrack', TRACK);
    const streams = [{ ssrc, primaryPackets: packets, primaryBytes: packets, jitterUs: packets }];
    await thread.tell('recordDeltas', track, [
      { mimeType, score: 2, streams },
      { score: 3, streams },
    ]);
    await thread.tell('publish');
  }
  const rows = await sfu.flush();
  expect(rows).toMatchObject([
    {
      samples: 5,
      primaryPackets: 221,
      primaryBytes: 320,
      jitterUs: 100,
      scores: 5,
      scoreMean: 3,
      scoreMin: 2,
    },
  ]);
  // Each thread has numbers of its own for mime types: both have called theirs 1.
  expect(['video/VP8', 'video/H264']).toContain(rows[0]!.mimeType);
  const bySsrc = [...rows[0]!.streams].sort((a, b) => a.ssrc - b.ssrc);
  expect(bySsrc.map(({ ssrc, packets }) => [ssrc, packets])).toEqual([
    [0, 1],
    [1, 20],
    [2, 200],
  ]);
  expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
});

test('samples for somebody unknown are unattributed when their window is reported', async () => {
  await using sfu = await startEngine({ ports: 1 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  const track = await thread.tell('openTrack', TRACK);
  await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 5, primaryBytes: 50 }] }]);
  await thread.tell('publish');
  expect(await sfu.flush()).toEqual([]);
  sfu.join();
  await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 7, primaryBytes: 70 }] }]);
  await thread.tell('publish');
  expect(await sfu.flush()).toMatchObject([{ samples: 1, primaryPackets: 7 }]);
  const audit = await sfu.engine.audit();
  expect(audit.dropped.unattributed.UPSTREAM).toEqual({ samples: 1, messages: 0, packets: 5, bytes: 50 });
  expect(balance(audit)).toEqual(BALANCED);
});

test('nothing is lost or doubled while two threads record and windows are closed', async () => {
  const random = new SeededRandom(42);
  await using sfu = await startEngine({ shards: 2, ports: 1, ringBytes: 16_384, publishIntervalMs: 10 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const mine = sfu.openTrack('TR');
  const theirs = await thread.tell('openTrack', TRACK);
  let packets = 0;
  for (let round = 0; round < 40; round++) {
    const samples = Array.from({ length: 50 }, () => {
      const more = random.int(0, 1_000);
      packets += more;
      return { streams: [{ primaryPackets: more, primaryBytes: more }] };
    });
    const recorded = thread.tell('recordDeltas', theirs, samples);
    for (let n = 0; n < 50; n++) {
      const more = random.int(0, 1_000);
      packets += more;
      recordPackets(mine, more);
    }
    if (random.chance(0.5)) await sfu.engine.flush();
    await recorded;
  }
  await thread.tell('publish');
  await sfu.engine.flush();
  expect(sfu.rows.reduce((sum, { primaryPackets }) => sum + primaryPackets, 0)).toBe(packets);
  expect(sfu.rows.reduce((sum, { samples }) => sum + samples, 0)).toBe(4_000);
  const audit = await sfu.engine.audit();
  expect(audit.reported.UPSTREAM).toMatchObject({ samples: 4_000, packets });
  expect(balance(audit)).toEqual(BALANCED);
});

test('a thread that dies takes nothing with it that it had published', async () => {
  await using sfu = await startEngine({ ports: 1, publishIntervalMs: 60_000 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const track = await thread.tell('openTrack', TRACK);
  const sample = { streams: [{ primaryPackets: 5, primaryBytes: 50 }] };
  await thread.tell('recordDeltas', track, [sample, sample]);
  await thread.tell('publish');
  await thread.tell('recordDeltas', track, [sample]);
  await thread.kill();
  expect(await sfu.flush()).toMatchObject([{ samples: 2, primaryPackets: 10 }]);
  const audit = await sfu.engine.audit();
  expect(audit.inside.rings.UPSTREAM, 'what it had not published is still accounted for').toMatchObject({
    samples: 1,
    packets: 5,
  });
  expect(balance(audit)).toEqual(BALANCED);
});

test('a closed port publishes for the last time, and opens nothing more', async () => {
  await using sfu = await startEngine({ ports: 1, publishIntervalMs: 60_000 });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const track = await thread.tell('openTrack', TRACK);
  await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 5 }] }]);
  await thread.tell('detach');
  await thread.tell('detach');
  expect(await sfu.flush()).toMatchObject([{ primaryPackets: 5 }]);
  for (const open of [
    thread.tell('openTrack', TRACK),
    thread.tell('openData', TRACK),
    thread.tell('openSignal'),
  ]) {
    await expect(open).rejects.toMatchObject({ code: ErrorCode.CLOSED });
  }
});

test('the slots of a thread are its own: used again when their window was taken, and never the host’s', async () => {
  await using sfu = await startEngine({ ports: 1, capacity: { tracks: 2 } });
  await using thread = new RemoteRecorder(sfu.engine.port());
  sfu.join();
  const hosts = [sfu.openTrack('TR_a'), sfu.openTrack('TR_b')];
  const expected = new Map<string, number>();
  for (let n = 1; n <= 6; n++) {
    const track = await thread.tell('openTrack', { ...TRACK, track: `TR_${n}` });
    await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: n }] }]);
    await thread.tell('closeRecorder', track);
    expect(await thread.tell('recordDeltas', track, [{ streams: [{ primaryPackets: 9 }] }])).toEqual([
      CLOSED,
    ]);
    await thread.tell('publish');
    expected.set(`TR_${n}`, n);
    await sfu.engine.flush();
  }
  for (const host of hosts) recordPackets(host, 50);
  await sfu.engine.flush();
  expected.set('TR_a', 50).set('TR_b', 50);
  const reported = sfu.rows.map(({ trackSid, primaryPackets }) => [trackSid, primaryPackets] as const);
  expect(reported).toHaveLength(expected.size);
  expect(new Map(reported)).toEqual(expected);
});

test('there are as many ports as the option says, and none by default', async () => {
  await using none = await startEngine();
  const refused = expect.objectContaining({ code: ErrorCode.NO_PORT, field: 'ports' });
  expect(() => none.engine.port()).toThrow(refused);
  await using two = await startEngine({ ports: 2 });
  expect(two.engine.port().memory.lane).toBe(1);
  expect(two.engine.port().memory.lane).toBe(2);
  expect(() => two.engine.port()).toThrow(refused);
});
