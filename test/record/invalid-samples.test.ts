import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { type InvalidReason, RecordResult } from '../../dist/src/record/result.js';
import type { LayerSample, StreamSample, TrackSample } from '../../dist/src/record/sample.js';
import { RecordingBench } from '../helpers/recording.js';
import { TOTAL_NAMES } from '../helpers/shard.js';

type Reason = Exclude<keyof typeof InvalidReason, 'NONE'>;

const COUNTERS = TOTAL_NAMES.filter((name) => name !== 'samples');
const withoutSign = COUNTERS.filter((name) => name !== 'packetsLost');
/** The least invalid value; a running total of lost packets below 2^32 would be read as negative. */
function limitOf(counter: string): number {
  if (counter === 'packetsLost') return 2 ** 32;
  return counter.endsWith('ytes') ? 2 ** 63 : 2 ** 31;
}
const stream = (of: StreamSample): TrackSample => ({ streams: [of] });
const layer = (of: LayerSample): TrackSample => stream({ layers: [of] });

/** Samples that break one rule each, and the reason they are counted under; alike in both forms. */
const INVALID: [what: string, sample: TrackSample, reason: Reason][] = [
  ...COUNTERS.flatMap((counter): [string, TrackSample, Reason][] => [
    [`${counter} of half a one`, stream({ [counter]: 0.5 }), 'NOT_WHOLE'],
    [`${counter} that is NaN`, stream({ [counter]: Number.NaN }), 'NOT_WHOLE'],
    [`${counter} that is infinite`, stream({ [counter]: Number.POSITIVE_INFINITY }), 'NOT_WHOLE'],
    [`${counter} that is no number`, stream({ [counter]: '5' as never }), 'NOT_WHOLE'],
    [`${counter} that is null`, stream({ [counter]: null as never }), 'NOT_WHOLE'],
    [`${counter} at its limit`, stream({ [counter]: limitOf(counter) }), 'TOO_LARGE'],
  ]),
  ...withoutSign.map((counter): [string, TrackSample, Reason] => [
    `${counter} below 0`,
    stream({ [counter]: -1 }),
    'NEGATIVE',
  ]),
  ...(['packets', 'bytes', 'frames'] as const).flatMap((counter): [string, TrackSample, Reason][] => [
    [`a layer's ${counter} of half a one`, layer({ layer: 0, [counter]: 0.5 }), 'NOT_WHOLE'],
    [`a layer's ${counter} below 0`, layer({ layer: 0, [counter]: -1 }), 'NEGATIVE'],
    [`a layer's ${counter} at its limit`, layer({ layer: 0, [counter]: limitOf(counter) }), 'TOO_LARGE'],
  ]),
  ['packetsLost of minus infinity', stream({ packetsLost: Number.NEGATIVE_INFINITY }), 'NEGATIVE'],
  ...[-1, 4, 1.5, Number.NaN, '1', undefined].map((id): [string, TrackSample, Reason] => [
    `layer ${id}`,
    layer({ layer: id as number, bytes: 5 }),
    'LAYER',
  ]),
  ...(['rttMs', 'jitterUs'] as const).flatMap((gauge): [string, TrackSample, Reason][] =>
    [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null].map((value) => [
      `${gauge} of ${value}`,
      stream({ [gauge]: value as number }),
      'GAUGE',
    ]),
  ),
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.5e38, '5', null].map(
    (score): [string, TrackSample, Reason] => [
      `a score of ${score} (${typeof score})`,
      { score: score as number, streams: [] },
      'GAUGE',
    ],
  ),
  ...[-1, 1.5, 2 ** 32, Number.NaN, '5', 5n].map((ssrc): [string, TrackSample, Reason] => [
    `an ssrc of ${ssrc} (${typeof ssrc})`,
    stream({ ssrc: ssrc as number, primaryPackets: 1 }),
    'SHAPE',
  ]),
  ['no streams', {} as TrackSample, 'SHAPE'],
  ['streams that are no array', { streams: 'video' as never }, 'SHAPE'],
  ['a stream that is null', { streams: [null as never] }, 'SHAPE'],
  ['a layer that is null', stream({ layers: [null as never] }), 'SHAPE'],
  ['null', null as never, 'SHAPE'],
];

