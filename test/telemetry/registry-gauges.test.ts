import { TrackType } from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TelemetryCall } from '../../dist/src/memory/frames.js';
import { RegistryGauges } from '../../dist/src/telemetry/registry-gauges.js';
import { ALICE, BOB, REAP_AFTER_MS, ROOM, ServiceUnderTest } from '../helpers/telemetry.js';
import { anyCall } from '../helpers/telemetry-life.js';

const WHO = { room: ROOM.sid, participant: ALICE.sid };
const TRACK = { ...WHO, track: 'TR' };

/** The gauges, those with a kind by it, without zeros. */
function gauges(sfu: ServiceUnderTest): Record<string, number> {
  const shown: Record<string, number> = {};
  for (const family of new RegistryGauges(sfu.service).collect()) {
    if (family.type !== 'gauge') throw new Error(`${family.name} is no gauge`);
    for (const { labels, value } of family.series) {
      const name = family.name.replace(/^livekit_|_total$/g, '');
      if (value !== 0) shown[[name, ...labels].join(' ')] = value;
    }
  }
  return shown;
}

/** A service in whose room Alice and Bob are. */
function meeting(): ServiceUnderTest {
  const sfu = new ServiceUnderTest();
  sfu.calls.roomStarted(ROOM);
  for (const { sid } of [ALICE, BOB]) sfu.calls.participantActive({ ...WHO, participant: sid });
  return sfu;
}

const TWO = { room: 1, participant: 2 };

test('the names and labels are LiveKit’s, and what there is none of is shown as 0', () => {
  const families = new RegistryGauges(new ServiceUnderTest().service).collect();
  const kinds = [['AUDIO'], ['VIDEO'], ['DATA']];
  expect(families.map(({ name, labelNames }) => [name, labelNames])).toEqual([
    ['livekit_room_total', []],
    ['livekit_participant_total', []],
    ['livekit_track_published_total', ['kind']],
    ['livekit_track_subscribed_total', ['kind']],
  ]);
  expect(families[2]!.series).toEqual(kinds.map((labels) => ({ labels, value: 0 })));
});

describe('rooms and participants', () => {
  test('count while they go on, whatever is remembered of them after', () => {
    const sfu = meeting();
    expect(gauges(sfu)).toEqual(TWO);
    sfu.calls.participantLeft(WHO);
    sfu.calls.participantLeft(WHO);
    expect(gauges(sfu)).toEqual({ room: 1, participant: 1 });
    sfu.calls.roomEnded(ROOM.sid);
    sfu.calls.roomEnded(ROOM.sid);
    expect(gauges(sfu), 'one whose room is over is there until they leave').toEqual({ participant: 1 });
    sfu.calls.roomStarted(ROOM);
    sfu.calls.participantLeft({ ...WHO, participant: BOB.sid });
    expect(gauges(sfu)).toEqual({ room: 1 });
  });
});

