import fc from 'fast-check';
import { REAP_AFTER_MS, ServiceUnderTest, type Told } from './telemetry.js';

/** A call about one of a few people in one of a few rooms; `quiet` asks that it not be told. */
export interface PersonStep {
  readonly kind: 'joined' | 'active' | 'migrated' | 'resumed' | 'left' | 'muted';
  readonly room: string;
  readonly participant: string;
  readonly ref: string;
  readonly quiet: boolean;
}
export type Step =
  | PersonStep
  | { readonly kind: 'roomStarted' | 'roomEnded'; readonly room: string }
  | { readonly kind: 'reap'; readonly afterMs: number };

export const ROOMS = ['RM_1', 'RM_2'];
export const PEOPLE = ['PA_1', 'PA_2', 'PA_3'];

const room = fc.constantFrom(...ROOMS);
const KINDS = ['joined', 'active', 'migrated', 'resumed', 'left', 'left', 'left', 'muted'] as const;
const person = fc.record({
  kind: fc.constantFrom(...KINDS),
  room,
  participant: fc.constantFrom(...PEOPLE),
  ref: fc.constantFrom('media', 'signal'),
  quiet: fc.boolean(),
});
const roomStep = fc.record({ kind: fc.constantFrom('roomStarted' as const, 'roomEnded' as const), room });
const reap = fc.record({
  kind: fc.constant('reap' as const),
  afterMs: fc.integer({ min: 1, max: REAP_AFTER_MS }),
});

/** Steps in any order; `quietLeaves: false` has every left told. */
export function steps({ quietLeaves }: { readonly quietLeaves: boolean }): fc.Arbitrary<Step[]> {
  const call = person.map((step) =>
    step.kind === 'left' && !quietLeaves ? { ...step, quiet: false } : step,
  );
  return fc.array(fc.oneof({ weight: 12, arbitrary: call }, roomStep, reap), { maxLength: 60 });
}

/** A service that plays steps, each a millisecond after the one before; a reap comes after its wait. */
export class Player extends ServiceUnderTest {
  #time = 0;

  get time(): number {
    return this.#time;
  }

  play(step: Step): Told[] {
    this.at(++this.#time);
    return this.during(() => this.#call(step));
  }

  /** Passes a call over: its time and its number are gone all the same. */
  pass(): void {
    this.at(++this.#time).skip();
  }

  #call(step: Step): void {
    const { calls } = this;
    if (step.kind === 'reap') {
      this.#time += step.afterMs;
      this.reap(this.#time);
    } else if ('participant' in step) {
      const { kind, room, participant, ref, quiet } = step;
      const who = { room, participant };
      if (kind === 'joined') calls.participantJoined({ ...who, ref, sendEvent: !quiet });
      else if (kind === 'active') calls.participantActive({ ...who, ref });
      else if (kind === 'migrated') calls.participantActive({ ...who, ref, isMigration: true });
      else if (kind === 'resumed') calls.participantResumed(who);
      else if (kind === 'left') calls.participantLeft({ ...who, ref, sendEvent: !quiet });
      else calls.trackMuted({ ...who, track: 'TR', sendEvent: !quiet });
    } else calls[step.kind](step.room);
  }
}
