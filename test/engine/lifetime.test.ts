import { describe, expect, test } from 'vitest';
import { Direction, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const { RECORDED, UNATTRIBUTED } = RecordResult;
const NOTHING = { samples: 0, messages: 0, packets: 0, bytes: 0 };

describe('after a participant left', () => {
  test('late stats are reported for three minutes, to the flush that reaps, and are unattributed after it', async () => {
    await using sfu = await startEngine();
    sfu.engine.roomStarted({ sid: ROOM, name: 'standup' });
    sfu.join();
    const recorder = sfu.openTrack('TR');
    await sfu.engine.advanceTo(45_000);
    sfu.leave();
    for (const [at, packets] of [
      [50_000, 1],
      [200_000, 10],
      // 180 s are over at 225,000, but no flush has found that before 240,000, and that one reports first.
      [239_999, 100],
    ] as const) {
      await sfu.engine.advanceTo(at);
      expect(recordPackets(recorder, packets)).toBe(RECORDED);
    }
    await sfu.engine.advanceTo(240_000);
    expect(sfu.rows.map(({ primaryPackets, roomName }) => [primaryPackets, roomName])).toEqual([
      [1, 'standup'],
      [10, 'standup'],
      [100, 'standup'],
    ]);
    expect(sfu.engine.status().reaped).toBe(1);
    expect(recordPackets(recorder, 1_000)).toBe(UNATTRIBUTED);
    await sfu.engine.advanceTo(270_000);
    expect(sfu.rows).toHaveLength(3);
    const audit = await sfu.engine.audit();
    expect(audit.dropped.unattributed.UPSTREAM).toMatchObject({ samples: 1, packets: 1_000 });
    expect(balance(audit)).toEqual(BALANCED);
  });

  test('the reaper comes strictly after reapAfterMs', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const recorder = sfu.openTrack('TR');
    await sfu.engine.advanceTo(30_000);
    sfu.leave();
    await sfu.engine.advanceTo(210_000);
    expect(sfu.engine.status().reaped, 'closed for 180,000 ms, no more').toBe(0);
    expect(recordPackets(recorder, 1)).toBe(RECORDED);
    await sfu.engine.advanceTo(240_000);
    expect(sfu.engine.status().reaped).toBe(1);
  });

  test('a reap is counted, and logged at debug: room, participant, how long closed', async () => {
    await using sfu = await startEngine({ reapAfterMs: 1_000 });
    const participant = { sid: ALICE, identity: 'alice' };
    sfu.engine.participantJoined({ room: { sid: ROOM, name: 'standup' }, participant });
    sfu.join('PA_bob');
    await sfu.engine.advanceTo(5_000);
    sfu.leave();
    await sfu.engine.advanceTo(30_000);
    expect(sfu.logs.filter(({ level }) => level === 'debug')).toEqual([
      {
        level: 'debug',
        fields: {
          room: ROOM,
          roomName: 'standup',
          participant: ALICE,
          identity: 'alice',
          closedForMs: 25_000,
        },
        message: 'participant reaped',
      },
    ]);
    expect(sfu.engine.status()).toMatchObject({ reaped: 1, participants: 1, rooms: 1 });
  });

  test('the last window is reported once, though the recorders are closed and the slots used again', async () => {
    await using sfu = await startEngine({ shards: 2, capacity: { tracks: 8 } });
    const expected = new Map<string, number>();
    for (let n = 1; n <= 20; n++) {
      const participant = `PA_${n}`;
      sfu.join(participant);
      for (const direction of [UPSTREAM, DOWNSTREAM]) {
        const recorder = sfu.openTrack(`TR_${n}`, { participant, direction });
        recordPackets(recorder, n, 4);
        recordPackets(recorder, 1_000 * n, 2);
        recorder.close();
        expected.set(`${participant} ${direction}`, 1_001 * n);
      }
      sfu.leave(participant);
      // Eight slots, two of them used a round: from the fifth round on they have all had another owner.
      await sfu.flush();
    }
    const reported = sfu.rows.map((row) => [`${row.participantSid} ${row.direction}`, row.primaryPackets]);
    expect(reported).toHaveLength(40);
    expect(new Map(reported as [string, number][])).toEqual(expected);
    for (const row of sfu.rows) expect(row).toMatchObject({ samples: 2, scores: 2, scoreMean: 3 });
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('somebody who left with an event but is held by another guard is not reaped', async () => {
    await using sfu = await startEngine({ reapAfterMs: 0 });
    const who = { room: ROOM, participant: ALICE };
    sfu.engine.participantJoined({ ...who, ref: 'signal' });
    sfu.engine.participantActive({ ...who, ref: 'media' });
    const recorder = sfu.openTrack('TR');
    sfu.engine.participantLeft({ ...who, ref: 'media' });
    await sfu.engine.advanceTo(60_000);
    expect(recordPackets(recorder, 1)).toBe(RECORDED);
    sfu.engine.participantLeft({ ...who, ref: 'signal', sendEvent: false });
    await sfu.engine.advanceTo(90_000);
    expect(sfu.rows).toMatchObject([{ primaryPackets: 1 }]);
    expect(recordPackets(recorder, 1)).toBe(UNATTRIBUTED);
  });
});

describe('a rejoin', () => {
  test('before the reap goes on reporting with the same recorder, and starts the wait anew', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const recorder = sfu.openTrack('TR');
    sfu.leave();
    await sfu.engine.advanceTo(150_000);
    sfu.join();
    await sfu.engine.advanceTo(600_000);
    expect(sfu.engine.status()).toMatchObject({ reaped: 0, participants: 1 });
    expect(recordPackets(recorder, 7)).toBe(RECORDED);
    sfu.leave();
    await sfu.engine.advanceTo(780_000);
    expect(sfu.engine.status().reaped).toBe(0);
    await sfu.engine.advanceTo(810_000);
    expect(sfu.engine.status().reaped).toBe(1);
    expect(sfu.rows).toMatchObject([{ primaryPackets: 7 }]);
  });

  test('after the reap makes an open recorder count again, from where its totals stand', async () => {
    await using sfu = await startEngine({ reapAfterMs: 0 });
    sfu.join();
    const recorder = sfu.openTrack('TR');
    expect(recorder.record({ streams: [{ primaryPackets: 10 }] })).toBe(RECORDED);
    sfu.leave();
    await sfu.engine.advanceTo(30_000);
    expect(recorder.record({ streams: [{ primaryPackets: 15 }] })).toBe(UNATTRIBUTED);
    sfu.join();
    expect(recorder.record({ streams: [{ primaryPackets: 22 }] })).toBe(RECORDED);
    await sfu.engine.advanceTo(60_000);
    expect(sfu.rows.map(({ primaryPackets }) => primaryPackets)).toEqual([10, 7]);
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('of a participant whom the engine is about to reap is not undone by that reap', async () => {
    await using sfu = await startEngine({ reapAfterMs: 0 });
    sfu.join();
    const recorder = sfu.openTrack('TR');
    sfu.leave();
    const advanced = sfu.engine.advanceTo(30_000);
    sfu.join();
    await advanced;
    expect(recordPackets(recorder, 3)).toBe(RECORDED);
    expect(await sfu.flush()).toMatchObject([{ primaryPackets: 3 }]);
  });
});

describe('before a participant joined', () => {
  test('a track’s samples are unattributed, and the base of what follows', async () => {
    await using sfu = await startEngine();
    const recorder = sfu.openTrack('TR');
    expect(recorder.record({ score: 1, streams: [{ primaryPackets: 50, primaryBytes: 5_000 }] })).toBe(
      UNATTRIBUTED,
    );
    sfu.join();
    expect(recorder.record({ score: 4, streams: [{ primaryPackets: 60, primaryBytes: 6_100 }] })).toBe(
      RECORDED,
    );
    expect(await sfu.flush()).toMatchObject([
      { samples: 1, primaryPackets: 10, primaryBytes: 1_100, scores: 1, scoreMin: 4 },
    ]);
    const audit = await sfu.engine.audit();
    expect(audit.dropped.unattributed).toEqual({
      UPSTREAM: { samples: 1, messages: 0, packets: 50, bytes: 5_000 },
      DOWNSTREAM: NOTHING,
    });
    expect(balance(audit)).toEqual(BALANCED);
  });

  test('a data recorder’s messages are unattributed, and the base of what follows', async () => {
    await using sfu = await startEngine();
    const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
    data.addBytes(UPSTREAM, 100);
    data.addBytes(DOWNSTREAM, 30, 2);
    sfu.join();
    data.addBytes(UPSTREAM, 7);
    expect(await sfu.flush()).toMatchObject([{ direction: UPSTREAM, primaryPackets: 1, primaryBytes: 7 }]);
    const audit = await sfu.engine.audit();
    expect(audit.dropped.unattributed).toEqual({
      UPSTREAM: { samples: 1, messages: 1, packets: 0, bytes: 100 },
      DOWNSTREAM: { samples: 1, messages: 2, packets: 0, bytes: 30 },
    });
    expect(balance(audit)).toEqual(BALANCED);
  });

  test('nothing is reported of those who never come', async () => {
    await using sfu = await startEngine();
    recordPackets(sfu.openTrack('TR', { participant: 'PA_ghost' }), 5);
    sfu.engine.openDataRecorder({ room: ROOM, participant: 'PA_ghost' }).addBytes(UPSTREAM, 9);
    sfu.leave('PA_ghost');
    expect(await sfu.flush()).toEqual([]);
    const audit = await sfu.engine.audit();
    expect(audit.dropped.unattributed.UPSTREAM).toEqual({ samples: 2, messages: 1, packets: 5, bytes: 509 });
    expect(balance(audit)).toEqual(BALANCED);
    expect(sfu.engine.status().drops.leavesIgnored).toBe(1);
  });

  test('participants of one sid in two rooms are two', async () => {
    await using sfu = await startEngine();
    sfu.join(ALICE, 'RM_1');
    expect(recordPackets(sfu.openTrack('TR', { room: 'RM_1' }), 1)).toBe(RECORDED);
    expect(recordPackets(sfu.openTrack('TR', { room: 'RM_2' }), 1)).toBe(UNATTRIBUTED);
  });
});
