import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REAP_AFTER_MS } from '../../helpers/telemetry.js';
import { type PersonStep, Player, type Step, steps } from '../../helpers/telemetry-steps.js';

interface Session {
  joined: boolean;
  connected: boolean;
  /** Left, and told so. */
  over: boolean;
  /** When nobody held it open any more. */
  closedAt: number | undefined;
}

/** What LIVEKIT.md's "Lifetime" has told of a person, as plainly as it can be said. */
class Lifetime {
  readonly #sessions = new Map<string, Session>();
  readonly #guards = new Map<string, Set<string>>();
  impossible = 0;
  late = 0;

  told(step: Step, time: number): string[] {
    if (step.kind === 'reap') this.#reap(time);
    if (!('participant' in step)) return [];
    const who = `${step.room} ${step.participant}`;
    if (step.kind === 'left') return this.#left(who, step, time);
    if (step.kind === 'muted') return this.#muted(who, step);
    const session = this.#open(who);
    if (step.kind === 'resumed') return ['PARTICIPANT_RESUMED'];
    this.#guardsOf(who).add(step.ref);
    if (step.kind === 'joined') {
      if (step.quiet || session.joined) return [];
      session.joined = true;
      return ['PARTICIPANT_JOINED'];
    }
    const isFirst = !session.connected;
    session.connected = true;
    return isFirst && step.kind === 'active'
      ? ['participant_joined', 'PARTICIPANT_ACTIVE']
      : ['PARTICIPANT_ACTIVE'];
  }

  /** "Active or joined after left: a new session", and so under a key that was closed. */
  #open(who: string): Session {
    const known = this.#sessions.get(who);
    if (known !== undefined && !known.over && known.closedAt === undefined) return known;
    const session: Session = { joined: false, connected: false, over: false, closedAt: undefined };
    this.#sessions.set(who, session);
    return session;
  }

  #left(who: string, { ref, quiet }: PersonStep, time: number): string[] {
    const session = this.#sessions.get(who);
    if (session === undefined || (session.over && (session.closedAt !== undefined || !quiet))) {
      this.impossible++;
    }
    if (session === undefined) return [];
    const guards = this.#guardsOf(who);
    guards.delete(ref);
    if (guards.size === 0) session.closedAt ??= time;
    if (quiet || session.over) return [];
    session.over = true;
    return session.connected
      ? ['participant_left', 'PARTICIPANT_LEFT']
      : ['participant_connection_aborted', 'PARTICIPANT_CONNECTION_ABORTED'];
  }

  #muted(who: string, { quiet }: PersonStep): string[] {
    if (quiet) return [];
    if (!this.#sessions.has(who)) this.late++;
    return ['TRACK_MUTED'];
  }

  #reap(time: number): void {
    for (const [who, { closedAt }] of this.#sessions) {
      if (closedAt !== undefined && time - closedAt > REAP_AFTER_MS) this.#sessions.delete(who);
    }
  }

  #guardsOf(who: string): Set<string> {
    const guards = this.#guards.get(who) ?? new Set();
    this.#guards.set(who, guards);
    return guards;
  }
}

test('what is told of people is what a plain model of "Lifetime" tells, whatever the order of calls', () => {
  fc.assert(
    fc.property(steps({ quietLeaves: true }), (sequence) => {
      const sfu = new Player();
      const model = new Lifetime();
      for (const step of sequence) {
        const told = sfu.play(step).map(({ name }) => name);
        const expected = model.told(step, sfu.time);
        if (!step.kind.startsWith('room')) expect(told).toEqual(expected);
        expect(sfu.service.participants.leavesIgnored).toBe(model.impossible);
        expect(sfu.service.lateEvents).toBe(model.late);
      }
    }),
    { numRuns: 500 },
  );
});