describe('an invalid sample', () => {
  test.each(INVALID)('with %s is skipped whole and counted by its reason', (_, sample, reason) => {
    for (const form of ['record', 'recordDelta'] as const) {
      const bench = new RecordingBench();
      const track = bench.openTrack();
      expect(track[form](sample), form).toBe(RecordResult.INVALID);
      expect(bench.invalidReasons, form).toEqual({ [reason]: 1 });
      expect(bench.booked(ThreadBooks.INVALID).samples, form).toBe(1);
      expect(bench.flush(), form).toEqual([]);
      expect(track[form]({ streams: [{ ssrc: 9, primaryPackets: 3 }] }), form).toBe(RecordResult.RECORDED);
      expect(bench.flush()[0]?.deltas, form).toMatchObject({ samples: 1, primaryPackets: 3, frames: 0 });
    }
  });

  test('is booked under its direction with the packets and bytes it brought', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack({ direction: Direction.DOWNSTREAM });
    const streams = [
      { ssrc: 1, primaryPackets: 1, primaryBytes: 10, retransmitPackets: 2, retransmitBytes: 20 },
      { ssrc: 2, paddingPackets: 4, paddingBytes: 40, frames: -1 },
    ];
    track.record({ streams });
    expect(bench.booked(ThreadBooks.INVALID, Direction.DOWNSTREAM)).toEqual({
      samples: 1,
      messages: 0,
      packets: 7,
      bytes: 70,
    });
    expect(bench.booked(ThreadBooks.INVALID, Direction.UPSTREAM).samples).toBe(0);
  });

  test('of running totals is the new base of what comes later, for every counter it brought', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record(stream({ primaryPackets: 100, frames: 10, layers: [{ layer: 0, bytes: 500 }] }));
    track.record(stream({ primaryPackets: 2 ** 32, frames: 40, layers: [{ layer: 0, bytes: 900 }] }));
    track.record(stream({ primaryPackets: 2 ** 32 + 5, frames: 42, layers: [{ layer: 0, bytes: 903 }] }));
    const [row] = bench.flush();
    expect(row?.deltas).toMatchObject({ samples: 2, primaryPackets: 105, frames: 12 });
    expect(row?.layers[0]).toEqual([0, 503, 0]);
  });

  test('of deltas changes no base', () => {
    const bench = new RecordingBench();
    const track = bench.openTrack();
    track.record(stream({ primaryPackets: 100 }));
    expect(track.recordDelta(stream({ primaryPackets: 2 ** 31 }))).toBe(RecordResult.INVALID);
    track.record(stream({ primaryPackets: 130 }));
    expect(bench.flush()[0]?.deltas.primaryPackets).toBe(130);
  });

  test('is one whose loss is a delta of 2^31: only running totals are read as signed', () => {
    const track = new RecordingBench().openTrack();
    expect(track.recordDelta(stream({ packetsLost: 2 ** 31 - 1 }))).toBe(RecordResult.RECORDED);
    expect(track.recordDelta(stream({ packetsLost: 2 ** 31 }))).toBe(RecordResult.INVALID);
    expect(track.record(stream({ packetsLost: 2 ** 31 }))).toBe(RecordResult.RECORDED);
  });

  test.each(COUNTERS)('is none at the largest valid change of %s', (counter) => {
    const largest = counter.endsWith('Bytes') ? 2 ** 63 - 1024 : 2 ** 31 - 1;
    const bench = new RecordingBench();
    const track = bench.openTrack();
    expect(track.record(stream({ [counter]: largest }))).toBe(RecordResult.RECORDED);
    expect(bench.flush()[0]?.deltas[counter]).toBe(largest);
    // A running total may go beyond: only the change counts.
    expect(track.record(stream({ [counter]: largest + 1024 }))).toBe(RecordResult.RECORDED);
  });

  test('is judged stream by stream: two valid changes may be more than the limit together', () => {
    const bench = new RecordingBench();
    const half = 2 ** 31 - 1;
    const streams = [1, 2].map((ssrc) => ({ ssrc, primaryPackets: half }));
    expect(bench.openTrack().record({ streams })).toBe(RecordResult.RECORDED);
    expect(bench.flush()[0]?.deltas.primaryPackets).toBe(2 * half);
  });
});
