import { AnalyticsEventType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { ErrorCode, RecordResult } from '../../dist/src/index.js';
import { ALICE, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { Listener } from '../helpers/telemetry-listener.js';

/** The smallest event ring there is: some sixty frames of a thousand bytes. */
const TINY = 65_536;
const WHO = { room: ROOM, participant: ALICE };
const THOUSAND = 'x'.repeat(1_000);

const tiny = (): Promise<Listener> => Listener.start({ eventRingBytes: TINY });

describe('calls that find the event ring full', () => {
  test('are dropped whole and counted by name, when nothing depends on them', async () => {
    await using listener = await tiny();
    const { sfu, told } = listener;
    sfu.join();
    const muted = 1_500;
    for (let n = 0; n < muted; n++) {
      sfu.engine.trackMuted({ ...WHO, track: { sid: `TR_${n}`, name: THOUSAND } });
      if (n % 3 === 0) sfu.engine.trackUnmuted({ ...WHO, track: { sid: `TR_${n}`, name: THOUSAND } });
    }
    await listener.settle();
    const { drops } = sfu.engine.status();
    for (const [type, call, made] of [
      [AnalyticsEventType.TRACK_MUTED, 'call.trackMuted', muted],
      [AnalyticsEventType.TRACK_UNMUTED, 'call.trackUnmuted', muted / 3],
    ] as const) {
      const arrived = listener.events.filter((event) => event.type === type);
      expect(arrived.length).toBeGreaterThan(0);
      expect(drops[call]).toBeGreaterThan(0);
      expect(arrived.length + drops[call]!).toBe(made);
      expect(arrived.every(({ track }) => track?.name === THOUSAND)).toBe(true);
      const order = arrived.map(({ trackId }) => Number(trackId.slice(3)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
    expect(drops.eventsRefused).toBe(0);
  });

  test('wait and arrive in order, when the engine’s state depends on them', async () => {
    await using listener = await tiny();
    const { sfu } = listener;
    const expected: string[] = [];
    for (let n = 0; n < 200; n++) {
      const participant = { sid: `PA_${n}`, identity: `${n}`, metadata: THOUSAND };
      const who = { room: ROOM, participant: participant.sid };
      sfu.engine.participantJoined({ room: ROOM, participant });
      sfu.engine.participantActive(who);
      sfu.engine.trackPublished({ ...who, track: { sid: 'TR', name: THOUSAND } });
      sfu.engine.trackSubscribed({ ...who, track: 'TR' });
      sfu.engine.trackUnsubscribed({ ...who, track: 'TR' });
      sfu.engine.trackUnpublished({ ...who, track: 'TR' });
      sfu.engine.participantLeft(who);
      expected.push(...[2, 11, 4, 6, 7, 5, 3].map((type) => `${n} ${AnalyticsEventType[type]}`));
    }
    await listener.settle();
    const arrived = listener.events.map(
      ({ participant, type }) => `${participant?.identity} ${AnalyticsEventType[type]}`,
    );
    expect(arrived).toEqual(expected);
    expect(Object.keys(sfu.engine.status().drops).filter((name) => name.startsWith('call.'))).toEqual([]);
    expect(sfu.engine.status().participants).toBe(0);
  });

  test('never pass those that wait', async () => {
    await using listener = await tiny();
    const { sfu } = listener;
    for (let n = 0; n < 100; n++) {
      sfu.engine.participantJoined({ room: ROOM, participant: { sid: `PA_${n}`, metadata: THOUSAND } });
      // Small enough to find room where the next joined does not.
      sfu.engine.trackMuted({ room: ROOM, participant: `PA_${n}`, track: 'TR' });
    }
    await listener.settle();
    const { TRACK_MUTED, PARTICIPANT_JOINED } = AnalyticsEventType;
    const muted = listener.events.filter(({ type }) => type === TRACK_MUTED);
    const dropped = sfu.engine.status().drops['call.trackMuted'];
    expect(dropped).toBeGreaterThan(0);
    expect(muted.length + dropped!).toBe(100);
    const joined = new Set<string>();
    for (const { type, participantId } of listener.events) {
      if (type === PARTICIPANT_JOINED) joined.add(participantId);
      else expect(joined).toContain(participantId);
    }
    expect(joined.size).toBe(100);
  });
});

describe('a call that is too large for the ring', () => {
  const participant = { sid: ALICE, metadata: 'x'.repeat(40_000) };

  test('is refused by field, rule and value, whether or not it would have waited', async () => {
    await using listener = await tiny();
    const { sfu } = listener;
    const refused = expect.objectContaining({
      code: ErrorCode.INVALID_ARGUMENT,
      field: 'call',
      rule: 'at most 32760 bytes (half of eventRingBytes)',
      value: expect.stringMatching(/^40\d\d\d$/),
    });
    expect(() => sfu.engine.participantJoined({ room: ROOM, participant })).toThrow(refused);
    expect(() => sfu.engine.trackMuted({ room: ROOM, participant, track: 'TR' })).toThrow(refused);
    expect(sfu.engine.status().drops).not.toHaveProperty('call.trackMuted');
  });

  test('makes nobody known', async () => {
    await using sfu = await startEngine({ eventRingBytes: TINY });
    const recorder = sfu.openTrack('TR');
    expect(() => sfu.engine.participantJoined({ room: ROOM, participant })).toThrow();
    expect(recordPackets(recorder, 1)).toBe(RecordResult.UNATTRIBUTED);
  });

  test('leaves no trace in what is told before and after it', async () => {
    const tell = async (withRefused: boolean): Promise<unknown[]> => {
      await using listener = await tiny();
      const { sfu, told } = listener;
      sfu.engine.roomStarted(ROOM);
      if (withRefused) expect(() => sfu.engine.participantJoined({ room: ROOM, participant })).toThrow();
      if (withRefused) expect(() => sfu.engine.report({ message: wrong() })).toThrow();
      sfu.leave();
      sfu.engine.roomEnded(ROOM);
      await listener.settle();
      return told.map(({ seq, bytes }) => [seq, Buffer.from(bytes).toString('hex')]);
    };
    const told = await tell(false);
    expect(told).toHaveLength(4);
    expect(await tell(true)).toEqual(told);
  });

  test('is taken by a larger ring', async () => {
    await using sfu = await startEngine();
    sfu.engine.participantJoined({ room: ROOM, participant });
    await sfu.flush();
    expect(sfu.engine.status().participants).toBe(1);
  });
});

/** What is no message of a report. */
function wrong(): never {
  return { case: 'featureUsage', value: { timeRanges: 5 } } as never;
}
