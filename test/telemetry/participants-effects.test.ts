import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Effect, Participants } from '../../dist/src/telemetry/participants.js';

const ROOM = { sid: 'RM' };
const PARTICIPANT = { sid: 'PA' };

type Call = 'joined' | 'quietJoined' | 'active' | 'resumed' | 'left' | 'quietLeft';

/** Makes one call about the one participant, with the guard `ref`. */
function take(participants: Participants, call: Call, ref: string): Effect {
  const who = { room: ROOM, participant: PARTICIPANT };
  switch (call) {
    case 'joined':
    case 'quietJoined':
      return participants.take(
        { call: 'participantJoined', ...who, ref, sendEvent: call === 'joined' },
        0,
        1,
      );
    case 'active':
      return participants.take({ call: 'participantActive', ...who, ref }, 0, 1);
    case 'resumed':
      return participants.take({ call: 'participantResumed', ...who }, 0, 1);
    default:
      return participants.take({ call: 'participantLeft', ...who, ref, sendEvent: call === 'left' }, 0, 1);
  }
}

/** Calls with the guard `media`, unless a slash names another. */
function effectsOf(calls: readonly string[]): Effect[] {
  const participants = new Participants();
  return calls.map((call) => {
    const [name, ref = 'media'] = call.split('/');
    return take(participants, name as Call, ref);
  });
}

const { NOTHING, JOINED, CONNECTED, ACTIVE, RESUMED, LEFT, ABORTED, IGNORED } = Effect;

describe('what a call did to a session', () => {
  const cases: readonly (readonly [name: string, calls: string[], effects: Effect[]])[] = [
    ['an ordinary session', ['joined', 'active', 'left'], [JOINED, CONNECTED, LEFT]],
    ['left without ever being active is aborted', ['joined', 'left'], [JOINED, ABORTED]],
    [
      'one joined a session, whatever the guards',
      ['joined/signal', 'joined', 'joined'],
      [JOINED, NOTHING, NOTHING],
    ],
    [
      'joined after active is the session’s one joined',
      ['active', 'joined', 'left'],
      [CONNECTED, JOINED, LEFT],
    ],
    ['a joined that is not to be told leaves it to the next', ['quietJoined', 'joined'], [NOTHING, JOINED]],
    ['active twice connects once', ['joined', 'active', 'active'], [JOINED, CONNECTED, ACTIVE]],
    ['resumed alone', ['resumed', 'left'], [RESUMED, ABORTED]],
    ['left twice is told once', ['joined', 'active', 'left', 'left'], [JOINED, CONNECTED, LEFT, IGNORED]],
    ['left of somebody never seen', ['left'], [IGNORED]],
    [
      'left ends the session whatever guards remain',
      ['joined/signal', 'active/media', 'left/media', 'quietLeft/signal'],
      [JOINED, CONNECTED, LEFT, NOTHING],
    ],
    [
      'a rejoin under a closed key is not connected',
      ['active', 'left', 'joined', 'left'],
      [CONNECTED, LEFT, JOINED, ABORTED],
    ],
    [
      'a rejoin while a guard remains is a new session too',
      ['active/signal', 'left/media', 'joined/media', 'left/media'],
      [CONNECTED, LEFT, JOINED, ABORTED],
    ],
    [
      'a leave that is told later still ends the session',
      ['active', 'quietLeft', 'left', 'left'],
      [CONNECTED, NOTHING, LEFT, IGNORED],
    ],
  ];

  test.each(cases)('%s', (_, calls, effects) => {
    expect(effectsOf(calls)).toEqual(effects);
  });

  test('each session begins, connects and ends at most once, whatever the guards and the order', () => {
    const call = fc.constantFrom<Call>('joined', 'quietJoined', 'active', 'resumed', 'left');
    const ref = fc.constantFrom('media', 'signal');
    fc.assert(
      fc.property(fc.array(fc.tuple(call, ref), { maxLength: 40 }), (calls) => {
        const participants = new Participants();
        let session: { announced: boolean; connected: boolean } | undefined;
        const expected = (name: Call): Effect => {
          if (name === 'left') {
            const { connected } = session ?? {};
            session = undefined;
            return connected === undefined ? IGNORED : connected ? LEFT : ABORTED;
          }
          session ??= { announced: false, connected: false };
          const before = { ...session };
          if (name === 'joined') session.announced = true;
          if (name === 'active') session.connected = true;
          if (name === 'joined') return before.announced ? NOTHING : JOINED;
          if (name === 'active') return before.connected ? ACTIVE : CONNECTED;
          return name === 'resumed' ? RESUMED : NOTHING;
        };
        for (const [name, guard] of calls) expect(take(participants, name, guard)).toBe(expected(name));
      }),
      { numRuns: 500 },
    );
  });
});
