import { describe, expect, test } from 'vitest';
import { Direction, ErrorCode, RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, startEngine } from '../helpers/engine.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const WHO = { room: ROOM, participant: ALICE };
const NOTHING = { sentBytes: 0, sentMessages: 0, receivedBytes: 0, receivedMessages: 0 };

describe('traffic totals', () => {
  test('are everything since the recorder was opened, with the time of asking', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const data = sfu.engine.openDataRecorder(WHO);
    expect(data.getTrafficTotals()).toEqual({ atMs: 0, ...NOTHING });
    data.addBytes(UPSTREAM, 100);
    data.addBytes(DOWNSTREAM, 70, 3);
    sfu.engine.add(data.handle(DOWNSTREAM), 5);
    await sfu.engine.advanceTo(31_000);
    data.addBytes(UPSTREAM, 1, 0);
    const totals = { sentBytes: 75, sentMessages: 4, receivedBytes: 101, receivedMessages: 1 };
    expect(data.getTrafficTotals()).toEqual({ atMs: 31_000, ...totals });
    await sfu.engine.flush();
    expect(data.getTrafficTotals(), 'a report takes nothing away').toEqual({ atMs: 31_000, ...totals });
    data.close();
    await sfu.engine.flush();
    expect(data.getTrafficTotals(), 'nor does the close').toEqual({ atMs: 31_000, ...totals });
  });

  test('hold what was unattributed, too', async () => {
    await using sfu = await startEngine({ reapAfterMs: 0 });
    const data = sfu.engine.openDataRecorder(WHO);
    data.addBytes(UPSTREAM, 10);
    await sfu.engine.flush();
    sfu.join();
    data.addBytes(UPSTREAM, 20);
    sfu.leave();
    await sfu.engine.advanceTo(30_000);
    data.addBytes(UPSTREAM, 40);
    await sfu.engine.flush();
    expect(data.getTrafficTotals()).toMatchObject({ receivedBytes: 70, receivedMessages: 3 });
    data.close();
    expect(data.getTrafficTotals()).toMatchObject({ receivedBytes: 70, receivedMessages: 3 });
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('stay those of their recorder when its slot has another owner', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    sfu.join();
    const first = sfu.engine.openDataRecorder(WHO);
    first.addBytes(UPSTREAM, 10);
    first.close();
    await sfu.flush();
    const second = sfu.engine.openDataRecorder(WHO);
    second.addBytes(UPSTREAM, 500);
    expect(first.getTrafficTotals()).toMatchObject({ receivedBytes: 10, receivedMessages: 1 });
    expect(second.getTrafficTotals()).toMatchObject({ receivedBytes: 500, receivedMessages: 1 });
  });
});

describe('messages', () => {
  test('that cannot be are refused, by reason, and leave the rest as it is', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const data = sfu.engine.openDataRecorder(WHO);
    const refused = [
      ['NEGATIVE', -1, 1],
      ['NEGATIVE', 1, -1],
      ['NOT_WHOLE', 0.5, 1],
      ['NOT_WHOLE', Number.NaN, 1],
      ['NOT_WHOLE', 1, Number.POSITIVE_INFINITY],
      ['TOO_LARGE', 1, 2 ** 31],
      ['TOO_LARGE', 2 ** 63, 1],
    ] as const;
    const before = sfu.engine.status().drops;
    for (const [reason, bytes, messages] of refused) {
      const counted = sfu.engine.status().drops[`invalid.${reason}`]!;
      expect(data.addBytes(UPSTREAM, bytes, messages)).toBe(RecordResult.INVALID);
      expect(sfu.engine.status().drops[`invalid.${reason}`]).toBe(counted + 1);
    }
    expect(before['invalid.NEGATIVE']).toBe(0);
    expect(data.addBytes(UPSTREAM, 8)).toBe(RecordResult.RECORDED);
    expect(await sfu.flush()).toMatchObject([{ samples: 1, primaryPackets: 1, primaryBytes: 8 }]);
    const audit = await sfu.engine.audit();
    expect(audit.dropped.invalid.UPSTREAM.samples).toBe(refused.length);
    expect(audit.balanced).toBe(true);
  });

  test('of more than 32 bits are counted by the fast form as well', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const data = sfu.engine.openDataRecorder(WHO);
    const handle = data.handle(UPSTREAM);
    expect(sfu.engine.add(handle, 2 ** 32)).toBe(RecordResult.RECORDED);
    expect(sfu.engine.add(handle, 0)).toBe(RecordResult.RECORDED);
    expect(sfu.engine.add(handle, -1)).toBe(RecordResult.INVALID);
    expect(sfu.engine.add(handle, 0.5)).toBe(RecordResult.INVALID);
    expect(await sfu.flush()).toMatchObject([{ samples: 2, primaryPackets: 2, primaryBytes: 2 ** 32 }]);
  });

  test('with a handle nobody has are refused and counted', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const data = sfu.engine.openDataRecorder(WHO);
    const handle = data.handle(UPSTREAM);
    const stale = [0, 1, -handle, handle + 2 ** 24, handle + 7, handle + 0.5, Number.NaN, 2 ** 53, -1];
    for (const other of stale) expect(sfu.engine.add(other, 1), `${other}`).toBe(RecordResult.CLOSED);
    expect(sfu.engine.status().drops.staleHandles).toBe(stale.length);
    expect(await sfu.flush()).toEqual([]);
  });

  test('with the handle of a track are refused: it counts none', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    sfu.join();
    const track = sfu.openTrack('TR');
    expect(sfu.engine.add(track.handle, 1_000)).toBe(RecordResult.CLOSED);
    track.close();
    await sfu.engine.flush();
    // Its slot goes to a data recorder, which begins at nothing.
    const data = sfu.engine.openDataRecorder(WHO);
    data.addBytes(UPSTREAM, 1);
    data.addBytes(DOWNSTREAM, 1);
    expect((await sfu.flush()).map(({ primaryBytes }) => primaryBytes)).toEqual([1, 1]);
  });

  test('published by hand carry the time of that moment', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const data = sfu.engine.openDataRecorder(WHO);
    for (const at of [1_000, 2_500]) {
      await sfu.engine.advanceTo(at);
      data.addBytes(UPSTREAM, 1);
      data.publish();
    }
    await sfu.engine.advanceTo(20_000);
    const [row] = await sfu.flush();
    expect([row!.startMs, row!.endMs].map((ms) => ms - sfu.snapshots[0]!.timeMs)).toEqual([-19_000, -17_500]);
  });
});

