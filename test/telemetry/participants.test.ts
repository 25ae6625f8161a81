import { describe, expect, test } from 'vitest';
import type { LifecycleCall } from '../../dist/src/memory/frames.js';
import { Participants, type ReapedParticipant } from '../../dist/src/telemetry/participants.js';

const REAP_AFTER_MS = 180_000;
const ALICE = 'PA_alice';

/** Drives the logic by hand: every step says its time, calls are numbered as the host numbers them. */
class Steps {
  readonly participants = new Participants();
  #number = 0;

  take(time: number, call: LifecycleCall): this {
    this.participants.take(call, time, ++this.#number);
    return this;
  }

  joined(time: number, ref = 'media', participant = ALICE): this {
    return this.#guarded('participantJoined', time, ref, participant);
  }

  active(time: number, ref = 'media', participant = ALICE): this {
    return this.#guarded('participantActive', time, ref, participant);
  }

  resumed(time: number, participant = ALICE): this {
    return this.take(time, {
      call: 'participantResumed',
      room: { sid: 'RM' },
      participant: { sid: participant },
    });
  }

  left(time: number, ref = 'media', participant = ALICE, sendEvent = true): this {
    const who = { room: { sid: 'RM' }, participant: { sid: participant } };
    return this.take(time, { call: 'participantLeft', ...who, ref, sendEvent });
  }

  room(time: number, call: 'roomStarted' | 'roomEnded' | 'roomUpdated', name?: string): this {
    return this.take(time, { call, room: name === undefined ? { sid: 'RM' } : { sid: 'RM', name } });
  }

  reap(time: number): ReapedParticipant[] {
    return this.participants.reap(time, REAP_AFTER_MS);
  }

  isKnown(participant = ALICE): boolean {
    return this.participants.isKnown('RM', participant);
  }

  #guarded(
    call: 'participantJoined' | 'participantActive',
    time: number,
    ref: string,
    participant: string,
  ): this {
    return this.take(time, { call, room: { sid: 'RM' }, participant: { sid: participant }, ref });
  }
}

describe('guards', () => {
  test('a participant is open until the last of two guards is released', () => {
    const steps = new Steps().joined(0, 'signal').active(1, 'media').left(2, 'signal', ALICE, false);
    expect(steps.participants.openCount).toBe(1);
    steps.left(3, 'media');
    expect(steps.participants.openCount).toBe(0);
    expect(steps.reap(180_004)).toMatchObject([{ participant: ALICE, closedForMs: 180_001 }]);
  });

  test('the same guard activated twice is released by one leave', () => {
    const steps = new Steps().joined(0).active(1).joined(2).left(3);
    expect(steps.participants.openCount).toBe(0);
    expect(steps.participants.leavesIgnored).toBe(0);
  });

  test('a leave releases only a guard that was activated', () => {
    const steps = new Steps().joined(0, 'media').left(1, 'signal', ALICE, false);
    expect(steps.participants.openCount).toBe(1);
    expect(steps.left(2, 'signal', ALICE, false).participants.openCount).toBe(1);
    expect(steps.left(3, 'media', ALICE, false).participants.openCount).toBe(0);
  });

  test('a guard activated again after its release is a new guard', () => {
    const steps = new Steps()
      .joined(0, 'signal')
      .joined(1, 'media')
      .left(2, 'media', ALICE, false)
      .joined(3, 'media')
      .left(4, 'signal', ALICE, false);
    expect(steps.participants.openCount).toBe(1);
    expect(steps.left(5, 'media', ALICE, false).participants.openCount).toBe(0);
  });

  test.each([true, false])(
    'resumed alone holds a guard that any leave releases (sendEvent %s)',
    (sendEvent) => {
      const steps = new Steps().resumed(0);
      expect(steps.participants.openCount).toBe(1);
      expect(steps.left(1, 'whatever', ALICE, sendEvent).participants.openCount).toBe(0);
    },
  );

  test('resumed beside a guard adds none of its own', () => {
    const steps = new Steps().joined(0, 'media').resumed(1).left(2, 'media');
    expect(steps.participants.openCount).toBe(0);
  });

  test('a guard activated after resumed holds the participant when another leaves', () => {
    const steps = new Steps().resumed(0).joined(1, 'media').left(2, 'signal', ALICE, false);
    expect(steps.participants.openCount).toBe(1);
    expect(steps.left(3, 'media').participants.openCount).toBe(0);
  });
});

