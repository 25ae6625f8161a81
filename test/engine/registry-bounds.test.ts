import { TrackInfo } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { KeptFrames } from '../../dist/src/engine/kept-frames.js';
import { REGISTRY_LIMITS, Registry, type RegistryLimits } from '../../dist/src/engine/registry.js';
import { type CallFrame, FrameType, type TelemetryCall } from '../../dist/src/memory/frames.js';
import { ALICE, ROOM, startEngine } from '../helpers/engine.js';
import { DirectCalls, type MakeCalls } from '../helpers/telemetry.js';

const WHO = { room: 'RM', participant: 'PA' };
const TRACK = { ...WHO, track: 'TR' };

/** A host that makes the calls its registry admits, whose timer thread takes each of them at once. */
class Host {
  readonly registry: Registry;
  readonly refused: string[] = [];
  /** The timer thread takes nothing. */
  isTimerAway = false;
  #number = 0;
  #taken = 0;

  constructor(limits: Partial<RegistryLimits> = {}) {
    const progress = {
      callsTaken: () => {
        if (!this.isTimerAway) this.#taken = this.#number;
        return this.#taken;
      },
      reaped: () => 0,
    };
    this.registry = new Registry(progress, { ...REGISTRY_LIMITS, ...limits });
  }

  make(make: MakeCalls): this {
    make(new DirectCalls((call) => this.#send(call)));
    return this;
  }

  /** What a new timer thread would be told. */
  told(): TelemetryCall[] {
    return this.registry.calls(this.#number).map(([, , , call]) => call);
  }

  #send(call: TelemetryCall): void {
    const refusal = this.registry.refusalOf(call);
    if (refusal !== undefined) this.refused.push(`${refusal} ${call.call}`);
    else this.registry.note([FrameType.CALL, 0, ++this.#number, call]);
  }
}

describe('calls that would have more kept than may be are refused', () => {
  test('rooms: those that are known go on', () => {
    const host = new Host({ rooms: 2 }).make((calls) => {
      for (const room of ['RM', 'RM_2', 'RM_3']) calls.roomStarted(room);
      calls.participantJoined({ ...WHO, room: 'RM_4' });
      calls.participantJoined(WHO);
      calls.roomEnded('RM_2');
      calls.roomStarted('RM_5');
    });
    expect(host.refused).toEqual(['rooms roomStarted', 'rooms participantJoined']);
  });

  test('rooms: what the timer thread has taken since the last call that was not refused is known', () => {
    const host = new Host({ rooms: 3 });
    host.isTimerAway = true;
    host.make((calls) => {
      for (const room of ['RM', 'RM_2', 'RM_2', 'RM_3']) calls.roomStarted(room);
    });
    expect(host.refused).toEqual(['rooms roomStarted']);
    host.isTimerAway = false;
    host.make((calls) => {
      calls.participantJoined(WHO);
      calls.roomStarted('RM_3');
    });
    expect(host.refused).toEqual(['rooms roomStarted']);
  });

  test('participants: those that are known go on, and whoever does not make anybody known', () => {
    const host = new Host({ participants: 1 }).make((calls) => {
      calls.participantJoined(WHO);
      calls.participantJoined({ ...WHO, ref: 'signal' });
      for (const make of ['participantJoined', 'participantActive', 'participantResumed'] as const) {
        calls[make]({ ...WHO, participant: 'PA_2' });
      }
      calls.participantLeft({ ...WHO, participant: 'PA_2' });
      calls.participantLeft(WHO);
    });
    expect(host.refused).toEqual([
      'participants participantJoined',
      'participants participantActive',
      'participants participantResumed',
    ]);
    const reaped = [{ room: 'RM', participant: 'PA', number: 9 }];
    host.registry.reap({ reaped, tracks: [], callsTaken: 9 });
    host.refused.length = 0;
    host.make((calls) => calls.participantJoined({ ...WHO, participant: 'PA_2' }));
    expect(host.refused, 'there is room again').toEqual([]);
  });

  test('tracks: those that are known go on, and calls that add none', () => {
    const host = new Host({ tracks: 2 }).make((calls) => {
      calls.participantJoined(WHO);
      calls.trackPublished({ ...WHO, track: { sid: 'TR', name: 'one' } });
      calls.trackPublished({ ...WHO, track: { sid: 'TR', name: 'two' } });
      calls.trackSubscribed(TRACK);
      calls.trackMuted({ ...WHO, track: { sid: 'TR_2', name: 'camera' } });
      calls.trackMuted({ ...WHO, track: 'TR_2' });
      calls.trackUnpublished(TRACK);
      calls.trackSubscribed(TRACK);
    });
    expect(host.refused).toEqual(['tracks trackSubscribed', 'tracks trackMuted']);
  });

  test('are counted by what they needed: when too much waits for the timer thread, too', async () => {
    await using sfu = await startEngine({ eventRingBytes: 65_536 });
    sfu.join();
    // While this thread does not wait, nothing that waits is written.
    const participant = { sid: ALICE, metadata: 'x'.repeat(30_000) };
    const most = Math.ceil(2 ** 26 / 30_000);
    for (let n = 0; n < most + 50; n++) sfu.engine.updateParticipant(ROOM, participant);
    const refused = sfu.engine.status().drops['refused.waiting'];
    expect(refused).toBeGreaterThan(20);
    expect(refused).toBeLessThan(80);
    sfu.leave();
    expect(sfu.engine.status().drops['refused.waiting'], 'whatever it is').toBe(refused! + 1);
    await sfu.engine.close({ deadlineMs: 0 });
  });
});

describe('what is kept is as much as is known', () => {
  const known = (make: MakeCalls): TelemetryCall[] => new Host().make(make).told();

  test('however often a track comes and goes, and whatever else is called about it', () => {
    const told = known((calls) => {
      calls.participantJoined(WHO);
      for (let n = 0; n < 1_000; n++) {
        const track = { sid: 'TR', name: `${n}` };
        calls.trackPublishRequested({ ...WHO, track });
        calls.trackPublished(TRACK);
        calls.trackSubscribed({ ...TRACK, participant: 'PA', publisher: 'PA_elsewhere' });
        calls.trackMuted(TRACK);
        calls.trackUnmuted({ ...WHO, track });
        calls.trackUnsubscribed(TRACK);
        calls.trackUnpublished(TRACK);
        calls.roomStarted({ sid: 'RM', name: `${n}` });
        calls.updateParticipant('RM', { sid: 'PA', identity: `${n}` });
      }
    });
    expect(told.map(({ call }) => call)).toEqual([
      'participantJoined',
      'roomStarted',
      'roomUpdated',
      'participantUpdated',
      'trackPublishedUpdate',
      'trackUnpublished',
    ]);
    expect(told.at(-2)).toMatchObject({
      track: { message: new TrackInfo({ sid: 'TR', name: '999' }).toBinary() },
    });
  });

  test('nothing of people nobody knows, nor of rooms that are over', () => {
    expect(
      known((calls) => {
        calls.trackPublished({ ...WHO, track: { sid: 'TR', name: 'camera' } });
        calls.trackSubscribed(TRACK);
        calls.updateRoom({ sid: 'RM', name: 'standup' });
        calls.roomStarted('RM');
        calls.roomEnded('RM');
      }),
    ).toEqual([]);
  });

  test('a participant’s reap takes their tracks, but for what a new session has published since', () => {
    const host = new Host().make((calls) => {
      calls.participantJoined(WHO);
      calls.trackPublished({ ...WHO, track: { sid: 'TR_old', name: 'old' } });
      calls.trackSubscribed({ ...TRACK, track: 'TR_old' });
      calls.participantLeft(WHO);
      calls.participantJoined(WHO);
      calls.trackPublished({ ...WHO, track: { sid: 'TR_new', name: 'new' } });
    });
    host.registry.reap({ reaped: [{ room: 'RM', participant: 'PA', number: 4 }], tracks: [], callsTaken: 4 });
    expect(host.told().map((call) => [call.call, 'track' in call ? call.track.sid : ''])).toEqual([
      ['participantJoined', ''],
      ['trackPublishedUpdate', 'TR_new'],
      ['trackPublished', 'TR_new'],
    ]);
  });

  test('a track the timer thread has forgotten is not told again, unless it was published since', () => {
    const host = new Host().make((calls) => {
      calls.participantJoined(WHO);
      calls.trackPublished({ ...WHO, track: { sid: 'TR', name: 'old' } });
      calls.trackUnpublished(TRACK);
    });
    const forget = (number: number): void =>
      host.registry.reap({ reaped: [], tracks: [{ room: 'RM', track: 'TR', number }], callsTaken: 9 });
    const tracks = (): string[] => host.told().flatMap((call) => ('track' in call ? [call.call] : []));
    forget(1);
    expect(tracks()).toEqual(['trackPublishedUpdate', 'trackUnpublished']);
    forget(2);
    expect(tracks()).toEqual([]);
  });
});

describe('messages', () => {
  const frameOf = (bytes: number): CallFrame => [
    FrameType.CALL,
    0,
    1,
    { call: 'roomUpdated', room: { sid: 'RM', name: 'standup', message: new Uint8Array(bytes) } },
  ];

  test('beyond what may be kept are left out, and their names stay; what goes makes room', () => {
    const kept = new KeptFrames(100);
    const first = kept.keep(frameOf(60));
    const second = kept.keep(frameOf(60));
    expect(first).toEqual(frameOf(60));
    expect(second[3]).toEqual({
      call: 'roomUpdated',
      room: { sid: 'RM', name: 'standup', message: undefined },
    });
    expect([kept.bytes, kept.stripped]).toEqual([60, 1]);
    expect(kept.keep(frameOf(90), first)).toEqual(frameOf(90));
    kept.drop(second);
    expect([kept.bytes, kept.stripped]).toEqual([90, 1]);
  });

  test('go with what they were said of: nothing is weighed that is gone', () => {
    const host = new Host({ bytes: 2_000 });
    for (let n = 0; n < 100; n++) {
      host.make((calls) => {
        const room = { sid: `RM_${n}`, metadata: 'x'.repeat(500) };
        const participant = { sid: 'PA', metadata: 'x'.repeat(500) };
        calls.participantJoined({ room, participant });
        calls.trackPublished({ room, participant, track: { sid: 'TR', name: 'x'.repeat(300) } });
        calls.trackSubscribed({ room, participant, track: { sid: 'TR', name: 'x'.repeat(300) } });
        calls.participantLeft({ room: room.sid, participant: 'PA' });
      });
      const reaped = [{ room: `RM_${n}`, participant: 'PA', number: 1e9 }];
      host.registry.reap({ reaped, tracks: [], callsTaken: 1e9 });
    }
    expect(host.registry.stripped).toBe(0);
    expect(host.told()).toEqual([]);
  });
});
