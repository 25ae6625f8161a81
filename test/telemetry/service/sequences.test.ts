import { describe, expect, test } from 'vitest';
import { ALICE, ROOM, ServiceUnderTest, type Told } from '../../helpers/telemetry.js';

const MUTED = { room: ROOM.sid, participant: ALICE.sid, track: 'TR' };
const numbers = (told: readonly Told[]): number[] => told.map(({ seq }) => seq);

describe('the sequence number of a room', () => {
  test('goes from 1, over webhooks and events alike', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.participantJoined({ room: ROOM.sid, participant: ALICE });
    sfu.calls.participantActive({ room: ROOM.sid, participant: ALICE });
    sfu.calls.trackMuted(MUTED);
    expect(sfu.told.map(({ kind, seq }) => [seq, kind])).toEqual([
      [1, 'webhook'],
      [2, 'event'],
      [3, 'event'],
      [4, 'webhook'],
      [5, 'event'],
      [6, 'event'],
    ]);
  });

  test('is each room’s own', () => {
    const sfu = new ServiceUnderTest();
    for (const room of ['RM_1', 'RM_2', 'RM_1']) sfu.calls.roomStarted(room);
    expect(numbers(sfu.told)).toEqual([1, 2, 1, 2, 3, 4]);
  });

  test('is not used up by what is not told', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.trackMuted({ ...MUTED, sendEvent: false });
    sfu.calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid });
    sfu.calls.updateRoom(ROOM);
    sfu.calls.nodeRooms({});
    expect(numbers(sfu.during((calls) => calls.trackMuted(MUTED)))).toEqual([3]);
  });

  test('goes on after the room was forgotten', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.participantActive({ room: ROOM.sid, participant: ALICE.sid });
    sfu.calls.participantLeft({ room: ROOM.sid, participant: ALICE.sid });
    sfu.reap(1_000_000);
    expect(sfu.service.participants.roomCount).toBe(0);
    expect(numbers(sfu.during((calls) => calls.trackUnpublished(MUTED)))).toEqual([5, 6]);
    sfu.calls.roomStarted(ROOM);
    sfu.calls.roomEnded(ROOM.sid);
    expect(sfu.service.participants.roomCount).toBe(0);
    expect(numbers(sfu.during((calls) => calls.roomStarted(ROOM)))).toEqual([11, 12]);
  });
});

describe('rooms that were forgotten', () => {
  /** Rooms that nobody knows any more and whose sequence goes on, as the service has it. */
  const KEPT = 65_536;

  /** Rooms nobody knows, with one event each. */
  function ghosts(sfu: ServiceUnderTest, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      sfu.service.take(
        {
          call: 'trackMuted',
          room: { sid: `RM_ghost_${n}` },
          participant: { sid: 'PA' },
          track: { sid: 'TR' },
          sendEvent: true,
        },
        0,
        n,
      );
      if (sfu.ledger.isCrowded) sfu.settle();
    }
    sfu.told.length = 0;
  }
  const next = (sfu: ServiceUnderTest, room: string): number[] =>
    numbers(sfu.during((calls) => calls.trackMuted({ ...MUTED, room })));

  test('are bounded: the most silent one starts anew, and a room that is known never does', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.roomStarted('RM_live_2');
    ghosts(sfu, 0, KEPT);
    expect(next(sfu, 'RM_ghost_0'), 'all are still there').toEqual([2]);
    ghosts(sfu, KEPT, KEPT + 1);
    expect(next(sfu, 'RM_ghost_0'), 'spoke since').toEqual([3]);
    expect(next(sfu, ROOM.sid), 'known, and silent longest').toEqual([3]);
    expect(next(sfu, 'RM_live_2'), 'known, and silent longest').toEqual([3]);
    expect(next(sfu, 'RM_ghost_2'), 'silent, but not longest').toEqual([2]);
    expect(next(sfu, 'RM_ghost_1'), 'silent longest').toEqual([1]);
  });
});

describe('ids', () => {
  const idsOf = (options: { seed: string }, skipped = 0): string[] => {
    const sfu = new ServiceUnderTest(options);
    for (let n = 0; n < skipped; n++) sfu.skip();
    sfu.calls.roomStarted(ROOM);
    sfu.calls.participantActive({ room: ROOM.sid, participant: ALICE });
    sfu.calls.trackPublished(MUTED);
    return sfu.told.map(({ json }) => (json as { id: string }).id);
  };

  test('repeat for the same seed and call number', () => {
    expect(idsOf({ seed: 'one' })).toEqual(idsOf({ seed: 'one' }));
  });

  test('differ for every call, for webhook and event of one call, for another seed and another number', () => {
    const ids = [...idsOf({ seed: 'one' }), ...idsOf({ seed: 'two' }), ...idsOf({ seed: 'one' }, 3)];
    expect(new Set(ids).size).toBe(18);
  });

  test('begin with EV_ for webhooks and AE_ for events', () => {
    expect(idsOf({ seed: 'one' }).map((id) => id.slice(0, 3))).toEqual([
      'EV_',
      'AE_',
      'EV_',
      'AE_',
      'EV_',
      'AE_',
    ]);
  });
});

test('node id and analytics key are stamped on every event', () => {
  const sfu = new ServiceUnderTest({ nodeId: 'ND_7', analyticsKey: 'secret' });
  sfu.calls.roomStarted(ROOM);
  sfu.calls.report({});
  const events = sfu.told.filter(({ kind }) => kind === 'event');
  expect(events).toHaveLength(2);
  for (const { json } of events) expect(json).toMatchObject({ nodeId: 'ND_7', analyticsKey: 'secret' });
});

test('the epoch of engine time is asked for when something is told, not before', () => {
  let origin = 0;
  const sfu = new ServiceUnderTest({ originEpochMs: () => origin });
  origin = Date.UTC(2030, 0, 1);
  expect(sfu.event((calls) => calls.roomEnded(ROOM.sid))).toMatchObject({
    timestamp: '2030-01-01T00:00:00Z',
  });
});
