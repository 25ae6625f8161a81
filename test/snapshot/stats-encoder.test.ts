import {
  AnalyticsStat,
  AnalyticsStats,
  AnalyticsStream,
  AnalyticsVideoLayer,
  StreamType,
} from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Row, RowFlags } from '../../dist/src/memory/row.js';
import { Totals } from '../../dist/src/memory/totals.js';
import { hashStatId, STAT_ID_BYTES, writeStatId } from '../../dist/src/snapshot/stat-id.js';
import { encodeStatIdentity, type StatIdentitySource } from '../../dist/src/snapshot/stat-identity.js';
import { StatsEncoder } from '../../dist/src/snapshot/stats-encoder.js';

const U32_MAX = 2 ** 32 - 1;
const U64_MAX = 2n ** 64n - 1n;
const ORIGIN_MS = Date.UTC(2026, 0, 1);
/** Bits of a row's flags that are not the encoder's: it must look past them. */
const OTHER_FLAGS = ~(RowFlags.LAYERS_MASK | RowFlags.KEPT_MASK);
const utf8 = new TextEncoder();

/** A row in words a reader can check, and what the stat is about. */
interface Stat {
  source: StatIdentitySource;
  mime: string;
  startMs: number;
  endMs: number;
  /** In the order of Totals. */
  deltas: number[];
  layers: [packets: number, bytes: number, frames: number][];
  kept: number | undefined;
  scores: { count: number; sum: number; min: number; median: number } | undefined;
  rttMs: number;
  jitterUs: number;
}

function aStat(over: Partial<Stat> = {}): Stat {
  return {
    source: {
      seed: 'seed',
      nodeId: 'ND_1',
      analyticsKey: '',
      roomSid: 'RM_1',
      roomName: 'room',
      participantSid: 'PA_1',
      trackSid: 'TR_1',
      direction: 0,
    },
    mime: 'audio/opus',
    startMs: 1000,
    endMs: 30_000,
    deltas: Array.from({ length: Totals.COUNT }, () => 0),
    layers: [],
    kept: undefined,
    scores: undefined,
    rttMs: 0,
    jitterUs: 0,
    ...over,
  };
}

function counters(over: Partial<Record<Exclude<keyof typeof Totals, 'COUNT'>, number>>): number[] {
  const deltas = Array.from({ length: Totals.COUNT }, () => 0);
  for (const [name, value] of Object.entries(over)) deltas[Totals[name as keyof typeof Totals]] = value;
  return deltas;
}

/** Lays the rows into shared memory, with a gap before each that must not be read. */
function encode(
  encoder: StatsEncoder,
  stats: readonly Stat[],
  flush = 1,
  flushMs = ORIGIN_MS + 30_000,
): Uint8Array {
  const stride = Row.WORDS + 3;
  const memory = new SharedArrayBuffer(Math.max(1, stats.length) * stride * 8);
  const words = new Float64Array(memory).fill(12345.678);
  const ints = new Int32Array(memory);
  const floats = new Float32Array(memory);
  encoder.begin(flush, flushMs, ORIGIN_MS);
  stats.forEach((stat, index) => {
    const row = index * stride + 3;
    words.fill(0, row, row + Row.WORDS);
    words[row + Row.START] = stat.startMs;
    words[row + Row.END] = stat.endMs;
    words.set(stat.deltas, row + Row.DELTAS);
    stat.layers.forEach((layer, id) => {
      words.set(layer, row + Row.LAYERS + id * Totals.LAYER_WORDS);
    });
    words[row + Row.SCORE_SUM] = stat.scores?.sum ?? 987.5;
    words[row + Row.SCORE_MEDIAN] = stat.scores?.median ?? 987.5;
    floats[row * 2 + Row.F32_SCORE_MIN] = stat.scores?.min ?? 987.5;
    ints[row * 2 + Row.I32_SCORES] = stat.scores?.count ?? 0;
    ints[row * 2 + Row.I32_RTT] = stat.rttMs;
    ints[row * 2 + Row.I32_JITTER] = stat.jitterUs;
    const kept = stat.kept === undefined ? 0 : stat.kept + 1;
    ints[row * 2 + Row.I32_FLAGS] = OTHER_FLAGS | (kept << RowFlags.KEPT_SHIFT) | stat.layers.length;
    encoder.append(words, ints, floats, row, encodeStatIdentity(stat.source), utf8.encode(stat.mime));
  });
  return encoder.finish();
}

