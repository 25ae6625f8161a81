import { type AnalyticsEvent, WebhookEvent } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { ErrorCode, RecordResult } from '../../dist/src/index.js';
import { recordPackets, startEngine } from '../helpers/engine.js';
import { Listener } from '../helpers/telemetry-listener.js';

const HOSTILE: readonly (readonly [what: string, name: string])[] = [
  ['a script', '<script>alert("x")</script>'],
  ['the end of a JSON line and the beginning of another', '"}\n{"type":"summary"}'],
  ['control characters', '\u0000\u0001\u001b[31m\r\n\t'],
  ['line separators', 'a\u2028b\u2029c'],
  ['astral characters', '👩‍👩‍👧 𝕏'],
  ['text from right to left', '\u202eevil\u202c שלום'],
  ['the longest name there is', 'x'.repeat(1_024)],
  ['the longest name of three bytes a character', '語'.repeat(1_024)],
  ['names of things that objects have', '__proto__'],
  ['nothing but a space', ' '],
];
/** What protobuf makes of halves of surrogate pairs. */
const HALVES = ['PA_\ud800', 'PA_\udc00\ud800', `${'x'.repeat(300)}\udbff`];
const replaced = (name: string): string => new TextDecoder().decode(new TextEncoder().encode(name));

describe('hostile names', () => {
  test.each(HOSTILE)('%s is told as it is, wherever a name can stand', async (_, name) => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    const { engine } = sfu;
    const who = { room: name, participant: name };
    engine.roomStarted({ sid: name, name, metadata: name });
    engine.participantJoined({
      room: name,
      participant: { sid: name, identity: name, name },
      ref: name,
      client: { version: name },
      clientMeta: { region: name },
    });
    engine.trackSubscribeFailed({ ...who, track: { sid: name, name }, publisher: name, error: name });
    engine.participantLeft({ ...who, ref: name });
    await sfu.flush();
    const messages = told.map(({ message }) => message);
    expect(messages).toHaveLength(6);
    const [, created, joined, failed, aborted] = messages as AnalyticsEvent[];
    expect(created!.room).toMatchObject({ sid: name, name, metadata: name });
    expect(joined).toMatchObject({
      roomId: name,
      participantId: name,
      participant: { sid: name, identity: name, name },
      clientInfo: { version: name },
      clientMeta: { region: name },
    });
    expect(failed).toMatchObject({
      trackId: name,
      track: { sid: name, name },
      participant: { identity: name },
      publisher: { sid: name, identity: name },
      error: name,
    });
    expect(aborted).toBeInstanceOf(WebhookEvent);
    for (const message of messages) {
      const line = message.toJsonString();
      expect(line).not.toContain('\n');
      expect(JSON.parse(line)).toEqual(message.toJson());
    }
  });

  test('as sids are those of participants who are recorded, reported and reaped, each for itself', async () => {
    await using sfu = await startEngine({ reapAfterMs: 0 });
    const names = [...HOSTILE.map(([, name]) => name), ...HALVES];
    const recorders = names.map((name, n) => {
      sfu.join(name, name);
      const recorder = sfu.openTrack(name, { room: name, participant: name });
      expect(recordPackets(recorder, n + 1)).toBe(RecordResult.RECORDED);
      sfu.leave(name, name);
      return recorder;
    });
    await sfu.engine.advanceTo(30_000);
    const reported = sfu.rows.map(({ roomSid, participantSid, trackSid, primaryPackets }) =>
      [primaryPackets, roomSid, participantSid, trackSid].join(),
    );
    const expected = names.map(replaced).map((name, n) => [n + 1, name, name, name].join());
    expect(reported.sort()).toEqual(expected.sort());
    expect(sfu.engine.status()).toMatchObject({ reaped: names.length, participants: 0, rooms: 0 });
    for (const recorder of recorders) expect(recordPackets(recorder, 1)).toBe(RecordResult.UNATTRIBUTED);
  });

  test('a half of a surrogate pair is told as a replacement character, as protobuf has no other way', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    for (const name of HALVES) {
      told.length = 0;
      sfu.engine.participantJoined({
        room: { sid: 'RM', name },
        participant: { sid: 'PA', identity: name, name },
        client: { version: name },
      });
      sfu.leave('PA', 'RM');
      await sfu.flush();
      expect(told[0]!.message).toMatchObject({
        room: { name: replaced(name) },
        participant: { identity: replaced(name), name: replaced(name) },
        clientInfo: { version: replaced(name) },
      });
    }
  });

  test('of 1,025 characters are refused, and nobody is made known', async () => {
    await using listener = await Listener.start();
    const { sfu, told } = listener;
    const name = 'x'.repeat(1_025);
    const refused = expect.objectContaining({ code: ErrorCode.INVALID_ARGUMENT });
    expect(() => sfu.engine.roomStarted(name)).toThrow(refused);
    expect(() => sfu.engine.roomStarted({ sid: 'RM', name })).toThrow(refused);
    expect(() => sfu.join(name)).toThrow(refused);
    expect(() =>
      sfu.engine.participantJoined({ room: 'RM', participant: { sid: 'PA', identity: name } }),
    ).toThrow(refused);
    expect(() => sfu.engine.participantActive({ room: 'RM', participant: 'PA', ref: name })).toThrow(refused);
    await sfu.flush();
    expect(told).toEqual([]);
    expect(sfu.engine.status()).toMatchObject({ participants: 0, rooms: 0 });
    expect(recordPackets(sfu.openTrack('TR', { room: 'RM', participant: 'PA' }), 1)).toBe(
      RecordResult.UNATTRIBUTED,
    );
  });
});