describe('tracks', () => {
  test('count once, by the latest kind that is known, however often and in whatever order they are announced', () => {
    const sfu = meeting();
    sfu.calls.trackUnpublished(TRACK);
    sfu.calls.trackUnsubscribed({ ...TRACK, participant: BOB.sid });
    for (let n = 0; n < 3; n++) {
      sfu.calls.trackPublished(TRACK);
      sfu.calls.trackSubscribed({ ...TRACK, participant: BOB.sid });
    }
    expect(gauges(sfu)).toEqual({ ...TWO, 'track_published AUDIO': 1, 'track_subscribed AUDIO': 1 });
    sfu.calls.trackMuted({ ...WHO, track: { sid: 'TR', type: TrackType.VIDEO } });
    expect(gauges(sfu)).toEqual({ ...TWO, 'track_published VIDEO': 1, 'track_subscribed VIDEO': 1 });
    for (let n = 0; n < 2; n++) {
      sfu.calls.trackUnpublished(TRACK);
      sfu.calls.trackUnsubscribed({ ...TRACK, participant: BOB.sid });
    }
    expect(gauges(sfu)).toEqual(TWO);
  });

  test('of a publisher nobody knows here are of the kind the subscription says', () => {
    const sfu = meeting();
    sfu.calls.trackSubscribed({
      ...WHO,
      track: { sid: 'TR', type: TrackType.DATA },
      publisher: 'PA_elsewhere',
    });
    expect(gauges(sfu)).toEqual({ ...TWO, 'track_subscribed DATA': 1 });
  });

  test('that were not published here are not taken back here', () => {
    const sfu = meeting();
    sfu.calls.trackPublished(TRACK);
    sfu.calls.trackUnpublished({ ...TRACK, wasPublishedLocally: false });
    expect(gauges(sfu)).toEqual({ ...TWO, 'track_published AUDIO': 1 });
  });

  test('count though nobody is told of them', () => {
    const sfu = meeting();
    sfu.calls.trackPublished({ ...TRACK, sendEvent: false });
    expect(gauges(sfu)).toEqual({ ...TWO, 'track_published AUDIO': 1 });
  });

  test('end with the reap of their participant', () => {
    const sfu = meeting();
    sfu.calls.trackPublished(TRACK);
    sfu.calls.trackSubscribed({ ...TRACK, track: 'TR_bob' });
    sfu.calls.participantLeft(WHO);
    sfu.reap(REAP_AFTER_MS);
    expect(gauges(sfu)).toMatchObject({ 'track_published AUDIO': 1, 'track_subscribed AUDIO': 1 });
    sfu.reap(REAP_AFTER_MS + 1);
    expect(gauges(sfu)).toEqual({ room: 1, participant: 1 });
  });

  test('end with their room', () => {
    const sfu = meeting();
    sfu.calls.trackPublished(TRACK);
    sfu.calls.trackSubscribed(TRACK);
    sfu.calls.roomEnded(ROOM.sid);
    expect(gauges(sfu)).toEqual({ participant: 2 });
  });

  test('of people nobody knows do not count: nothing would ever end them', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.trackPublished(TRACK);
    sfu.calls.trackSubscribed(TRACK);
    expect(gauges(sfu)).toEqual({});
    sfu.calls.participantJoined(WHO);
    sfu.calls.trackUnpublished(TRACK);
    expect(gauges(sfu)).toEqual({ room: 1, participant: 1 });
  });
});

/** Who publishes and subscribes to what: plain lists, and whoever is known by the service's own word. */
class Naive {
  readonly live = new Map<
    string,
    readonly [kind: string, room: string, participant: string, track: string]
  >();

  take(call: TelemetryCall, isKnown: (room: string, participant: string) => boolean): void {
    if (call.call === 'roomEnded') this.#forget(([, room]) => room === call.room.sid);
    if (!('track' in call) || !isKnown(call.room.sid, call.participant.sid)) return;
    const of = (kind: string) => [kind, call.room.sid, call.participant.sid, call.track.sid] as const;
    const key = (kind: string): string => JSON.stringify(of(kind));
    if (call.call === 'trackPublished') this.live.set(key('published'), of('published'));
    if (call.call === 'trackSubscribed') this.live.set(key('subscribed'), of('subscribed'));
    if (call.call === 'trackUnpublished' && call.wasPublishedLocally) this.live.delete(key('published'));
    if (call.call === 'trackUnsubscribed') this.live.delete(key('subscribed'));
  }

  reaped(room: string, participant: string): void {
    this.#forget((live) => live[1] === room && live[2] === participant);
  }

  #forget(isOver: (live: readonly [string, string, string, string]) => boolean): void {
    for (const [key, live] of this.live) if (isOver(live)) this.live.delete(key);
  }
}

test('whatever is called in whatever order, they are what a plain list of what is live counts', () => {
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ call: anyCall, waitMs: fc.nat({ max: 20_000 }) }) },
    { weight: 1, arbitrary: fc.record({ waitMs: fc.nat({ max: 200_000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), (steps) => {
      const naive = new Naive();
      const sfu = new ServiceUnderTest();
      const { participants } = sfu.service;
      const take = sfu.take.bind(sfu);
      sfu.take = (call) => {
        take(call);
        naive.take(call, (room, participant) => participants.isKnown(room, participant));
      };
      let time = 0;
      for (const next of steps) {
        sfu.at((time += next.waitMs));
        if ('call' in next) next.call.make(sfu.calls);
        else
          for (const { room, participant } of sfu.service.reap(time, REAP_AFTER_MS).participants)
            naive.reaped(room, participant);
        const counts = { published: 0, subscribed: 0 };
        for (const [kind] of naive.live.values()) counts[kind as keyof typeof counts]++;
        const shown = gauges(sfu);
        const sum = (kind: string): number =>
          ['AUDIO', 'VIDEO', 'DATA'].reduce((total, of) => total + (shown[`track_${kind} ${of}`] ?? 0), 0);
        expect({ published: sum('published'), subscribed: sum('subscribed') }).toEqual(counts);
      }
    }),
    { numRuns: 300 },
  );
});