describe('leaving', () => {
  test('with an event while another guard remains keeps the participant open for stats', () => {
    const steps = new Steps().joined(0, 'signal').joined(0, 'media').left(1_000, 'media');
    expect(steps.participants.openCount).toBe(1);
    expect(steps.reap(10_000_000)).toEqual([]);
    expect(steps.isKnown()).toBe(true);
    steps.left(10_000_000, 'signal', ALICE, false);
    expect(steps.reap(10_180_001)).toMatchObject([{ closedForMs: 180_001 }]);
  });

  test('somebody never seen is counted, and makes nobody known', () => {
    const steps = new Steps().left(0);
    expect(steps.participants.leavesIgnored).toBe(1);
    expect(steps.isKnown()).toBe(false);
    expect(steps.participants.openCount).toBe(0);
    expect(steps.participants.roomCount).toBe(0);
  });

  test('twice is counted, and does not begin the wait for the reaper anew', () => {
    const steps = new Steps().joined(0).left(1_000).left(100_000);
    expect(steps.participants.leavesIgnored).toBe(1);
    expect(steps.participants.openCount).toBe(0);
    expect(steps.reap(181_001)).toMatchObject([{ closedForMs: 180_001 }]);
  });

  test('with an event twice while a guard remains is counted once', () => {
    const steps = new Steps().joined(0, 'signal').joined(0, 'media').left(1).left(2);
    expect(steps.participants.leavesIgnored).toBe(1);
    expect(steps.participants.openCount).toBe(1);
  });
});

describe('a rejoin', () => {
  test.each([
    ['joined', (steps: Steps) => steps.joined(60_000)],
    ['active', (steps: Steps) => steps.active(60_000)],
    ['resumed', (steps: Steps) => steps.resumed(60_000)],
  ] as const)('by %s under a closed key begins a session that ends by itself', (_, rejoin) => {
    const steps = rejoin(new Steps().joined(0).left(1_000));
    expect(steps.participants.openCount).toBe(1);
    expect(steps.reap(1_000_000), 'the session before must not be reaped under the new one').toEqual([]);
    expect(steps.isKnown()).toBe(true);
    steps.left(1_000_000);
    expect(steps.participants.leavesIgnored).toBe(0);
    expect(steps.reap(1_180_000)).toEqual([]);
    expect(steps.reap(1_180_001)).toMatchObject([{ closedForMs: 180_001 }]);
    expect(steps.reap(9_000_000)).toEqual([]);
  });

  test('after a leave with an event is held by the guards that were never released, too', () => {
    const steps = new Steps().joined(0, 'signal').joined(0, 'media').left(1, 'media').joined(2, 'media');
    steps.left(3, 'media');
    expect(steps.participants.openCount, 'signal still holds it').toBe(1);
    steps.left(4, 'signal', ALICE, false);
    expect(steps.participants.openCount).toBe(0);
  });

  test('keeps the identity a later object does not bring', () => {
    const who = { room: { sid: 'RM' }, participant: { sid: ALICE, identity: 'alice' }, ref: 'media' };
    const steps = new Steps().take(0, { call: 'participantJoined', ...who });
    steps.left(1).joined(2).left(3);
    expect(steps.reap(200_000)).toMatchObject([{ identity: 'alice' }]);
  });
});