function timestamp(epochMs: number): { seconds: bigint; nanos: number } {
  const ms = BigInt(Math.floor(epochMs));
  const rest = ((ms % 1000n) + 1000n) % 1000n;
  return { seconds: (ms - rest) / 1000n, nanos: Number(rest) * 1_000_000 };
}

const u32 = (value: number) => Math.min(value, U32_MAX);
const u64 = (value: number) => (BigInt(value) > U64_MAX ? U64_MAX : BigInt(value));
/** What UTF-8 can say of a string. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '\ufffd');

/** The same stat, built with the library. */
function expected(stat: Stat, flushMs: number, id: string): AnalyticsStat {
  const d = (index: number) => stat.deltas[index] ?? 0;
  const layer = stat.kept === undefined ? undefined : stat.layers[stat.kept];
  return new AnalyticsStat({
    id,
    analyticsKey: wellFormed(stat.source.analyticsKey),
    kind: stat.source.direction === 0 ? StreamType.UPSTREAM : StreamType.DOWNSTREAM,
    timeStamp: timestamp(flushMs),
    node: wellFormed(stat.source.nodeId),
    roomId: wellFormed(stat.source.roomSid),
    roomName: wellFormed(stat.source.roomName),
    participantId: wellFormed(stat.source.participantSid),
    trackId: wellFormed(stat.source.trackSid),
    score: stat.scores ? Math.fround(stat.scores.sum / stat.scores.count) : 0,
    minScore: stat.scores ? Math.fround(stat.scores.min) : 0,
    medianScore: stat.scores ? Math.fround(stat.scores.median) : 0,
    mime: wellFormed(stat.mime),
    streams: [
      new AnalyticsStream({
        primaryPackets: u32(d(Totals.PRIMARY_PACKETS)),
        primaryBytes: u64(d(Totals.PRIMARY_BYTES)),
        retransmitPackets: u32(d(Totals.RETRANSMIT_PACKETS)),
        retransmitBytes: u64(d(Totals.RETRANSMIT_BYTES)),
        paddingPackets: u32(d(Totals.PADDING_PACKETS)),
        paddingBytes: u64(d(Totals.PADDING_BYTES)),
        packetsLost: u32(d(Totals.PACKETS_LOST)),
        packetsOutOfOrder: u32(d(Totals.PACKETS_OUT_OF_ORDER)),
        frames: u32(d(Totals.FRAMES)),
        nacks: u32(d(Totals.NACKS)),
        plis: u32(d(Totals.PLIS)),
        firs: u32(d(Totals.FIRS)),
        rtt: stat.rttMs >>> 0,
        jitter: stat.jitterUs >>> 0,
        startTime: timestamp(ORIGIN_MS + stat.startMs),
        endTime: timestamp(ORIGIN_MS + stat.endMs),
        videoLayers: layer
          ? [
              new AnalyticsVideoLayer({
                layer: stat.kept ?? 0,
                packets: u32(layer[0]),
                bytes: u64(layer[1]),
                frames: u32(layer[2]),
              }),
            ]
          : [],
      }),
    ],
  });
}

function onlyStat(bytes: Uint8Array): AnalyticsStat {
  const { stats } = AnalyticsStats.fromBinary(bytes);
  expect(stats).toHaveLength(1);
  return stats[0]!;
}

const count = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, U32_MAX, 2 ** 32, 2 ** 53, 2 ** 60),
  fc.nat(),
  fc.maxSafeNat(),
);
const byteCount = fc.oneof(
  count,
  fc.constantFrom(2 ** 49, 2 ** 53 + 2, 2 ** 63, 2 ** 64 - 2048, 2 ** 64, 2 ** 70),
);
const u32Bits = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, U32_MAX), fc.nat());
const score = fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true });
/** Any text but one that begins with U+FEFF, which the library's reader takes for a byte order mark and drops. */
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      'TR_1',
      'a\ud800',
      '\udc00b',
      'n'.repeat(1000),
      '漢字🎥',
      'x'.repeat(127),
      'x'.repeat(128),
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((u) => String.fromCharCode(...u)),
  )
  .filter((any) => !any.startsWith('\ufeff'));
