import { TrackType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import type { MetricFamily, MetricSource } from '../../dist/src/exporters/prometheus/families.js';
import { MAX_LABELS } from '../../dist/src/memory/telemetry-ledger.js';
import { DropReason, FailReason, type Outcome, Result } from '../../dist/src/telemetry/webhooks/outcome.js';
import { ALICE, type MakeCalls, ROOM, ServiceUnderTest } from '../helpers/telemetry.js';

const WHO = { room: ROOM.sid, participant: ALICE.sid };
const TRACK = { ...WHO, track: 'TR' };

function family(source: MetricSource, name: string): MetricFamily {
  const found = source.collect().find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** The values of a counter that are not 0, by their labels. */
function counts(source: MetricSource, name: string): Record<string, number> {
  const { type, series } = family(source, name);
  if (type === 'histogram') throw new Error(`${name} is a histogram`);
  return Object.fromEntries(
    series.filter(({ value }) => value !== 0).map(({ labels, value }) => [labels.join(' '), value]),
  );
}

function buckets(source: MetricSource, name: string): { counts: readonly number[]; sum: number } {
  const { type, series } = family(source, name);
  if (type !== 'histogram') throw new Error(`${name} is no histogram`);
  return { counts: series[0]!.counts, sum: series[0]!.sum };
}

/** What a counter came to after calls. */
function counted(name: string, make: MakeCalls): Record<string, number> {
  const sfu = new ServiceUnderTest();
  make(sfu.calls);
  return counts(sfu.metrics, name);
}

test('the names, labels and buckets are LiveKit’s', () => {
  const families = new ServiceUnderTest().metrics.collect();
  expect(
    families.map((one) => [
      one.name,
      one.type,
      one.labelNames,
      one.type === 'histogram' ? one.bounds : undefined,
    ]),
  ).toEqual([
    ['livekit_participant_join_total', 'counter', ['state', 'warp'], undefined],
    ['livekit_track_publish_counter', 'counter', ['kind', 'state'], undefined],
    ['livekit_track_subscribe_counter', 'counter', ['state', 'error'], undefined],
    ['livekit_webhook_dispatch_total', 'counter', ['status', 'reason'], undefined],
    [
      'livekit_room_duration_seconds',
      'histogram',
      [],
      [5, 10, 60, 300, 600, 1800, 3600, 7200, 18_000, 36_000],
    ],
    ['livekit_webhook_queue_length', 'histogram', [], [1, 2, 3, 4, 5, 10, 20, 40, 80]],
    [
      'livekit_datapacket_stream_bytes',
      'histogram',
      [],
      [128, 512, 2048, 8192, 32_768, 131_072, 524_288, 2_097_152, 8_388_608, 33_554_432],
    ],
  ]);
  for (const { name, labelNames, series } of families) {
    for (const { labels } of series) expect(labels, name).toHaveLength(labelNames.length);
    expect(new Set(series.map(({ labels }) => labels.join('\n'))).size, name).toBe(series.length);
  }
});

describe('livekit_participant_join_total', () => {
  const joins = (make: MakeCalls): Record<string, number> => counted('livekit_participant_join_total', make);

  test('counts who joins and was not there, and every active call by its warp', () => {
    expect(
      joins((calls) => {
        calls.participantJoined(WHO);
        calls.participantJoined({ ...WHO, ref: 'signal' });
        calls.participantActive(WHO);
        calls.participantActive({ ...WHO, isWarp: true });
      }),
    ).toEqual({ 'rtc_connected false': 1, 'rtc_active false': 1, 'rtc_active true': 1 });
  });

  test('counts nobody as connected who was made known by another call', () => {
    expect(
      joins((calls) => {
        calls.participantResumed(WHO);
        calls.participantJoined(WHO);
      }),
    ).toEqual({});
  });

  test('counts whoever joins again after they left, told or not', () => {
    expect(
      joins((calls) => {
        for (let n = 0; n < 3; n++) {
          calls.participantJoined({ ...WHO, sendEvent: false });
          calls.participantLeft(WHO);
        }
      }),
    ).toEqual({ 'rtc_connected false': 3 });
  });
});

describe('livekit_track_publish_counter', () => {
  const publishes = (make: MakeCalls): Record<string, number> =>
    counted('livekit_track_publish_counter', make);

  test('counts attempts and successes by kind, told or not', () => {
    expect(
      publishes((calls) => {
        for (const type of [TrackType.AUDIO, TrackType.VIDEO, TrackType.DATA]) {
          const track = { sid: 'TR', type };
          calls.trackPublishRequested({ ...WHO, track });
          calls.trackPublishRequested({ ...WHO, track, sendEvent: false });
          calls.trackPublished({ ...WHO, track, sendEvent: false });
        }
      }),
    ).toEqual({
      'AUDIO attempt': 2,
      'AUDIO success': 1,
      'VIDEO attempt': 2,
      'VIDEO success': 1,
      'DATA attempt': 2,
      'DATA success': 1,
    });
  });

  test('a track by its sid is of the kind that is known; one nobody described, or of no known type, is AUDIO', () => {
    expect(
      publishes((calls) => {
        calls.participantJoined(WHO);
        calls.trackPublishRequested({ ...WHO, track: { sid: 'TR', type: TrackType.VIDEO } });
        calls.trackPublished(TRACK);
        calls.trackPublished({ ...WHO, track: 'TR_other' });
        calls.trackPublished({ ...WHO, track: { sid: 'TR_third', type: 77 as TrackType } });
      }),
    ).toEqual({ 'VIDEO attempt': 1, 'VIDEO success': 1, 'AUDIO success': 2 });
  });
});

describe('livekit_track_subscribe_counter', () => {
  const NAME = 'livekit_track_subscribe_counter';

  test('counts attempts, successes, and failures by error; an unsubscription is none of them', () => {
    expect(
      counted(NAME, (calls) => {
        calls.trackSubscribeRequested(TRACK);
        calls.trackSubscribed(TRACK);
        calls.trackUnsubscribed(TRACK);
        calls.trackSubscribeFailed({ ...TRACK, error: 'no codec', sendEvent: false });
        calls.trackSubscribeFailed({ ...TRACK, error: 'no codec', isUserError: true });
        calls.trackSubscribeFailed(TRACK);
      }),
    ).toEqual({ 'attempt ': 1, 'success ': 1, 'failure no codec': 2, 'failure ': 1 });
  });

  test('an error is cut to 63 bytes, between characters, and what no other thread could read is replaced', () => {
    const failures = (...errors: string[]): Record<string, number> =>
      counted(NAME, (calls) => {
        for (const error of errors) calls.trackSubscribeFailed({ ...TRACK, error });
      });
    expect(failures('x'.repeat(64), 'x'.repeat(63))).toEqual({ [`failure ${'x'.repeat(63)}`]: 2 });
    expect(failures('€'.repeat(30))).toEqual({ [`failure ${'€'.repeat(21)}`]: 1 });
    expect(failures('"}\n{', '\ud800')).toEqual({ 'failure "}\n{': 1, 'failure \ufffd': 1 });
  });

  test('errors beyond the first are counted as other, and how many that were', () => {
    const sfu = new ServiceUnderTest();
    const fail = (error: string): void => sfu.calls.trackSubscribeFailed({ ...TRACK, error });
    fail('other');
    for (let n = 0; n < MAX_LABELS + 5; n++) fail(`error ${n}`);
    fail('error 0');
    const failures = counts(sfu.metrics, NAME);
    expect(Object.keys(failures)).toHaveLength(MAX_LABELS + 1);
    expect(failures).toMatchObject({ 'failure other': 6, 'failure error 0': 2 });
    expect(sfu.metrics.overflowed).toBe(5);
  });

  test('the errors’ labels are known to the next thread', () => {
    const before = new ServiceUnderTest();
    before.calls.trackSubscribeFailed({ ...TRACK, error: 'gone' });
    const sfu = new ServiceUnderTest({}, before.ledger);
    sfu.calls.trackSubscribeFailed({ ...TRACK, error: 'gone' });
    expect(counts(sfu.metrics, NAME)).toEqual({ 'failure gone': 2 });
  });
});

describe('livekit_room_duration_seconds', () => {
  const NAME = 'livekit_room_duration_seconds';

  test('is the engine’s time from a room’s first start to its end, once', () => {
    const sfu = new ServiceUnderTest();
    sfu.at(1_000).calls.roomStarted(ROOM);
    sfu.at(5_000).calls.roomStarted(ROOM);
    // Somebody inside: the room is known on.
    sfu.calls.participantJoined(WHO);
    sfu.at(11_000).calls.roomEnded(ROOM.sid);
    sfu.at(12_000).calls.roomEnded(ROOM.sid);
    expect(buckets(sfu.metrics, NAME)).toEqual({ counts: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], sum: 10 });
    sfu.at(100_000_000).calls.roomStarted(ROOM);
    sfu.at(200_000_000).calls.roomEnded(ROOM.sid);
    expect(buckets(sfu.metrics, NAME)).toEqual({ counts: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], sum: 100_010 });
  });

  test('says nothing of a room nobody started', () => {
    const sfu = new ServiceUnderTest();
    sfu.calls.participantJoined(WHO);
    sfu.at(9_000).calls.roomEnded(ROOM.sid);
    sfu.calls.roomEnded('RM_unknown');
    expect(buckets(sfu.metrics, NAME).sum).toBe(0);
  });
});

