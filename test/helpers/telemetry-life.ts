import { TrackType } from '@livekit/protocol';
import fc from 'fast-check';
import type { DirectCalls } from './telemetry.js';

const ROOMS = ['RM_1', 'RM_2'];
const PEOPLE = ['PA_1', 'PA_2', 'PA_3'];
const TRACKS = ['TR_1', 'TR_2', ''];

/** What a host may call, about few rooms, people and tracks, in any order. */
export interface AnyCall {
  readonly label: string;
  readonly make: (calls: DirectCalls) => void;
}

const room = fc.oneof(
  fc.constantFrom(...ROOMS),
  fc.record(
    {
      sid: fc.constantFrom(...ROOMS),
      name: fc.constantFrom('red', 'blue'),
      metadata: fc.constantFrom('m', 'n'),
    },
    { requiredKeys: ['sid'] },
  ),
);
const participant = fc.oneof(
  fc.constantFrom(...PEOPLE),
  fc.record(
    { sid: fc.constantFrom(...PEOPLE), identity: fc.constantFrom('ann', 'bob') },
    { requiredKeys: ['sid'] },
  ),
);
const track = fc.oneof(
  fc.constantFrom(...TRACKS),
  fc.record({
    sid: fc.constantFrom(...TRACKS),
    type: fc.constantFrom(TrackType.AUDIO, TrackType.VIDEO, TrackType.DATA),
    name: fc.constantFrom('one', 'two'),
  }),
);
const ref = fc.constantFrom('media', 'signal');

function call(label: string, args: fc.Arbitrary<unknown>, weight: number) {
  const arbitrary: fc.Arbitrary<AnyCall> = args.map((arg) => ({
    label: `${label} ${JSON.stringify(arg)}`,
    make: (calls) => (calls[label as keyof DirectCalls] as (arg: unknown) => void).call(calls, arg),
  }));
  return { weight, arbitrary };
}

const who = { room, participant };
const trackArgs = fc.record({ ...who, track, sendEvent: fc.boolean() });
const subscription = fc.record(
  { ...who, track, publisher: participant, error: fc.constantFrom('a', 'b', '') },
  { requiredKeys: ['room', 'participant', 'track'] },
);

export const anyCall: fc.Arbitrary<AnyCall> = fc.oneof(
  call('roomStarted', room, 2),
  call('roomEnded', room, 2),
  call('updateRoom', room, 1),
  call('participantJoined', fc.record({ ...who, ref, sendEvent: fc.boolean() }), 6),
  call('participantActive', fc.record({ ...who, ref, isWarp: fc.boolean() }), 4),
  call('participantResumed', fc.record(who), 1),
  call('participantLeft', fc.record({ ...who, ref, sendEvent: fc.boolean() }), 6),
  call('trackPublishRequested', trackArgs, 2),
  call('trackPublished', trackArgs, 6),
  call('trackUnpublished', fc.record({ ...who, track, wasPublishedLocally: fc.boolean() }), 5),
  call('trackMuted', trackArgs, 2),
  call('trackSubscribeRequested', subscription, 2),
  call('trackSubscribed', subscription, 6),
  call('trackUnsubscribed', subscription, 4),
  call('trackSubscribeFailed', subscription, 2),
  call('dataStream', fc.nat({ max: 2 ** 26 }), 1),
  call('report', fc.constant({}), 1),
);

export type LifeStep =
  | { readonly kind: 'call'; readonly call: AnyCall; readonly waitMs: number }
  /** @param dieAt the store that never happens */
  | { readonly kind: 'drain'; readonly dieAt: number }
  | { readonly kind: 'reap'; readonly dies: boolean; readonly waitMs: number };

export const lifeSteps: fc.Arbitrary<LifeStep[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        call: anyCall,
        waitMs: fc.nat({ max: 9_000 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('drain' as const), dieAt: fc.nat({ max: 60 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('reap' as const),
        dies: fc.boolean(),
        waitMs: fc.nat({ max: 200_000 }),
      }),
    },
  ),
  { minLength: 10, maxLength: 100, size: 'max' },
);
