import { describe, expect, test } from 'vitest';
import { ALICE, BOB, type DirectCalls, ROOM, ServiceUnderTest } from '../../helpers/telemetry.js';

const WHO = { room: ROOM.sid, participant: ALICE.sid };
const ACTIVE = ['participant_joined', 'PARTICIPANT_ACTIVE'];
const LEFT = ['participant_left', 'PARTICIPANT_LEFT'];
const ABORTED = ['participant_connection_aborted', 'PARTICIPANT_CONNECTION_ABORTED'];

/** What calls with the guard "media" lead to, one after another; quiet ones ask not to be told. */
const CALLS = {
  joined: (calls: DirectCalls) => calls.participantJoined(WHO),
  joinedQuietly: (calls: DirectCalls) => calls.participantJoined({ ...WHO, sendEvent: false }),
  joinedBySignal: (calls: DirectCalls) => calls.participantJoined({ ...WHO, ref: 'signal' }),
  active: (calls: DirectCalls) => calls.participantActive(WHO),
  activeBySignal: (calls: DirectCalls) => calls.participantActive({ ...WHO, ref: 'signal' }),
  migrated: (calls: DirectCalls) => calls.participantActive({ ...WHO, isMigration: true }),
  resumed: (calls: DirectCalls) => calls.participantResumed(WHO),
  left: (calls: DirectCalls) => calls.participantLeft(WHO),
  leftQuietly: (calls: DirectCalls) => calls.participantLeft({ ...WHO, sendEvent: false }),
  leftBySignal: (calls: DirectCalls) => calls.participantLeft({ ...WHO, ref: 'signal' }),
  leftBySignalQuietly: (calls: DirectCalls) =>
    calls.participantLeft({ ...WHO, ref: 'signal', sendEvent: false }),
};
type Call = keyof typeof CALLS;

function namesOf(...calls: Call[]): string[][] {
  const sfu = new ServiceUnderTest();
  return calls.map((call) => sfu.names(CALLS[call]));
}

describe('a session', () => {
  test('is joined, active, left', () => {
    expect(namesOf('joined', 'active', 'left')).toEqual([['PARTICIPANT_JOINED'], ACTIVE, LEFT]);
  });

  test('that was never active ends as aborted', () => {
    expect(namesOf('joined', 'left')).toEqual([['PARTICIPANT_JOINED'], ABORTED]);
  });

  test('has one joined, whatever the guards', () => {
    expect(namesOf('joinedBySignal', 'joined', 'joinedBySignal')).toEqual([['PARTICIPANT_JOINED'], [], []]);
  });

  test('has one joined also when it comes after active', () => {
    expect(namesOf('active', 'joined', 'joinedBySignal', 'left')).toEqual([
      ACTIVE,
      ['PARTICIPANT_JOINED'],
      [],
      LEFT,
    ]);
  });

  test('joined quietly has its one joined to come', () => {
    expect(namesOf('joinedQuietly', 'joined', 'joined')).toEqual([[], ['PARTICIPANT_JOINED'], []]);
  });

  test('active twice sends the webhook once, and both events', () => {
    expect(namesOf('joined', 'active', 'active')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      ['PARTICIPANT_ACTIVE'],
    ]);
  });

  test('active by another guard is active twice', () => {
    expect(namesOf('active', 'activeBySignal')).toEqual([ACTIVE, ['PARTICIPANT_ACTIVE']]);
  });

  test('active without joined is opened by it', () => {
    expect(namesOf('active', 'left')).toEqual([ACTIVE, LEFT]);
  });
});

describe('migration', () => {
  test('connects without a webhook, and ends with one', () => {
    expect(namesOf('joinedQuietly', 'migrated', 'left')).toEqual([[], ['PARTICIPANT_ACTIVE'], LEFT]);
  });

  test('was told by the node before: active later on sends no webhook either', () => {
    expect(namesOf('migrated', 'active', 'left')).toEqual([
      ['PARTICIPANT_ACTIVE'],
      ['PARTICIPANT_ACTIVE'],
      LEFT,
    ]);
  });
});

describe('resume', () => {
  test('within a session tells of itself and changes nothing', () => {
    expect(namesOf('joined', 'active', 'resumed', 'left')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      ['PARTICIPANT_RESUMED'],
      LEFT,
    ]);
  });

  test('alone opens a session that is not connected, and that any left closes and ends', () => {
    expect(namesOf('resumed', 'leftBySignal', 'left')).toEqual([['PARTICIPANT_RESUMED'], ABORTED, []]);
  });

  test('of the signalling connection, while media holds the session, ends with one left', () => {
    const calls = ['joinedBySignal', 'active', 'leftBySignalQuietly', 'resumed', 'joinedBySignal'] as const;
    expect(namesOf(...calls, 'left', 'leftBySignalQuietly')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      [],
      ['PARTICIPANT_RESUMED'],
      [],
      LEFT,
      [],
    ]);
  });
});

