import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Registry } from '../../dist/src/engine/registry.js';
import { type CallFrame, FrameType, type LifecycleCall } from '../../dist/src/memory/frames.js';
import { Participants } from '../../dist/src/telemetry/participants.js';

const ROOM = { sid: 'RM' };
const ALICE = { sid: 'PA_alice' };

/** A host's registry; calls are numbered as the host numbers them. */
class Host {
  readonly registry = new Registry();
  number = 0;

  note(call: LifecycleCall, time = 0): CallFrame {
    const frame: CallFrame = [FrameType.CALL, time, ++this.number, call];
    this.registry.note(frame);
    return frame;
  }

  joined(ref = 'media'): void {
    this.note({ call: 'participantJoined', room: ROOM, participant: ALICE, ref });
  }

  left(): void {
    this.note({ call: 'participantLeft', room: ROOM, participant: ALICE, ref: 'media', sendEvent: true });
  }

  /** The timer thread says that it forgot Alice, having heard the calls up to a number. */
  reaped(number: number): void {
    const reaped = [{ room: 'RM', participant: 'PA_alice', number }];
    this.registry.reap({ reaped, tracks: [], callsTaken: number });
  }

  follow(changed: (known: boolean) => void = () => {}) {
    return this.registry.follow(ROOM, ALICE, changed);
  }
}

describe('whether a participant is known', () => {
  test('a recorder opened before the join learns of it, and of the reap', () => {
    const host = new Host();
    const heard: boolean[] = [];
    const followed = host.follow((known) => heard.push(known));
    expect(followed.known).toBe(false);
    host.joined();
    host.joined('signal');
    expect(followed.known).toBe(true);
    host.left();
    expect(followed.known, 'until the reap').toBe(true);
    host.reaped(3);
    expect(followed.known).toBe(false);
    host.joined();
    expect(followed.known).toBe(true);
    expect(heard, 'told when it changes, and only then').toEqual([true, false, true]);
  });

  test('one who stopped following hears nothing more', () => {
    const host = new Host();
    const heard: boolean[] = [];
    const stopped = host.follow((known) => heard.push(known));
    const other = host.follow();
    stopped.stop();
    host.joined();
    expect(heard).toEqual([]);
    expect(other.known).toBe(true);
  });

  test.each([
    ['participantActive', { call: 'participantActive', room: ROOM, participant: ALICE, ref: 'media' }],
    ['participantResumed', { call: 'participantResumed', room: ROOM, participant: ALICE }],
  ] as const)('%s makes somebody known as joined does', (_, call) => {
    const host = new Host();
    host.note(call);
    expect(host.follow().known).toBe(true);
  });

  test.each([
    ['participantLeft', { call: 'participantLeft', ref: 'media', sendEvent: true }],
    ['participantUpdated', { call: 'participantUpdated' }],
  ] as const)('%s makes nobody known', (_, call) => {
    const host = new Host();
    host.note({ ...call, room: ROOM, participant: ALICE });
    expect(host.follow().known).toBe(false);
    expect(host.registry.calls(host.number)).toEqual([]);
  });

  test('a reap is no news of somebody who has joined again since', () => {
    const host = new Host();
    host.joined();
    host.left();
    host.joined();
    host.reaped(2);
    expect(host.follow().known).toBe(true);
    expect(host.registry.calls(host.number)).not.toEqual([]);
  });

  test('a reap counts though there was a leave or an update since, that found nobody any more', () => {
    for (const call of ['participantLeft', 'participantUpdated'] as const) {
      const host = new Host();
      host.joined();
      host.left();
      const late = { room: ROOM, participant: ALICE, ref: 'media', sendEvent: true };
      host.note(call === 'participantLeft' ? { call, ...late } : { call, room: ROOM, participant: ALICE });
      host.reaped(2);
      expect(host.follow().known, call).toBe(false);
      expect(host.registry.calls(host.number), call).toEqual([]);
    }
  });
});

describe('what a new timer thread is told', () => {
  test('are the calls of those who are known, in the order they were made, and none the last one did not take', () => {
    const host = new Host();
    host.note({ call: 'roomStarted', room: ROOM });
    host.joined();
    host.joined('signal');
    host.left();
    const numbers = (upTo: number): number[] => host.registry.calls(upTo).map(([, , number]) => number);
    expect(numbers(2), 'what comes after is still in the ring').toEqual([1, 2]);
    expect(numbers(4)).toEqual([1, 2, 3, 4]);
    host.joined();
    expect(numbers(5), 'a rejoin is told with what came before it').toEqual([1, 2, 3, 4, 5]);
  });

  test('is nothing of people and rooms that are over', () => {
    const host = new Host();
    host.note({ call: 'roomStarted', room: ROOM });
    host.joined();
    host.note({ call: 'roomEnded', room: ROOM });
    host.left();
    expect(host.registry.calls(9)).toHaveLength(4);
    host.reaped(4);
    expect(host.registry.calls(9)).toEqual([]);
  });

  test('stays bounded for a caller that makes up a guard for every call', () => {
    const host = new Host();
    for (let n = 0; n < 10_000; n++) host.joined(`guard ${n}`);
    expect(host.registry.calls(host.number).length).toBeLessThanOrEqual(256);
  });
});