describe('the reaper', () => {
  test('forgets strictly after reapAfterMs, and names whom and for how long they were gone', () => {
    const room = { sid: 'RM', name: 'standup' };
    const participant = { sid: ALICE, identity: 'alice' };
    const steps = new Steps().take(0, { call: 'participantJoined', room, participant, ref: 'media' });
    steps.left(5_000);
    expect(steps.reap(185_000)).toEqual([]);
    expect(steps.isKnown()).toBe(true);
    expect(steps.reap(185_001)).toEqual([
      {
        room: 'RM',
        roomName: 'standup',
        participant: ALICE,
        identity: 'alice',
        closedForMs: 180_001,
        number: 2,
      },
    ]);
    expect(steps.isKnown()).toBe(false);
    expect(steps.reap(1e9)).toEqual([]);
  });

  test('forgets at the first flush after the leave when reapAfterMs is 0', () => {
    const steps = new Steps().joined(0).left(30_000);
    expect(steps.participants.reap(30_000, 0)).toEqual([]);
    expect(steps.participants.reap(30_001, 0)).toHaveLength(1);
  });

  test('never takes somebody who is open', () => {
    const steps = new Steps().joined(0).active(0);
    expect(steps.reap(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(steps.isKnown()).toBe(true);
  });

  test('takes all who are due, oldest first, and leaves the rest', () => {
    const steps = new Steps();
    for (const name of ['PA_a', 'PA_b', 'PA_c']) steps.joined(0, 'media', name);
    steps.left(100, 'media', 'PA_b').left(200, 'media', 'PA_a').left(300, 'media', 'PA_c');
    expect(steps.reap(180_201).map(({ participant }) => participant)).toEqual(['PA_b', 'PA_a']);
    expect(steps.isKnown('PA_c')).toBe(true);
  });

  test('says when the next one is due, so that a clock may pass over idle time', () => {
    const steps = new Steps();
    const due = (): number => steps.participants.nextDue(REAP_AFTER_MS);
    expect(due()).toBe(Number.POSITIVE_INFINITY);
    steps.joined(0, 'media', 'PA_a').joined(0, 'media', 'PA_b').left(10, 'media', 'PA_a');
    expect(due()).toBe(180_010);
    steps.left(20, 'media', 'PA_b');
    expect(due()).toBe(180_010);
    steps.joined(30, 'media', 'PA_a');
    expect(due()).toBe(180_020);
  });

  test('gives the number of the last call about somebody, so that newer news is not undone', () => {
    const steps = new Steps().joined(0).left(1).left(2);
    expect(steps.reap(300_000)).toMatchObject([{ number: 3 }]);
  });
});

describe('rooms', () => {
  test('a room that ended is kept until the last of its people is reaped', () => {
    const steps = new Steps().room(0, 'roomStarted', 'standup').joined(0).joined(0, 'media', 'PA_bob');
    steps.room(1, 'roomEnded');
    expect(steps.participants.openCount, 'theirs goes on until their own leave').toBe(2);
    steps.left(2).left(100_000, 'media', 'PA_bob');
    expect(steps.reap(190_000)).toMatchObject([{ participant: ALICE, roomName: 'standup' }]);
    expect(steps.participants.roomName('RM')).toBe('standup');
    expect(steps.reap(280_001)).toMatchObject([{ participant: 'PA_bob', roomName: 'standup' }]);
    expect(steps.participants.roomCount).toBe(0);
    expect(steps.participants.roomName('RM')).toBe('');
  });

  test('a room that ended with nobody inside is forgotten at once', () => {
    const steps = new Steps().room(0, 'roomStarted').room(1, 'roomEnded');
    expect(steps.participants.roomCount).toBe(0);
  });

  test('a room that was started and not ended outlives its people', () => {
    const steps = new Steps().room(0, 'roomStarted', 'standup').joined(0).left(1);
    expect(steps.reap(1_000_000)).toHaveLength(1);
    expect(steps.participants.roomName('RM')).toBe('standup');
    steps.room(1_000_001, 'roomEnded');
    expect(steps.participants.roomCount).toBe(0);
  });

  test('a room that nobody started is forgotten with the last of its people', () => {
    const steps = new Steps().joined(0).left(1);
    expect(steps.participants.roomCount).toBe(1);
    steps.reap(1_000_000);
    expect(steps.participants.roomCount).toBe(0);
  });

  test('a room started again after its end is not forgotten with the people of before', () => {
    const steps = new Steps().room(0, 'roomStarted').joined(0).room(1, 'roomEnded').room(2, 'roomStarted');
    steps.left(3);
    steps.reap(1_000_000);
    expect(steps.participants.roomCount).toBe(1);
  });

  test('one sid in two rooms is two participants', () => {
    const { participants } = new Steps().joined(0);
    expect(participants.isKnown('RM_other', ALICE)).toBe(false);
    expect(participants.isKnown('R', `M${ALICE}`), 'keys must not run together').toBe(false);
  });
});

describe('names', () => {
  test('the latest object seen for a sid counts', () => {
    const steps = new Steps().room(0, 'roomStarted', 'one');
    steps.room(1, 'roomUpdated', 'two');
    expect(steps.participants.roomName('RM')).toBe('two');
    steps.take(2, {
      call: 'participantJoined',
      room: { sid: 'RM', name: 'three' },
      participant: { sid: ALICE, identity: 'a' },
      ref: 'media',
    });
    expect(steps.participants.roomName('RM')).toBe('three');
    steps.participants.seen({ sid: 'RM', name: 'four' }, { sid: ALICE, identity: 'b' });
    steps.take(3, {
      call: 'participantUpdated',
      room: { sid: 'RM' },
      participant: { sid: ALICE, identity: 'c' },
    });
    steps.left(4);
    expect(steps.reap(1_000_000)).toMatchObject([{ roomName: 'four', identity: 'c' }]);
  });

  test('a sid alone takes no name away, an empty name does', () => {
    const steps = new Steps().room(0, 'roomStarted', 'one').joined(1);
    expect(steps.participants.roomName('RM')).toBe('one');
    steps.room(2, 'roomUpdated', '');
    expect(steps.participants.roomName('RM')).toBe('');
  });

  test('of what is not known nothing is remembered', () => {
    const steps = new Steps().room(0, 'roomUpdated', 'ghost');
    steps.participants.seen({ sid: 'RM', name: 'ghost' }, { sid: ALICE, identity: 'ghost' });
    expect(steps.participants.roomCount).toBe(0);
    steps.joined(1).left(2);
    expect(steps.reap(1_000_000)).toMatchObject([{ roomName: '', identity: '' }]);
  });
});

test('names that are older than others are only taken where none is known', () => {
  const participants = new Participants();
  const room = { sid: 'RM' };
  participants.take({ call: 'participantResumed', room, participant: { sid: 'PA' } }, 0, 1);
  participants.seenBefore({ sid: 'RM', name: 'old' }, { sid: 'PA', identity: 'older' });
  expect([participants.roomName('RM'), participants.participantInfo('RM', { sid: 'PA' }).identity]).toEqual([
    'old',
    'older',
  ]);
  participants.seenBefore({ sid: 'RM', name: 'oldest' }, { sid: 'PA', identity: 'oldest' });
  participants.seenBefore({ sid: 'RM_unknown', name: 'x' }, { sid: 'PA', identity: 'x' });
  expect([participants.roomName('RM'), participants.participantInfo('RM', { sid: 'PA' }).identity]).toEqual([
    'old',
    'older',
  ]);
  expect(participants.roomCount).toBe(1);
});