describe('two guards', () => {
  test('left with an event ends the session, whatever guard remains', () => {
    expect(namesOf('joinedBySignal', 'active', 'left', 'leftBySignalQuietly')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      LEFT,
      [],
    ]);
  });

  test('the guard that remains keeps the participant known, until it is released too', () => {
    const sfu = new ServiceUnderTest();
    for (const call of ['joinedBySignal', 'active', 'left'] as const) CALLS[call](sfu.calls);
    sfu.reap(10_000_000);
    expect(sfu.service.participants.openCount).toBe(1);
    expect(sfu.names(CALLS.leftBySignalQuietly)).toEqual([]);
    expect(sfu.service.participants.openCount).toBe(0);
    sfu.reap(20_000_000);
    expect(sfu.service.participants.isKnown(ROOM.sid, ALICE.sid)).toBe(false);
  });

  test('a second left with an event is counted and told to nobody, but gives its guard up', () => {
    const sfu = new ServiceUnderTest();
    for (const call of ['joinedBySignal', 'active', 'left'] as const) CALLS[call](sfu.calls);
    expect(sfu.names(CALLS.leftBySignal)).toEqual([]);
    expect(sfu.service.participants).toMatchObject({ leavesIgnored: 1, openCount: 0 });
  });

  test('left quietly by one of them keeps the session going for the other’s left', () => {
    expect(namesOf('joinedBySignal', 'active', 'leftBySignalQuietly', 'left')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      [],
      LEFT,
    ]);
  });

  test('left quietly, then left with an event, ends the session once', () => {
    expect(namesOf('active', 'leftQuietly', 'left', 'left')).toEqual([ACTIVE, [], LEFT, []]);
  });

  test('left quietly closes the participant: the wait for the reaper is from then', () => {
    const sfu = new ServiceUnderTest();
    CALLS.active(sfu.calls);
    CALLS.leftQuietly(sfu.calls);
    expect(sfu.at(100_000).names(CALLS.left)).toEqual(LEFT);
    sfu.reap(180_001);
    expect(sfu.service.participants.isKnown(ROOM.sid, ALICE.sid)).toBe(false);
  });
});

describe('a rejoin with the same identity and sid', () => {
  test('after left is a new session, not connected, that ends by itself', () => {
    expect(namesOf('joined', 'active', 'left', 'joined', 'left')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      LEFT,
      ['PARTICIPANT_JOINED'],
      ABORTED,
    ]);
  });

  test('that becomes active sends its own webhook', () => {
    expect(namesOf('active', 'left', 'active', 'left')).toEqual([ACTIVE, LEFT, ACTIVE, LEFT]);
  });

  test('while a guard of the session before remains is a new session too', () => {
    expect(namesOf('joinedBySignal', 'active', 'left', 'joined', 'active', 'left')).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      LEFT,
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      LEFT,
    ]);
  });

  test('after the reap is as the first time', () => {
    const sfu = new ServiceUnderTest();
    for (const call of ['joined', 'active', 'left'] as const) CALLS[call](sfu.calls);
    sfu.reap(1_000_000);
    expect(sfu.service.participants.isKnown(ROOM.sid, ALICE.sid)).toBe(false);
    expect((['joined', 'active', 'left'] as const).map((call) => sfu.names(CALLS[call]))).toEqual([
      ['PARTICIPANT_JOINED'],
      ACTIVE,
      LEFT,
    ]);
  });
});

describe('an impossible call', () => {
  test('left again is counted, and tells nobody', () => {
    const sfu = new ServiceUnderTest();
    for (const call of ['joined', 'active', 'left'] as const) CALLS[call](sfu.calls);
    expect(sfu.names((calls) => [CALLS.left(calls), CALLS.leftBySignal(calls)])).toEqual([]);
    expect(sfu.service.participants.leavesIgnored).toBe(2);
  });

  test('left for somebody never seen is counted, tells nobody and makes nobody known', () => {
    const sfu = new ServiceUnderTest();
    const call = { room: ROOM, participant: ALICE };
    expect(sfu.names((calls) => calls.participantLeft(call))).toEqual([]);
    expect(sfu.service.participants).toMatchObject({ leavesIgnored: 1, openCount: 0, roomCount: 0 });
  });

  test('left for somebody of another room is for somebody never seen', () => {
    const sfu = new ServiceUnderTest();
    CALLS.active(sfu.calls);
    expect(sfu.names((calls) => calls.participantLeft({ ...WHO, room: 'RM_other' }))).toEqual([]);
    expect(sfu.names(CALLS.left)).toEqual(LEFT);
  });

  test('is told once to whoever watches, with the call that was the first', () => {
    const sfu = new ServiceUnderTest();
    for (const participant of [ALICE.sid, BOB.sid, ALICE.sid]) {
      sfu.calls.participantLeft({ room: ROOM.sid, participant });
    }
    expect(sfu.impossible).toEqual([expect.objectContaining({ participant: { sid: ALICE.sid } })]);
    expect(sfu.service.participants.leavesIgnored).toBe(3);
  });

  test('leaves the wait for the reaper as it was', () => {
    const sfu = new ServiceUnderTest();
    for (const call of ['active', 'left'] as const) CALLS[call](sfu.calls);
    CALLS.left(sfu.at(100_000).calls);
    sfu.reap(180_001);
    expect(sfu.service.participants.isKnown(ROOM.sid, ALICE.sid)).toBe(false);
  });
});