test('what a caller says often does not push out what holds somebody open', () => {
  const host = new Host();
  host.joined('media');
  host.joined('signal');
  for (let n = 0; n < 1_000; n++) {
    host.note({ call: 'participantUpdated', room: ROOM, participant: { ...ALICE, identity: `alice ${n}` } });
    host.joined('media');
  }
  host.left();
  const participants = new Participants();
  for (const [, at, number, call] of host.registry.calls(host.number)) {
    participants.take(call as LifecycleCall, at, number);
  }
  expect(participants.openCount, 'signal was never released').toBe(1);
  expect(participants.participantInfo('RM', ALICE).identity).toBe('alice 999');
});

type Step =
  | { readonly kind: 'call'; readonly call: LifecycleCall; readonly wait: number }
  | { readonly kind: 'reap' | 'restart' };

const REAP_AFTER_MS = 50;
const room = fc.record(
  { sid: fc.constantFrom('RM_1', 'RM_2'), name: fc.constantFrom('red', 'blue') },
  { requiredKeys: ['sid'] },
);
const participant = fc.record(
  { sid: fc.constantFrom('PA_1', 'PA_2'), identity: fc.constantFrom('ann', 'bob') },
  { requiredKeys: ['sid'] },
);
const ref = fc.constantFrom('media', 'signal');
const lifecycleCall: fc.Arbitrary<LifecycleCall> = fc.oneof(
  fc.record({ call: fc.constantFrom('roomStarted', 'roomEnded', 'roomUpdated'), room }),
  fc.record({ call: fc.constantFrom('participantUpdated', 'participantResumed'), room, participant }),
  {
    weight: 3,
    arbitrary: fc.record({
      call: fc.constantFrom('participantJoined', 'participantActive'),
      room,
      participant,
      ref,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      call: fc.constant('participantLeft' as const),
      room,
      participant,
      ref,
      sendEvent: fc.boolean(),
    }),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      call: lifecycleCall,
      wait: fc.nat({ max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reap', 'restart') }) },
);

/** Who is known, who is open, by what names, and for how long still. */
function seen(participants: Participants): object {
  const rooms = ['RM_1', 'RM_2'].map((sid) => ({
    name: participants.roomName(sid),
    people: ['PA_1', 'PA_2'].map((who) =>
      participants.isKnown(sid, who) ? participants.participantInfo(sid, { sid: who }).identity : undefined,
    ),
  }));
  const { openCount, roomCount } = participants;
  return { rooms, openCount, roomCount, nextDue: participants.nextDue(REAP_AFTER_MS) };
}

test('a timer thread that is told the calls knows what the one before it knew, and goes on alike', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const host = new Host();
      const immortal = new Participants();
      let mortal = new Participants();
      let time = 0;
      for (const next of steps) {
        if (next.kind === 'call') {
          time += next.wait;
          const [, , number] = host.note(next.call, time);
          expect(mortal.take(next.call, time, number)).toBe(immortal.take(next.call, time, number));
        } else if (next.kind === 'restart') {
          mortal = new Participants();
          for (const [, at, number, call] of host.registry.calls(host.number)) {
            mortal.take(call as LifecycleCall, at, number);
          }
        } else {
          const reaped = immortal.reap(time, REAP_AFTER_MS);
          expect(mortal.reap(time, REAP_AFTER_MS)).toEqual(reaped);
          host.registry.reap({ reaped, tracks: [], callsTaken: host.number });
        }
        expect(seen(mortal)).toEqual(seen(immortal));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a leave that is repeated does not begin the wait for the reaper anew in the next timer thread', () => {
  const host = new Host();
  host.joined();
  const left = {
    call: 'participantLeft',
    room: ROOM,
    participant: ALICE,
    ref: 'media',
    sendEvent: true,
  } as const;
  host.note(left, 1_000);
  host.note(left, 9_000);
  const participants = new Participants();
  for (const [, at, number, call] of host.registry.calls(host.number)) {
    participants.take(call as LifecycleCall, at, number);
  }
  expect(participants.nextDue(REAP_AFTER_MS)).toBe(1_000 + REAP_AFTER_MS);
});
