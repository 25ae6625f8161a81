import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LifecycleCall } from '../../dist/src/memory/frames.js';
import { Participants } from '../../dist/src/telemetry/participants.js';

const REAP_AFTER_MS = 100;

type Step =
  | { readonly kind: 'call'; readonly call: LifecycleCall }
  | { readonly kind: 'reap' }
  | { readonly kind: 'wait'; readonly ms: number };

const room = fc.record(
  { sid: fc.constantFrom('RM_1', 'RM_2'), name: fc.constantFrom('', 'red', 'blue') },
  { requiredKeys: ['sid'] },
);
const participant = fc.record(
  { sid: fc.constantFrom('PA_1', 'PA_2', 'PA_3'), identity: fc.constantFrom('', 'ann', 'bob') },
  { requiredKeys: ['sid'] },
);
const ref = fc.constantFrom('media', 'signal');

const call: fc.Arbitrary<LifecycleCall> = fc.oneof(
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
    weight: 4,
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
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('call' as const), call }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'reap' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 70 }) }),
  },
);

interface Person {
  identity: string;
  /** Names of what holds the session; '' is resumed's own. */
  holds: string[];
  closedAt: number | undefined;
  ended: boolean;
}

/** LIVEKIT.md's "Lifetime", as plainly as it can be said: lists, and nothing kept that can be derived. */
class Model {
  readonly people = new Map<string, Person>();
  readonly started = new Set<string>();
  readonly names = new Map<string, string>();
  leavesIgnored = 0;

  take(call: LifecycleCall, now: number): void {
    const { sid } = call.room;
    if (call.call === 'roomStarted') this.started.add(sid);
    if (call.call === 'roomStarted' || 'participant' in call) {
      if (!this.hasRoom(sid) && call.call !== 'roomStarted' && !this.#opens(call)) {
        if (call.call === 'participantLeft') this.leavesIgnored++;
        return;
      }
      if (!this.names.has(sid)) this.names.set(sid, '');
    }
    if (call.room.name !== undefined && this.names.has(sid)) this.names.set(sid, call.room.name);
    if ('participant' in call) this.#person(call, now);
    if (call.call === 'roomEnded') this.started.delete(sid);
    this.#forgetRooms();
  }

  #opens(call: LifecycleCall): boolean {
    return (
      call.call === 'participantJoined' ||
      call.call === 'participantActive' ||
      call.call === 'participantResumed'
    );
  }

  #person(call: Extract<LifecycleCall, { participant: unknown }>, now: number): void {
    const key = `${call.room.sid} ${call.participant.sid}`;
    let person = this.people.get(key);
    if (person === undefined && this.#opens(call)) {
      person = { identity: '', holds: [], closedAt: undefined, ended: false };
      this.people.set(key, person);
    }
    if (person === undefined) {
      if (call.call === 'participantLeft') this.leavesIgnored++;
      return;
    }
    if (call.participant.identity !== undefined) person.identity = call.participant.identity;
    if (this.#opens(call)) {
      if (person.closedAt !== undefined || person.ended) {
        person.closedAt = undefined;
        person.ended = false;
      }
      const hold = 'ref' in call ? call.ref : '';
      if (hold === '' ? person.holds.length === 0 : !person.holds.includes(hold)) person.holds.push(hold);
    } else if (call.call === 'participantLeft') {
      if (person.ended && (person.closedAt !== undefined || call.sendEvent)) this.leavesIgnored++;
      person.holds = person.holds.filter((hold) => hold !== '' && hold !== call.ref);
      if (person.holds.length === 0) person.closedAt ??= now;
      person.ended ||= call.sendEvent;
    }
  }

  hasRoom(sid: string): boolean {
    return this.started.has(sid) || [...this.people.keys()].some((key) => key.startsWith(`${sid} `));
  }

  #forgetRooms(): void {
    for (const sid of this.names.keys()) if (!this.hasRoom(sid)) this.names.delete(sid);
  }

  reap(now: number): object[] {
    const due = [...this.people]
      .filter(([, { closedAt }]) => closedAt !== undefined && now - closedAt > REAP_AFTER_MS)
      .map(([key, { identity, closedAt }]) => {
        const [room, participant] = key.split(' ') as [string, string];
        return {
          room,
          roomName: this.names.get(room),
          participant,
          identity,
          closedForMs: now - closedAt!,
        };
      });
    for (const { room, participant } of due) this.people.delete(`${room} ${participant}`);
    this.#forgetRooms();
    return due;
  }

  get open(): number {
    return [...this.people.values()].filter(({ closedAt }) => closedAt === undefined).length;
  }
}

const byKey = (a: { room?: string; participant?: string }, b: typeof a): number =>
  `${a.room} ${a.participant}` < `${b.room} ${b.participant}` ? -1 : 1;

function agree(participants: Participants, model: Model): void {
  expect(participants.openCount).toBe(model.open);
  expect(participants.openCount).toBeGreaterThanOrEqual(0);
  expect(participants.leavesIgnored).toBe(model.leavesIgnored);
  expect(participants.roomCount).toBe(model.names.size);
  for (const room of ['RM_1', 'RM_2']) {
    expect(participants.roomName(room)).toBe(model.names.get(room) ?? '');
    for (const sid of ['PA_1', 'PA_2', 'PA_3'])
      expect(participants.isKnown(room, sid)).toBe(model.people.has(`${room} ${sid}`));
  }
  const closed = [...model.people.values()].flatMap(({ closedAt }) =>
    closedAt === undefined ? [] : [closedAt],
  );
  expect(participants.nextDue(REAP_AFTER_MS)).toBe(Math.min(...closed) + REAP_AFTER_MS);
}

describe('participants, whatever the order of calls', () => {
  test('are as a plain model has them, and each that was closed is reaped once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const participants = new Participants();
        const model = new Model();
        let now = 0;
        let number = 0;
        const reapBoth = (): void => {
          const reaped = participants.reap(now, REAP_AFTER_MS).map(({ number: _, ...who }) => who);
          expect(reaped.sort(byKey)).toEqual(model.reap(now).sort(byKey));
        };
        for (const next of steps) {
          if (next.kind === 'wait') now += next.ms;
          else if (next.kind === 'reap') reapBoth();
          else {
            participants.take(next.call, now, ++number);
            model.take(next.call, now);
          }
          agree(participants, model);
        }
        // Whoever is closed goes in the end, and nobody else does.
        const open = model.open;
        now += REAP_AFTER_MS + 1;
        reapBoth();
        agree(participants, model);
        expect(model.people.size).toBe(open);
        expect(participants.reap(now, REAP_AFTER_MS)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