const engineMs = fc.oneof(
  fc.constantFrom(0, -1, -0.5, 0.999, 30_000, -ORIGIN_MS, -ORIGIN_MS - 1, 2 ** 42),
  fc.double({ min: -(2 ** 45), max: 2 ** 45, noNaN: true }),
);
const anyStat: fc.Arbitrary<Stat> = fc
  .record({
    source: fc.record({
      seed: text,
      nodeId: text,
      analyticsKey: text,
      roomSid: text,
      roomName: text,
      participantSid: text,
      trackSid: text,
      direction: fc.constantFrom<0 | 1>(0, 1),
    }),
    mime: text,
    startMs: engineMs,
    endMs: engineMs,
    counts: fc.array(fc.tuple(count, byteCount), { minLength: Totals.COUNT, maxLength: Totals.COUNT }),
    layers: fc.array(fc.tuple(count, byteCount, count), { maxLength: Totals.MAX_LAYERS }),
    keep: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    scores: fc.option(
      fc.record({ count: fc.integer({ min: 1, max: 2 ** 31 - 1 }), sum: score, min: score, median: score }),
      { nil: undefined },
    ),
    rttMs: u32Bits,
    jitterUs: u32Bits,
  })
  .map(({ counts, keep, ...stat }) => ({
    ...stat,
    kept: keep !== undefined && keep < stat.layers.length ? keep : undefined,
    deltas: counts.map(([packets, bytes], index) =>
      index === Totals.PRIMARY_BYTES || index === Totals.RETRANSMIT_BYTES || index === Totals.PADDING_BYTES
        ? bytes
        : packets,
    ),
  }));