describe('a signal recorder', () => {
  test('attributes everything counted before it was resolved', async () => {
    await using sfu = await startEngine();
    const signal = sfu.engine.openSignalRecorder();
    signal.addBytes(UPSTREAM, 10);
    signal.addBytes(DOWNSTREAM, 20, 2);
    expect(await sfu.flush(), 'nobody knows whose it is').toEqual([]);
    sfu.join();
    signal.resolve(WHO);
    expect(signal.isResolved).toBe(true);
    signal.addBytes(UPSTREAM, 1);
    expect(await sfu.flush()).toMatchObject([
      { trackSid: `TR_SG${ALICE}`, direction: UPSTREAM, samples: 2, primaryPackets: 2, primaryBytes: 11 },
      { trackSid: `TR_SG${ALICE}`, direction: DOWNSTREAM, samples: 1, primaryPackets: 2, primaryBytes: 20 },
    ]);
    expect(balance(await sfu.engine.audit())).toEqual(BALANCED);
  });

  test('resolved to somebody unknown is unattributed; from the join on it counts', async () => {
    await using sfu = await startEngine();
    const signal = sfu.engine.openSignalRecorder();
    signal.addBytes(UPSTREAM, 10);
    signal.resolve({ ...WHO, track: 'TR_named' });
    sfu.join();
    signal.addBytes(UPSTREAM, 3);
    expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR_named', primaryPackets: 1, primaryBytes: 3 }]);
    expect((await sfu.engine.audit()).dropped.unattributed.UPSTREAM).toMatchObject({
      messages: 1,
      bytes: 10,
    });
  });

  test('closed unresolved is counted as unattributed, and nothing waits for it', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    const signal = sfu.engine.openSignalRecorder();
    signal.addBytes(UPSTREAM, 10);
    signal.close();
    expect(signal.getTrafficTotals()).toMatchObject({ receivedBytes: 10, receivedMessages: 1 });
    await sfu.engine.waitForRoom();
    await sfu.engine.flush();
    const audit = await sfu.engine.audit();
    expect(audit.dropped.unattributed.UPSTREAM).toEqual({ samples: 1, messages: 1, packets: 0, bytes: 10 });
    expect(balance(audit)).toEqual(BALANCED);
    sfu.engine.openSignalRecorder();
    expect(sfu.engine.status().slotsInUse, 'its slots are free again').toBe(2);
  });

  test('is resolved once, and not after its close: its slots may be another’s', async () => {
    await using sfu = await startEngine({ capacity: { tracks: 2 } });
    sfu.join();
    const closed = expect.objectContaining({ code: ErrorCode.CLOSED });
    const resolved = sfu.engine.openSignalRecorder();
    resolved.resolve(WHO);
    expect(() => resolved.resolve(WHO)).toThrow(closed);
    resolved.close();
    await sfu.engine.flush();

    const late = sfu.engine.openSignalRecorder();
    late.close();
    await sfu.engine.flush();
    const next = sfu.engine.openDataRecorder(WHO);
    expect(() => late.resolve({ room: ROOM, participant: 'PA_late' })).toThrow(closed);
    next.addBytes(UPSTREAM, 5);
    expect(await sfu.flush()).toMatchObject([{ participantSid: ALICE, trackSid: `TR_DT${ALICE}` }]);
  });

  test('takes no sid that is none, and can be resolved after that', async () => {
    await using sfu = await startEngine();
    sfu.join();
    const signal = sfu.engine.openSignalRecorder();
    signal.addBytes(UPSTREAM, 5);
    const notASid = { room: ROOM, participant: 5 as unknown as string };
    expect(() => signal.resolve(notASid)).toThrow(
      expect.objectContaining({ code: ErrorCode.INVALID_ARGUMENT, field: 'participant' }),
    );
    signal.resolve(WHO);
    expect(await sfu.flush()).toMatchObject([{ primaryBytes: 5 }]);
  });
});
