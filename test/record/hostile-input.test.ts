import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamCells, ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import type { TrackSample } from '../../dist/src/record/sample.js';
import type { TrackRecorder } from '../../dist/src/record/track-recorder.js';
import { RecordingBench } from '../helpers/recording.js';
import { TOTAL_NAMES } from '../helpers/shard.js';

function thrower(): never {
  throw new Error('a getter of the caller');
}

const { proxy: revoked, revoke } = Proxy.revocable([], {});
revoke();

/** A sample that throws when one of its members is read. */
const throwing = (member: string, rest: object = {}): object =>
  Object.defineProperty({ ...rest }, member, { get: thrower, enumerable: true });

/** Things that are no sample, each in its own way. */
const HOSTILE: [what: string, sample: unknown][] = [
  ['nothing', undefined],
  ['a number', 5],
  ['a string', 'sample'],
  ['a symbol', Symbol('sample')],
  ['a function', () => undefined],
  ['a throwing streams', throwing('streams')],
  ['a throwing score', throwing('score', { streams: [] })],
  ['a throwing mimeType', throwing('mimeType', { streams: [] })],
  ['a throwing counter', { streams: [throwing('primaryPackets')] }],
  ['a throwing layer', { streams: [{ layers: [throwing('bytes', { layer: 0 })] }] }],
  ['a mimeType that throws the second time', readOnce()],
  ['a revoked proxy', { streams: revoked }],
  ['a stream that is a number', { streams: [7] }],
  ['layers that go on for ever', { streams: [{ layers: { length: Number.POSITIVE_INFINITY } }] }],
  ['a counter that is a bigint', { streams: [{ primaryPackets: 5n }] }],
  ['a counter that is a symbol', { streams: [{ primaryPackets: Symbol('5') }] }],
  ['a score that is a bigint', { score: 4n, streams: [] }],
  ['a mimeType that is a number', { mimeType: 5, streams: [] }],
  ['a mimeType that is a symbol', { mimeType: Symbol('video'), streams: [] }],
];

const plainSample = (total: number): TrackSample => ({
  mimeType: 'video/VP8',
  score: 4,
  streams: [{ ssrc: 77, primaryPackets: total, layers: [{ layer: 0, bytes: total }] }],
});

/** Whether a track still reports what a sample brings, exactly. */
function expectSound(bench: RecordingBench, track: TrackRecorder): void {
  bench.flush();
  expect(track.recordDelta(plainSample(10))).toBe(RecordResult.RECORDED);
  expect(bench.flush()).toMatchObject([
    {
      deltas: { samples: 1, primaryPackets: 10, frames: 0 },
      layers: [[0, 10, 0], expect.anything(), expect.anything(), expect.anything()],
      scores: 1,
      scoreSum: 4,
      mime: 'video/VP8',
    },
  ]);
}

/** A sample whose mime can be read once. */
function readOnce(): object {
  let reads = 0;
  return {
    streams: [],
    get mimeType() {
      return reads++ === 0 ? 'video/VP8' : thrower();
    },
  };
}

