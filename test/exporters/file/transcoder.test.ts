import { AnalyticsEvent, AnalyticsNodeRooms, AnalyticsStat, SIPInboundTrunkInfo } from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonOutput } from '../../../dist/src/exporters/file/json/json-output.js';
import { jsonMessage, type MessageTable } from '../../../dist/src/exporters/file/json/schema.js';
import { JsonTranscoder } from '../../../dist/src/exporters/file/json/transcoder.js';
import { decode } from '../../../dist/src/snapshot/decode.js';
import { fieldsOf, type MessageClass } from './generated-message.js';

const out = new JsonOutput();
const transcoder = new JsonTranscoder(out);

/** The JSON of protobuf bytes; undefined where it is left to the classes. */
function transcoded(type: MessageTable, bytes: Uint8Array, margin = 0): unknown {
  const source = new Uint8Array(bytes.length + 2 * margin).fill(0xff);
  source.set(bytes, margin);
  const isDone = transcoder.append(jsonMessage(type), source, margin, margin + bytes.length);
  const text = Buffer.from(out.take()).toString('utf8');
  if (!isDone) expect(text).toBe('');
  return isDone ? JSON.parse(text) : undefined;
}

/** What the classes make of the same bytes; undefined where they refuse. */
function classJson(type: MessageClass, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decode(type, bytes).toJsonString());
  } catch {
    return undefined;
  }
}

const TYPES = [AnalyticsStat, AnalyticsEvent, AnalyticsNodeRooms] as unknown as MessageClass[];
const RUNS: Readonly<Record<string, number>> = { 'livekit.AnalyticsEvent': 600 };

describe.each(TYPES.map((type) => [type.typeName, type] as const))('%s', (name, type) => {
  const bytesOf = (fields: object): Uint8Array => new type(fields).toBinary();

  test('is written as the classes write it, whatever is in it', () => {
    let byUs = 0;
    fc.assert(
      fc.property(fieldsOf(type), (fields) => {
        const bytes = bytesOf(fields);
        const expected = classJson(type, bytes);
        const actual = transcoded(type, bytes, 3);
        if (actual !== undefined) byUs++;
        // What is left to them: times before 1970 or after 9999, durations.
        if (actual !== undefined || expected === undefined) expect(actual).toEqual(expected);
      }),
      { numRuns: RUNS[name] ?? 1000 },
    );
    expect(byUs).toBeGreaterThan(200);
  });

  test('is never written otherwise, whatever bytes it is made of', () => {
    const bytes = fieldsOf(type).map(bytesOf);
    const joined = fc.tuple(bytes, bytes).map(([a, b]) => Buffer.concat([a, b]));
    const changed = fc.tuple(bytes, fc.nat(), fc.nat(255)).map(([whole, at, value]) => {
      const copy = Uint8Array.from(whole);
      if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    });
    const cut = fc.tuple(bytes, fc.nat()).map(([whole, at]) => whole.subarray(0, at % (whole.length + 1)));
    fc.assert(
      fc.property(fc.oneof(joined, changed, cut, fc.uint8Array({ maxLength: 40 })), (some) => {
        const actual = transcoded(type, some, 5);
        if (actual !== undefined) expect(actual).toEqual(classJson(type, some));
      }),
      { numRuns: RUNS[name] ?? 3000 },
    );
  });
});

describe('the transcoder', () => {
  test.each(['\ufeffstandup', '\ufeff', 'stand\ufeffup'])('keeps a byte order mark: %j', (roomName) => {
    const bytes = new AnalyticsStat({ roomName }).toBinary();
    expect(transcoded(AnalyticsStat, bytes)).toEqual({ roomName });
  });

  test('goes over fields that this version of the protocol does not know', () => {
    const known = new AnalyticsStat({ id: 'AS_1', score: 4.5 }).toBinary();
    const unknown = [
      [0xf8, 0x07, 0x96, 0x01],
      [0xfa, 0x07, 0x02, 0x68, 0x69],
      [0xfd, 0x07, 1, 2, 3, 4],
      [0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
    ];
    for (const field of unknown) {
      expect(transcoded(AnalyticsStat, Uint8Array.of(...field, ...known, ...field))).toEqual({
        id: 'AS_1',
        score: 4.5,
      });
    }
  });

  test('leaves to the classes what it cannot, and nothing behind', () => {
    const odd = new AnalyticsEvent({
      id: 'AE_1',
      sipInboundTrunk: new SIPInboundTrunkInfo({ ringingTimeout: { seconds: 3n } }),
    });
    expect(transcoded(AnalyticsEvent, odd.toBinary())).toBeUndefined();
    const twice = Uint8Array.of(0x0a, 1, 0x61, 0x0a, 1, 0x62);
    expect(transcoded(AnalyticsStat, twice)).toBeUndefined();
  });

  test('is many times as fast as the classes', () => {
    const stat = new AnalyticsStat({
      id: 'AS_abcdefghijkl',
      timeStamp: { seconds: 1_767_225_630n },
      roomId: 'RM_abcdefghijkl',
      participantId: 'PA_abcdefghijkl',
      trackId: 'TR_abcdefghijkl',
      score: 4.25,
      mime: 'video/VP8',
      streams: [
        { primaryPackets: 1000, primaryBytes: 1_200_000n, rtt: 35, startTime: { seconds: 1_767_225_600n } },
      ],
    });
    const bytes = stat.toBinary();
    const ROUND = 500;
    const timeOf = (write: () => void): number => {
      const fromMs = performance.now();
      for (let n = 0; n < ROUND; n++) write();
      return performance.now() - fromMs;
    };
    let ours = Number.POSITIVE_INFINITY;
    let theirs = Number.POSITIVE_INFINITY;
    // The best of many rounds in turn: what else the machine does counts for both.
    for (let round = 0; round < 15; round++) {
      ours = Math.min(
        ours,
        timeOf(() => {
          transcoder.append(jsonMessage(AnalyticsStat), bytes, 0, bytes.length);
          out.cutTo(0);
        }),
      );
      theirs = Math.min(
        theirs,
        timeOf(() => AnalyticsStat.fromBinary(bytes).toJsonString()),
      );
    }
    expect(theirs / ours).toBeGreaterThan(3);
  });
});