describe('StatsEncoder', () => {
  test('the library reads any row back as the stat it would have built itself', () => {
    const encoder = new StatsEncoder();
    fc.assert(
      fc.property(fc.array(anyStat, { maxLength: 5 }), engineMs, (stats, at) => {
        const flushMs = ORIGIN_MS + at;
        const decoded = AnalyticsStats.fromBinary(encode(encoder, stats, 7, flushMs));
        expect(encoder.count).toBe(stats.length);
        const built = stats.map((stat, index) => expected(stat, flushMs, decoded.stats[index]?.id ?? ''));
        expect(decoded.toJson()).toEqual(new AnalyticsStats({ stats: built }).toJson());
        expect(decoded.equals(new AnalyticsStats({ stats: built }))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('it writes no longer bytes than the library: every length and number in its shortest form', () => {
    const encoder = new StatsEncoder();
    fc.assert(
      fc.property(fc.array(anyStat, { minLength: 1, maxLength: 3 }), (stats) => {
        const bytes = encode(encoder, stats);
        expect(bytes.length).toBe(AnalyticsStats.fromBinary(bytes).toBinary().length);
      }),
      { numRuns: 500 },
    );
  });

  test('a stat without any traffic still has its stream, with times and nothing else', () => {
    const stat = onlyStat(encode(new StatsEncoder(), [aStat({ mime: '' })]));
    const { id, ...json } = stat.toJson() as Record<string, unknown>;
    expect(id).toMatch(/^AS_/);
    expect(json).toEqual({
      timeStamp: '2026-01-01T00:00:30Z',
      node: 'ND_1',
      roomId: 'RM_1',
      roomName: 'room',
      participantId: 'PA_1',
      trackId: 'TR_1',
      streams: [{ startTime: '2026-01-01T00:00:01Z', endTime: '2026-01-01T00:00:30Z' }],
    });
  });

  test('a flush without rows is an empty message', () => {
    expect(encode(new StatsEncoder(), [])).toEqual(new Uint8Array(0));
  });

  test('the mean is taken in double and rounded once', () => {
    const scores = [4.4, 4.4, 4.3].map(Math.fround);
    const sum = scores[0]! + scores[1]! + scores[2]!;
    const stat = onlyStat(
      encode(new StatsEncoder(), [aStat({ scores: { count: 3, sum, min: scores[2]!, median: scores[0]! } })]),
    );
    expect(stat.score).toBe(Math.fround(sum / 3));
    expect(stat.minScore).toBe(4.300000190734863);
    expect(stat.medianScore).toBe(4.400000095367432);
  });

  test('the mean of two middles is a double until it is written', () => {
    const median = (Math.fround(4.4) + Math.fround(4.3)) / 2;
    const stat = onlyStat(
      encode(new StatsEncoder(), [aStat({ scores: { count: 2, sum: 8.7, min: 4.3, median } })]),
    );
    expect(stat.medianScore).toBe(Math.fround(median));
  });

  test('without a score none of the three is written, whatever the row holds', () => {
    const json = onlyStat(encode(new StatsEncoder(), [aStat()])).toJson();
    expect(json).not.toHaveProperty('score');
    expect(json).not.toHaveProperty('minScore');
    expect(json).not.toHaveProperty('medianScore');
  });

  test('only the kept layer is written, and layer 0 is a layer too', () => {
    const layers: Stat['layers'] = [
      [10, 1000, 5],
      [20, 2000, 6],
    ];
    const zero = onlyStat(encode(new StatsEncoder(), [aStat({ layers, kept: 0 })]));
    expect(zero.streams[0]!.toJson()).toMatchObject({
      videoLayers: [{ packets: 10, bytes: '1000', frames: 5 }],
    });
    const one = onlyStat(encode(new StatsEncoder(), [aStat({ layers, kept: 1 })]));
    expect(one.streams[0]!.toJson()).toMatchObject({
      videoLayers: [{ layer: 1, packets: 20, bytes: '2000', frames: 6 }],
    });
    const none = onlyStat(encode(new StatsEncoder(), [aStat({ layers })]));
    expect(none.streams[0]!.toJson()).not.toHaveProperty('videoLayers');
  });

  test('a 32-bit field that cannot hold its value says the most it can, and is counted', () => {
    const encoder = new StatsEncoder();
    const full = aStat({
      deltas: counters({ PRIMARY_PACKETS: 2 ** 32, PACKETS_OUT_OF_ORDER: 2 ** 40, FRAMES: U32_MAX }),
    });
    const { stats } = AnalyticsStats.fromBinary(encode(encoder, [full, aStat(), full]));
    for (const stream of [stats[0]!.streams[0]!, stats[2]!.streams[0]!]) {
      expect(stream.primaryPackets).toBe(U32_MAX);
      expect(stream.packetsOutOfOrder).toBe(U32_MAX);
      expect(stream.frames).toBe(U32_MAX);
    }
    expect(encoder.saturated).toBe(4);
    encode(encoder, [aStat()]);
    expect(encoder.saturated).toBe(0);
  });

  test('bytes are written in full beyond 2^53 and stop at 2^64 - 1', () => {
    const encoder = new StatsEncoder();
    const deltas = counters({
      PRIMARY_BYTES: 2 ** 63,
      RETRANSMIT_BYTES: 2 ** 53 + 2,
      PADDING_BYTES: Infinity,
    });
    const stream = onlyStat(encode(encoder, [aStat({ deltas })])).streams[0]!;
    expect(stream.primaryBytes).toBe(2n ** 63n);
    expect(stream.retransmitBytes).toBe(2n ** 53n + 2n);
    expect(stream.paddingBytes).toBe(U64_MAX);
    expect(encoder.saturated).toBe(1);
  });

  test('rtt and jitter above 2^31 are the unsigned numbers their words hold', () => {
    const stream = onlyStat(encode(new StatsEncoder(), [aStat({ rttMs: U32_MAX, jitterUs: 2 ** 31 })]))
      .streams[0]!;
    expect(stream.rtt).toBe(U32_MAX);
    expect(stream.jitter).toBe(2 ** 31);
  });

  test('times are whole milliseconds, rounded down, with nanos that are never negative', () => {
    const stat = aStat({ startMs: -ORIGIN_MS - 0.25, endMs: 1.999 });
    const stream = onlyStat(encode(new StatsEncoder(), [stat])).streams[0]!;
    expect(stream.startTime).toMatchObject({ seconds: -1n, nanos: 999_000_000 });
    expect(stream.endTime).toMatchObject({ seconds: BigInt(ORIGIN_MS / 1000), nanos: 1_000_000 });
  });

  test('a stat with every field at its longest fits, wherever in the buffer it falls', () => {
    const most = counters({});
    most.fill(2 ** 80);
    const stat = aStat({
      deltas: most,
      layers: [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [2 ** 80, 2 ** 80, 2 ** 80],
      ],
      kept: 3,
      scores: { count: 1, sum: 5, min: 5, median: 5 },
      rttMs: -1,
      jitterUs: -1,
      startMs: -ORIGIN_MS - 1,
      endMs: -ORIGIN_MS - 1,
      mime: '',
    });
    // The first one fills the 64 KiB that an encoder begins with, but for the last bytes.
    for (let filled = 65_000; filled < 65_300; filled++) {
      const first = aStat({ mime: 'm'.repeat(filled) });
      const bytes = encode(new StatsEncoder(), [first, stat], 1, -1);
      const { stats } = AnalyticsStats.fromBinary(bytes);
      expect(stats[1]!.equals(expected(stat, -1, stats[1]!.id))).toBe(true);
    }
  });

  test('a stat beyond 16,383 bytes, and one below 128, have the right length before them', () => {
    const long = aStat({ mime: 'm'.repeat(20_000) });
    const short = aStat({ mime: '', source: { ...long.source, nodeId: '', roomSid: '', roomName: '' } });
    const { stats } = AnalyticsStats.fromBinary(encode(new StatsEncoder(), [long, short, long]));
    expect(stats.map((stat) => stat.mime.length)).toEqual([20_000, 0, 20_000]);
    expect(stats[1]!.toBinary().length).toBeLessThan(128);
  });

  test('what finish gave stays as it is while the next flush is written, and may be transferred', () => {
    const encoder = new StatsEncoder();
    const first = encode(encoder, [aStat()], 1);
    const before = first.slice();
    const second = encode(encoder, [aStat({ mime: 'video/VP8' })], 2);
    expect(first).toEqual(before);
    const moved = structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
    expect(moved).toEqual(before);
    expect(onlyStat(second).mime).toBe('video/VP8');
    expect(onlyStat(encode(encoder, [aStat({ mime: 'video/AV1' })], 3)).mime).toBe('video/AV1');
  });

  test('the id is the one of the identity and the flush number', () => {
    const { source } = aStat();
    const id = new Uint8Array(STAT_ID_BYTES);
    for (const flush of [1, 2, U32_MAX]) {
      writeStatId(id, 0, hashStatId(source), flush);
      const stat = onlyStat(encode(new StatsEncoder(), [aStat()], flush));
      expect(stat.id).toBe(new TextDecoder().decode(id));
    }
  });

  test('begin leaves out what was appended and never finished', () => {
    const encoder = new StatsEncoder();
    encode(encoder, [aStat(), aStat()]);
    const bytes = encode(encoder, [aStat({ mime: 'video/VP8' })]);
    expect(onlyStat(bytes).mime).toBe('video/VP8');
    expect(encoder.count).toBe(1);
  });
});

describe('a stat identity', () => {
  test('holds the room name it was made with, and another name changes no id', () => {
    const { source } = aStat();
    const [before, after] = ['old', 'new'].map((roomName) =>
      onlyStat(encode(new StatsEncoder(), [aStat({ source: { ...source, roomName } })], 9)),
    );
    expect([before!.roomName, after!.roomName]).toEqual(['old', 'new']);
    expect(after!.id).toBe(before!.id);
  });

  test('says a lone surrogate as U+FFFD, and leaves an empty string out', () => {
    const source = { ...aStat().source, roomName: 'a\ud83d', participantSid: '' };
    const stat = onlyStat(encode(new StatsEncoder(), [aStat({ source })]));
    expect(stat.roomName).toBe('a\ufffd');
    expect(stat.toJson()).not.toHaveProperty('participantId');
  });

  test('an upstream stat has no kind, a downstream one says so', () => {
    const { source } = aStat();
    const up = onlyStat(encode(new StatsEncoder(), [aStat()])).toJson();
    const down = onlyStat(
      encode(new StatsEncoder(), [aStat({ source: { ...source, direction: 1 } })]),
    ).toJson();
    expect(up).not.toHaveProperty('kind');
    expect(down).toHaveProperty('kind', 'DOWNSTREAM');
    expect(encodeStatIdentity({ ...source, direction: 1 }).kind).toBe(1);
  });
});