describe('a recorder', () => {
  test.each(HOSTILE)('lets nothing out for %s, and goes on', (_, sample) => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const form of ['record', 'recordDelta'] as const) {
      expect(() => track[form](sample as TrackSample), form).not.toThrow();
    }
    expectSound(bench, track);
  });

  test('books each sample once, also those it could not read', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    let recorded = 0;
    for (const [, sample] of HOSTILE) {
      if (track.record(sample as TrackSample) === RecordResult.RECORDED) recorded++;
    }
    const rows = bench.flush();
    expect(rows.reduce((sum, { deltas }) => sum + deltas.samples, 0)).toBe(recorded);
    expect(bench.booked(ThreadBooks.INVALID).samples).toBe(HOSTILE.length - recorded);
  });

  test('reads what is inherited like what is not: prototypes, classes and null prototypes', () => {
    class Stream {
      readonly #packets = 5;
      get primaryPackets(): number {
        return this.#packets;
      }
    }
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.recordDelta({ streams: [new Stream()] });
    track.recordDelta({ streams: [Object.create({ primaryPackets: 6 })] });
    track.recordDelta(Object.assign(Object.create(null), { streams: [{ primaryPackets: 7 }] }));
    expect(bench.flush()[0]?.deltas.primaryPackets).toBe(18);
  });

  test('takes -0 for 0', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    for (const form of ['record', 'recordDelta'] as const) {
      const sample = { score: -0, streams: [{ primaryPackets: -0, packetsLost: -0, rttMs: -0 }] };
      expect(track[form](sample)).toBe(RecordResult.RECORDED);
    }
    expect(bench.flush()[0]).toMatchObject({ deltas: { samples: 2, primaryPackets: 0 }, scores: 0 });
  });

  test('never throws and stays sound, whatever the members are', () => {
    const value = fc.oneof(
      { weight: 4, arbitrary: fc.anything({ withBigInt: true, withSparseArray: true }) },
      { weight: 4, arbitrary: fc.double() },
      { weight: 2, arbitrary: fc.constantFrom(2 ** 53, 2 ** 63, Number.MAX_VALUE, -(2 ** 31), 2 ** 31) },
    );
    const counters = ['ssrc', 'rttMs', 'jitterUs', ...TOTAL_NAMES.slice(1)];
    const stream = fc.dictionary(fc.constantFrom(...counters), value).chain((members) =>
      fc.oneof(
        fc.constant<object>(members),
        value.map((layers) => ({ ...members, layers })),
        fc
          .dictionary(fc.constantFrom('layer', 'packets', 'bytes', 'frames'), value)
          .map((layer) => ({ ...members, layers: [{ layer: 1, ...layer }] })),
      ),
    );
    const sample = fc.oneof(
      value,
      fc.record({ streams: value }),
      fc.record({ score: value, mimeType: value, streams: fc.array(stream, { maxLength: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 6 }), fc.boolean(), (samples, cumulative) => {
        const bench = new RecordingBench({ streams: 64 });
        const track = bench.openTrack();
        for (const each of samples) {
          const given = each as TrackSample;
          const result = cumulative ? track.record(given) : track.recordDelta(given);
          expect([RecordResult.RECORDED, RecordResult.INVALID]).toContain(result);
        }
        const books = bench.thread.books.subarray(0, ThreadBooks.WORDS);
        expect(books.every(Number.isFinite)).toBe(true);
        expectSound(bench, track);
      }),
      { numRuns: 300 },
    );
  });

  test('takes no stream for an ssrc that is none: a source that goes mad does not starve the others', () => {
    const bench = new RecordingBench({ streams: 4 });
    const track = bench.openTrack();
    for (let n = 0; n < 20; n++) {
      for (const ssrc of [Number.NaN, 5n, { n }, `${n}`, n + 0.5]) {
        track.record({ streams: [{ ssrc: ssrc as number, primaryPackets: 1 }] });
      }
    }
    expect(bench.thread.streams.inUse).toBe(0);
    const other = bench.openTrack({ track: 'TR_2' });
    expect(other.record({ streams: [1, 2, 3, 4].map((ssrc) => ({ ssrc })) })).toBe(RecordResult.RECORDED);
  });

  test('keeps its books and the totals of its SSRCs finite, however large the numbers are', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    const huge = Number.MAX_VALUE;
    for (let n = 0; n < 3; n++) {
      const streams = [1, 2, 3].map((ssrc) => ({ ssrc, primaryBytes: huge, paddingBytes: huge }));
      expect(track.recordDelta({ streams })).toBe(RecordResult.INVALID);
    }
    expect(Number.isFinite(bench.booked(ThreadBooks.INVALID).bytes)).toBe(true);
    const { cells, streams } = bench.thread;
    const bytes = cells[streams.cellsOf(2) + StreamCells.BYTES]!;
    expect(Number.isFinite(bytes)).toBe(true);
  });
});

describe('a data recorder', () => {
  const hostile: unknown[] = [
    ...[Number.NaN, Number.POSITIVE_INFINITY, -1, -0.5, 0.5, 2 ** 63],
    ...['5', null, {}, [7], 5n, true, Symbol('5')],
  ];

  test.each(hostile.map((value) => [value]))('lets nothing out for bytes of %s, and counts it', (value) => {
    const bench = new RecordingBench();
    const data = bench.openData();
    const bytes = value as number;
    expect(() => data.addBytes(Direction.UPSTREAM, bytes)).not.toThrow();
    expect(data.addBytes(Direction.UPSTREAM, bytes)).toBe(RecordResult.INVALID);
    expect(data.addBytes(Direction.UPSTREAM, 5, bytes)).toBe(RecordResult.INVALID);
    expect(bench.booked(ThreadBooks.INVALID).samples).toBe(3);
    expect(data.addBytes(Direction.UPSTREAM, 100)).toBe(RecordResult.RECORDED);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 1, primaryPackets: 1, primaryBytes: 100 } }]);
  });

  test('keeps its books finite, however large the numbers are', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    const huge = Number.MAX_VALUE;
    for (let n = 0; n < 3; n++)
      expect(data.addBytes(Direction.UPSTREAM, huge, huge)).toBe(RecordResult.INVALID);
    const { bytes, messages } = bench.booked(ThreadBooks.INVALID);
    expect([bytes, messages].every(Number.isFinite)).toBe(true);
  });

  test('takes bytes that are no u32 but whole', () => {
    const bench = new RecordingBench();
    const data = bench.openData();
    expect(data.addBytes(Direction.UPSTREAM, 2 ** 32)).toBe(RecordResult.RECORDED);
    expect(data.addBytes(Direction.UPSTREAM, -0)).toBe(RecordResult.RECORDED);
    expect(bench.flush()).toMatchObject([{ deltas: { samples: 2, primaryBytes: 2 ** 32 } }]);
  });
});