test('livekit_datapacket_stream_bytes takes a stream of every size into the bucket it is at most', () => {
  const sfu = new ServiceUnderTest();
  for (const bytes of [0, 128, 129, 33_554_432, 33_554_433]) sfu.calls.dataStream(bytes);
  expect(buckets(sfu.metrics, 'livekit_datapacket_stream_bytes')).toEqual({
    counts: [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    sum: 257 + 2 * 33_554_432 + 1,
  });
  expect(sfu.told).toEqual([]);
});

describe('webhooks', () => {
  const outcome = (result: Result, reason: Outcome['reason'], queued = true): Outcome => ({
    key: 'k',
    result,
    reason,
    attempts: 1,
    status: 200,
    error: '',
    numDropped: 0,
    queuedEpochMs: queued ? 1 : undefined,
    queueMs: 0,
    sentEpochMs: undefined,
    sendMs: 0,
  });

  test('are counted by what became of them, and why', () => {
    const sfu = new ServiceUnderTest();
    sfu.metrics.webhookSettled(outcome(Result.SENT, ''));
    for (const reason of Object.values(FailReason))
      sfu.metrics.webhookSettled(outcome(Result.FAILED, reason));
    for (const reason of Object.values(DropReason))
      sfu.metrics.webhookSettled(outcome(Result.DROPPED, reason));
    sfu.settle();
    expect(counts(sfu.metrics, 'livekit_webhook_dispatch_total')).toEqual({
      'success ': 1,
      'failure status': 1,
      'failure timeout': 1,
      'failure connection': 1,
      'failure deadline': 1,
      'failure content': 1,
      'dropped full': 1,
      'dropped age': 1,
      'dropped closed': 1,
    });
    expect(sfu.metrics.webhookTotals()).toEqual({ sent: 1, failed: 5, dropped: 3 });
  });

  test('that were queued in a thread that died are dropped, each once, in whichever thread comes next', () => {
    const before = new ServiceUnderTest();
    for (const length of [1, 2, 100]) before.metrics.webhookQueued(length);
    before.metrics.webhookSettled(outcome(Result.SENT, ''));
    before.metrics.webhookSettled(outcome(Result.DROPPED, DropReason.FULL, false));
    before.settle();
    for (let thread = 0; thread < 2; thread++) {
      const sfu = new ServiceUnderTest({}, before.ledger);
      sfu.settle();
      expect(counts(sfu.metrics, 'livekit_webhook_dispatch_total')).toEqual({
        'success ': 1,
        'dropped full': 1,
        'dropped timer_restart': 2,
      });
      expect(buckets(sfu.metrics, 'livekit_webhook_queue_length')).toEqual({
        counts: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1],
        sum: 103,
      });
    }
  });
});

test('a scrape shows what was committed: no later one can show less', () => {
  const sfu = new ServiceUnderTest();
  sfu.metrics.joined();
  expect(counts(sfu.metrics, 'livekit_participant_join_total')).toEqual({});
  sfu.settle();
  expect(counts(sfu.metrics, 'livekit_participant_join_total')).toEqual({ 'rtc_connected false': 1 });
});
