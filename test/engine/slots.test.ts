import { describe, expect, test } from 'vitest';
import { Direction, ErrorCode, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const { RECORDED } = RecordResult;

describe('a closed recorder', () => {
  test('takes nothing more, and says so', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const track = sfu.openTrack('TR');
    const data = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE });
    const handle = data.handle(UPSTREAM);
    track.close();
    data.close();
    track.close();
    data.close();
    expect(recordPackets(track, 1)).toBe(RecordResult.CLOSED);
    expect(data.addBytes(UPSTREAM, 1)).toBe(RecordResult.CLOSED);
    expect(sfu.engine.add(handle, 1)).toBe(RecordResult.CLOSED);
    expect(await sfu.flush()).toEqual([]);
    expect(sfu.engine.status().drops.staleHandles).toBe(3);
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('does not reach the next owner of its slot', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    sfu.join();
    const first = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE, track: 'TR_first' });
    const stale = [first.handle(UPSTREAM), first.handle(DOWNSTREAM)];
    first.close();
    await sfu.flush();
    const second = sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE, track: 'TR_second' });
    expect(stale).not.toContain(second.handle(UPSTREAM));
    for (const handle of stale) expect(sfu.engine.add(handle, 1)).toBe(RecordResult.CLOSED);
    expect(first.addBytes(UPSTREAM, 1)).toBe(RecordResult.CLOSED);
    expect(second.addBytes(UPSTREAM, 20)).toBe(RECORDED);
    expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_second', primaryPackets: 1, primaryBytes: 20 }]);
  });
});

describe('capacity', () => {
  test('running out of it is a named error at open, and leaves what is open untouched', async () => {
    await using sfu = await startEngine({ shards: 2, capacity: { tracks: 4 } });
    sfu.join();
    const open = ['TR_a', 'TR_b', 'TR_c'].map((track) => sfu.openTrack(track));
    const refused = expect.objectContaining({ code: ErrorCode.NO_SLOT, field: 'capacity.tracks' });
    expect(() => sfu.engine.openDataRecorder({ room: ROOM, participant: ALICE }), 'it takes two').toThrow(
      refused,
    );
    expect(() => sfu.engine.openSignalRecorder()).toThrow(refused);
    for (const recorder of open) expect(recordPackets(recorder, 1)).toBe(RECORDED);
    await sfu.flush();
    open.push(sfu.openTrack('TR_d'));
    expect(() => sfu.openTrack('TR_e')).toThrow(refused);
    for (const recorder of open) expect(recordPackets(recorder, 10)).toBe(RECORDED);
    expect((await sfu.flush()).map(({ trackSid, primaryPackets }) => [trackSid, primaryPackets])).toEqual([
      ['TR_a', 10],
      ['TR_b', 10],
      ['TR_c', 10],
      ['TR_d', 10],
    ]);
    expect(sfu.engine.status().slotsInUse).toBe(4);
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('a slot is free again once the window it was closed in was taken, not before', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    sfu.join();
    sfu.openTrack('TR_a');
    const closed = sfu.openTrack('TR_b');
    recordPackets(closed, 5);
    closed.close();
    expect(() => sfu.openTrack('TR_c')).toThrow(expect.objectContaining({ code: ErrorCode.NO_SLOT }));
    await sfu.flush();
    recordPackets(sfu.openTrack('TR_c'), 7);
    await sfu.flush();
    expect(sfu.rows.map(({ trackSid, primaryPackets }) => [trackSid, primaryPackets])).toEqual([
      ['TR_b', 5],
      ['TR_c', 7],
    ]);
  });
});
