import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Told } from '../../helpers/telemetry.js';
import { PEOPLE, Player, ROOMS, steps } from '../../helpers/telemetry-steps.js';

const LEFT = ['participant_left', 'PARTICIPANT_LEFT'];
const ABORTED = ['participant_connection_aborted', 'PARTICIPANT_CONNECTION_ABORTED'];
const ENDS = new Set([...LEFT, ...ABORTED]);

interface Named {
  readonly room?: { readonly sid: string };
  readonly participant?: { readonly sid: string };
}

/** What was told of each person's sessions, in order: by what was told alone. */
function toldOfEach(told: readonly Told[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { name, json } of told) {
    const { room, participant } = json as Named;
    if (participant === undefined || name.startsWith('TRACK_')) continue;
    const who = `${room?.sid} ${participant.sid}`;
    names.set(who, [...(names.get(who) ?? []), name]);
  }
  return names;
}

const times = (names: readonly string[], name: string): number => names.filter((one) => one === name).length;

/** Checks the sessions in what was told of one person; gives what was told after the last end. */
function checkSessions(names: readonly string[]): readonly string[] {
  for (let rest = names; ; ) {
    const end = rest.findIndex((name) => ENDS.has(name));
    const session = end < 0 ? rest : rest.slice(0, end);
    expect(times(session, 'PARTICIPANT_JOINED')).toBeLessThanOrEqual(1);
    expect(times(session, 'participant_joined')).toBeLessThanOrEqual(1);
    if (end < 0) return session;
    const wasConnected = session.includes('PARTICIPANT_ACTIVE');
    expect(rest.slice(end, end + 2)).toEqual(wasConnected ? LEFT : ABORTED);
    rest = rest.slice(end + 2);
  }
}

describe('whatever the order and repetition of calls', () => {
  test('every session has one joined at most, and ends in exactly one of left, aborted', () => {
    fc.assert(
      fc.property(steps({ quietLeaves: false }), (sequence) => {
        const sfu = new Player();
        for (const step of sequence) sfu.play(step);
        // A left that is told ends whatever still goes on.
        for (const room of ROOMS) {
          for (const participant of PEOPLE) {
            sfu.play({ kind: 'left', room, participant, ref: 'media', quiet: false });
          }
        }
        for (const names of toldOfEach(sfu.told).values()) expect(checkSessions(names)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('impossible calls are counted, told once to whoever watches, and change nothing', () => {
    let needless = 0;
    fc.assert(
      fc.property(steps({ quietLeaves: true }), (sequence) => {
        const all = new Player();
        const { participants } = all.service;
        const isNeedless = sequence.map((step) => {
          const { leavesIgnored, openCount } = participants;
          const told = all.play(step);
          if (participants.leavesIgnored === leavesIgnored) return false;
          expect(told).toEqual([]);
          // A second left may give up a guard that the first has left: it is told to nobody, but not in vain.
          return participants.openCount === openCount;
        });
        expect(all.impossible).toHaveLength(Math.min(1, participants.leavesIgnored));
        needless += isNeedless.filter(Boolean).length;

        const without = new Player();
        sequence.forEach((step, n) => {
          if (isNeedless[n]) without.pass();
          else without.play(step);
        });
        const said = ({ told }: Player) => told.map(({ seq, time, json }) => [seq, time, json]);
        expect(said(without)).toEqual(said(all));
        expect(without.service.lateEvents).toBe(all.service.lateEvents);
      }),
      { numRuns: 300 },
    );
    expect(needless, 'or nothing was shown').toBeGreaterThan(300);
  });

  test('what is told of a room is numbered from 1 without a gap, webhooks and events together', () => {
    fc.assert(
      fc.property(steps({ quietLeaves: true }), (sequence) => {
        const sfu = new Player();
        for (const step of sequence) sfu.play(step);
        for (const room of ROOMS) {
          const numbers = sfu.told
            .filter(({ json }) => (json as Named).room?.sid === room)
            .map(({ seq }) => seq);
          expect(numbers).toEqual(numbers.map((_, n) => n + 1));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the same calls are told in the same words, ids and numbers', () => {
    fc.assert(
      fc.property(steps({ quietLeaves: true }), (sequence) => {
        const [once, again] = [new Player(), new Player()];
        for (const step of sequence) once.play(step);
        for (const step of sequence) again.play(step);
        expect(again.told.map(({ message }) => message.toBinary())).toEqual(
          once.told.map(({ message }) => message.toBinary()),
        );
      }),
      { numRuns: 50 },
    );
  });
});
