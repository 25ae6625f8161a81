import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { AnalyticsStat } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { type ReferenceBooks, type ReferenceStat, referenceReplay } from './reference.js';
import { generateTrace } from './trace-generator.js';
import { type TraceLine, type TraceStream, toJsonLines } from './trace-line.js';

// The oracle is held to figures worked out by hand from TRACE.md, one rule at a time.

const ROOM = 'RM_1';
const ALICE = 'PA_a';
const OPEN: TraceLine[] = [
  { t: 0, op: 'room_started', room: { sid: ROOM, name: 'one' } },
  { t: 0, op: 'participant_joined', room: ROOM, participant: ALICE },
];

function rtp(t: number, streams: TraceStream[], over: Partial<TraceLine> = {}): TraceLine {
  return {
    t,
    op: 'rtp',
    room: ROOM,
    participant: ALICE,
    track: 'TR_1',
    direction: 'UPSTREAM',
    streams,
    ...over,
  };
}

function delta(t: number, streams: TraceStream[], over: Partial<TraceLine> = {}): TraceLine {
  return rtp(t, streams, { counters: 'delta', ...over });
}

function data(t: number, bytes: number, over: Partial<TraceLine> = {}): TraceLine {
  return { t, op: 'data', room: ROOM, participant: ALICE, direction: 'UPSTREAM', bytes, ...over };
}

function line(t: number, op: string, over: Partial<TraceLine> = {}): TraceLine {
  return { t, op, room: ROOM, participant: ALICE, ...over };
}

function statsOf(lines: TraceLine[]): ReferenceStat[] {
  return referenceReplay([...OPEN, ...lines]).flushes.flatMap(({ stats }) => stats);
}

/** The streams of all stats of one track, flush after flush, without their times. */
function streamsOf(lines: TraceLine[]): ReferenceStat[] {
  return statsOf(lines).map((stat) => {
    const [{ startTime: _start, endTime: _end, ...stream }] = stat.streams as [ReferenceStat];
    return stream;
  });
}

function only<T>(values: readonly T[]): T {
  expect(values).toHaveLength(1);
  return values[0]!;
}

function upstream(books: ReferenceBooks): number[] {
  const { samples, messages, packets, bytes } = books.UPSTREAM;
  return [samples, messages, packets, bytes];
}

describe('flushes', () => {
  test('come at every multiple of the interval, before a line at that time, and at the last t', () => {
    const lines = [data(29_999, 1), data(30_000, 2), data(95_000, 4)];
    const { flushes } = referenceReplay([...OPEN, ...lines]);
    expect(flushes.map(({ t }) => t)).toEqual([30_000, 60_000, 95_000]);
    expect(streamsOf(lines).map(({ primaryBytes }) => primaryBytes)).toEqual(['1', '2', '4']);
  });

  test('come at a flush line, which the interval does not care about', () => {
    const { flushes } = referenceReplay([
      ...OPEN,
      data(10, 1),
      { t: 20, op: 'flush' },
      { t: 20, op: 'flush' },
      data(20, 2),
      { t: 30_000, op: 'flush' },
      data(30_000, 4),
    ]);
    expect(flushes.map(({ t, stats }) => [t, stats.length])).toEqual([
      [20, 1],
      [30_000, 1],
      [30_000, 1],
    ]);
  });

  test('come at multiples of another interval', () => {
    const { flushes } = referenceReplay([...OPEN, data(99, 1), data(100, 1)], { reportIntervalMs: 100 });
    expect(flushes.map(({ t }) => t)).toEqual([100, 100]);
  });

  test('of an empty trace are none', () => {
    expect(referenceReplay('').flushes).toEqual([]);
  });
});

describe('a stat', () => {
  test('has the shape of toJson, with defaults left out', () => {
    const stat = only(
      statsOf([
        rtp(1500, [{ ssrc: 7, primaryPackets: 10, primaryBytes: '1000', rtt: 12, jitter: 3000 }], {
          direction: 'DOWNSTREAM',
          mimeType: 'audio/opus',
          score: 4.4,
        }),
      ]),
    );
    expect(stat).toEqual({
      kind: 'DOWNSTREAM',
      timeStamp: '2026-01-01T00:00:01.500Z',
      roomId: ROOM,
      roomName: 'one',
      participantId: ALICE,
      trackId: 'TR_1',
      score: 4.400000095367432,
      minScore: 4.400000095367432,
      medianScore: 4.400000095367432,
      mime: 'audio/opus',
      streams: [
        {
          primaryPackets: 10,
          primaryBytes: '1000',
          rtt: 12,
          jitter: 3000,
          startTime: '2026-01-01T00:00:01.500Z',
          endTime: '2026-01-01T00:00:01.500Z',
        },
      ],
    });
  });

  test('is, to the letter, what the library says of it', () => {
    for (let seed = 0; seed < 10; seed++) {
      for (const { stats } of referenceReplay(generateTrace(seed, 300)).flushes) {
        for (const stat of stats)
          expect(AnalyticsStat.fromJsonString(JSON.stringify(stat)).toJson()).toEqual(stat);
      }
    }
  });

  test('stands in the order room sid, participant sid, upstream first, track sid', () => {
    const open = ['RM_2', 'RM_1'].flatMap((room) =>
      ['PA_b', 'PA_B'].map((participant) => line(0, 'participant_joined', { room, participant })),
    );
    const samples = open.flatMap(({ room, participant }) =>
      (['DOWNSTREAM', 'UPSTREAM'] as const).flatMap((direction) =>
        ['TR_b', 'TR_a'].map((track) =>
          rtp(5, [], { room: room!, participant: participant!, direction, track }),
        ),
      ),
    );
    const order = statsOf([...open, ...samples]).map(
      (s) => `${s.roomId} ${s.participantId} ${s.kind ?? ''} ${s.trackId}`,
    );
    expect(order.slice(0, 5)).toEqual([
      'RM_1 PA_B  TR_a',
      'RM_1 PA_B  TR_b',
      'RM_1 PA_B DOWNSTREAM TR_a',
      'RM_1 PA_B DOWNSTREAM TR_b',
      'RM_1 PA_b  TR_a',
    ]);
    expect(order[8]).toBe('RM_2 PA_B  TR_a');
  });

  test('"each rtp line is one sample, though nothing grew and though streams is empty"', () => {
    const still = [{ primaryPackets: 5 }];
    expect(streamsOf([rtp(1, still), rtp(30_001, still), rtp(60_001, [])])).toEqual([
      { primaryPackets: 5 },
      {},
      {},
    ]);
  });

  test('"a window without a valid sample has none"', () => {
    const { flushes } = referenceReplay([...OPEN, rtp(1, []), rtp(95_000, [])]);
    expect(flushes.map(({ t }) => t)).toEqual([30_000, 95_000]);
    expect(statsOf([delta(1, [{ frames: 2 ** 31 }])])).toEqual([]);
  });

  test("starts at the track's previous sample and ends at its last in the window", () => {
    const times = statsOf([rtp(1000, []), rtp(2000, []), rtp(31_000, []), rtp(32_000, [])]).map((stat) => {
      const [{ startTime, endTime }] = stat.streams as [ReferenceStat];
      return [startTime, endTime];
    });
    expect(times).toEqual([
      ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'],
      ['2026-01-01T00:00:02Z', '2026-01-01T00:00:32Z'],
    ]);
  });

  test('does not start at a sample that was invalid or unattributed', () => {
    const stats = statsOf([
      rtp(1000, []),
      delta(5000, [{ nacks: 2 ** 31 }]),
      line(10_000, 'participant_left'),
      rtp(209_999, []),
      rtp(210_001, []),
      line(210_002, 'participant_joined'),
      rtp(210_003, []),
    ]);
    expect(stats.map((stat) => (stat.streams as [ReferenceStat])[0].startTime)).toEqual([
      '2026-01-01T00:00:01Z',
      '2026-01-01T00:00:01Z',
      '2026-01-01T00:03:29.999Z',
    ]);
  });
});

describe('cumulative counters', () => {
  test('"first seen, it counts in full"; then what it grew by', () => {
    expect(streamsOf([rtp(1, [{ primaryPackets: 100 }]), rtp(30_001, [{ primaryPackets: 130 }])])).toEqual([
      { primaryPackets: 100 },
      { primaryPackets: 30 },
    ]);
  });

  test('"an absent counter says nothing, its total stays"', () => {
    const lines = [rtp(1, [{ frames: 10, nacks: 1 }]), rtp(2, [{ nacks: 2 }]), rtp(30_001, [{ frames: 13 }])];
    expect(streamsOf(lines)).toEqual([{ frames: 10, nacks: 2 }, { frames: 3 }]);
  });

  test('"each counter of each SSRC stands for itself", and an absent ssrc is 0', () => {
    const lines = [
      rtp(1, [
        { ssrc: 1, frames: 10 },
        { ssrc: 2, frames: 100 },
      ]),
      rtp(2, [{ frames: 1000 }]),
      rtp(3, [
        { ssrc: 0, frames: 1001 },
        { ssrc: 1, frames: 12 },
      ]),
    ];
    expect(streamsOf(lines)).toEqual([{ frames: 10 + 100 + 1000 + 1 + 2 }]);
  });

  test('of one track say nothing of another, nor of the other direction', () => {
    const streams = streamsOf([
      rtp(1, [{ frames: 10 }]),
      rtp(1, [{ frames: 12 }], { track: 'TR_2' }),
      rtp(1, [{ frames: 15 }], { direction: 'DOWNSTREAM' }),
    ]);
    expect(streams).toEqual([{ frames: 10 }, { frames: 12 }, { frames: 15 }]);
  });

  test.each([
    ['the very ends', 2 ** 32 - 1, 0, 1],
    ['the first of the last sixteenth to the last of the first', 15 * 2 ** 28, 2 ** 28 - 1, 2 ** 29 - 1],
  ])(
    '"a step back is a u32 wrap (from the last sixteenth of the range into the first)": %s',
    (_name, from, to, grown) => {
      // The first line comes unknown, so that its large total is only a base.
      const lines = [
        rtp(1, [{ frames: from }], { participant: 'PA_x' }),
        line(2, 'participant_joined', { participant: 'PA_x' }),
      ];
      const streams = streamsOf([...lines, rtp(3, [{ frames: to }], { participant: 'PA_x' })]);
      expect(streams).toEqual([{ frames: grown }]);
    },
  );

  test.each([
    ['from before the last sixteenth', 15 * 2 ** 28 - 1, 5],
    ['into behind the first', 2 ** 32 - 1, 2 ** 28],
    ['from beyond the range', 2 ** 32 + 1000, 5],
    ['a small step', 1000, 999],
  ])('"else a restart from zero": %s', (_name, from, to) => {
    const lines = [
      rtp(1, [{ frames: from }], { participant: 'PA_x' }),
      line(2, 'participant_joined', { participant: 'PA_x' }),
    ];
    const streams = streamsOf([...lines, rtp(3, [{ frames: to }], { participant: 'PA_x' })]);
    expect(streams).toEqual([{ frames: to }]);
  });

  test('"for that counter alone"', () => {
    const lines = [rtp(1, [{ frames: 100, nacks: 10 }]), rtp(30_001, [{ frames: 7, nacks: 11 }])];
    expect(streamsOf(lines)[1]).toEqual({ frames: 7, nacks: 1 });
  });

  test('of bytes never wrap', () => {
    const lines = [rtp(1, [{ primaryBytes: 2 ** 32 - 1 }]), rtp(30_001, [{ primaryBytes: 5 }])];
    expect(streamsOf(lines)).toEqual([{ primaryBytes: '4294967295' }, { primaryBytes: '5' }]);
  });

  test('that come to more than 32 bits in a window say the most a field can hold', () => {
    const lines = [1, 2, 3].map((k) => delta(k, [{ frames: 2 ** 31 - 1 }]));
    expect(streamsOf(lines)).toEqual([{ frames: 2 ** 32 - 1 }]);
  });

  test('may be strings, and may come in JSON Lines', () => {
    const text = toJsonLines([
      ...OPEN,
      rtp(1, [{ primaryBytes: '5', frames: '7' }]),
      rtp(2, [{ primaryBytes: '12' }]),
    ]);
    const stream = (only(only(referenceReplay(text).flushes).stats).streams as [ReferenceStat])[0];
    expect(stream).toMatchObject({ primaryBytes: '12', frames: 7 });
  });
});

describe('packetsLost', () => {
  test('"is signed (2^31 to 2^32 means v − 2^32)": mediasoup\'s 4294967283 is minus 13', () => {
    const lines = [
      rtp(1, [{ packetsLost: 4294967283 }]),
      rtp(30_001, [{ packetsLost: 0 }]),
      rtp(60_001, [{ packetsLost: 7 }]),
    ];
    expect(streamsOf(lines)).toEqual([{}, {}, { packetsLost: 7 }]);
  });

  test('"its change is now − before": it never wraps and never restarts', () => {
    const lines = [10, 3, 14].map((packetsLost, k) => rtp(k * 30_000 + 1, [{ packetsLost }]));
    expect(streamsOf(lines)).toEqual([{ packetsLost: 10 }, {}, { packetsLost: 4 }]);
  });

  test('is judged "over all its SSRCs" and "when its window closes"', () => {
    const lines = [
      rtp(1, [
        { ssrc: 1, packetsLost: 10 },
        { ssrc: 2, packetsLost: 10 },
      ]),
      rtp(2, [{ ssrc: 1, packetsLost: 4 }]),
      rtp(30_001, [
        { ssrc: 1, packetsLost: 0 },
        { ssrc: 2, packetsLost: 16 },
      ]),
    ];
    // L is 20 and 14 in the first window, which closes at 14; then 16.
    expect(streamsOf(lines)).toEqual([{ packetsLost: 14 }, { packetsLost: 2 }]);
  });

  test('is measured against the highest L at any earlier close, never against a later fall', () => {
    const lines = [10, 2, 9, 12].map((packetsLost, k) => rtp(k * 30_000 + 1, [{ packetsLost }]));
    expect(streamsOf(lines)).toEqual([{ packetsLost: 10 }, {}, {}, { packetsLost: 2 }]);
  });

  test('below zero from the start counts nothing until it is above zero', () => {
    const lines = [-5, -1, 3].map((packetsLost, k) => rtp(k * 30_000 + 1, [{ packetsLost }]));
    expect(streamsOf(lines)).toEqual([{}, {}, { packetsLost: 3 }]);
  });

  test('in delta form may be negative', () => {
    const lines = [5, -3, 4].map((packetsLost, k) => delta(k * 30_000 + 1, [{ packetsLost }]));
    expect(streamsOf(lines)).toEqual([{ packetsLost: 5 }, {}, { packetsLost: 1 }]);
  });
});

describe('an invalid sample', () => {
  const good = { mimeType: 'audio/opus', score: 4 };

  test.each<[string, TraceStream, boolean]>([
    ['a change of 2^31 − 1', { frames: 2 ** 31 - 1 }, false],
    ['a change of 2^31', { frames: 2 ** 31 }, true],
    ['bytes of 2^62', { primaryBytes: (2n ** 62n).toString() }, false],
    ['bytes of 2^63', { primaryBytes: (2n ** 63n).toString() }, true],
    ["a layer's packets of 2^31", { videoLayers: [{ layer: 0, packets: 2 ** 31 }] }, true],
    ["a layer's bytes of 2^31", { videoLayers: [{ layer: 0, bytes: 2 ** 31 }] }, false],
    ['packetsLost of 2^31 − 1', { packetsLost: 2 ** 31 - 1 }, false],
  ])('in both forms: %s', (_name, stream, invalid) => {
    for (const sample of [rtp(1, [stream]), delta(1, [stream])]) {
      const { summary } = referenceReplay([...OPEN, sample]);
      expect(summary.dropped.invalid.UPSTREAM.samples).toBe(invalid ? 1 : 0);
      expect(summary.reported.UPSTREAM.samples).toBe(invalid ? 0 : 1);
    }
  });

  test('packetsLost ≥ 2^31 as a delta is one, as a total it is a negative number', () => {
    const stream = { packetsLost: 2 ** 32 - 5 };
    expect(statsOf([delta(1, [stream])])).toEqual([]);
    expect(streamsOf([rtp(1, [stream])])).toEqual([{}]);
    expect(streamsOf([rtp(1, [{ packetsLost: 2 ** 31 }])])).toEqual([{}]);
    expect(statsOf([rtp(1, [{ packetsLost: 2 ** 32 }])])).toEqual([]);
  });

  test('"the whole line is skipped (mime, score, rtt too) and counted"', () => {
    const lines = [
      delta(1, [{ primaryPackets: 3, rtt: 5, jitter: 6 }], good),
      delta(2, [{ primaryPackets: 4, rtt: 50, jitter: 60 }, { frames: 2 ** 31 }], {
        mimeType: 'video/VP8',
        score: 1,
      }),
    ];
    expect(only(statsOf(lines))).toMatchObject({ mime: 'audio/opus', score: 4 });
    expect(streamsOf(lines)).toEqual([{ primaryPackets: 3, rtt: 5, jitter: 6 }]);
    const { summary } = referenceReplay([...OPEN, ...lines]);
    expect(upstream(summary.recorded)).toEqual([2, 0, 7, 0]);
    expect(upstream(summary.reported)).toEqual([1, 0, 3, 0]);
    expect(upstream(summary.dropped.invalid)).toEqual([1, 0, 4, 0]);
  });

  test('"in cumulative form the totals it brought are the new base", and those it did not bring stay', () => {
    const lines = [
      rtp(1, [{ frames: 10, nacks: 10, plis: 10, packetsLost: 1 }]),
      rtp(30_001, [{ nacks: 15, frames: 2 ** 31 + 10, packetsLost: 100 }]),
      rtp(60_001, [{ frames: 2 ** 31 + 12, nacks: 16, plis: 12, packetsLost: 103 }]),
    ];
    expect(streamsOf(lines)).toEqual([
      { frames: 10, nacks: 10, plis: 10, packetsLost: 1 },
      { frames: 2, nacks: 1, plis: 2, packetsLost: 3 },
    ]);
  });
});

describe('layers', () => {
  const layers = (...videoLayers: NonNullable<TraceStream['videoLayers']>) => [{ videoLayers }];

  test('"sums per id over the window", over all SSRCs, and only the one with most bytes is kept', () => {
    const lines = [
      delta(1, [
        { ssrc: 1, videoLayers: [{ layer: 0, packets: 1, bytes: 100, frames: 1 }] },
        {
          ssrc: 2,
          videoLayers: [
            { layer: 0, bytes: 60 },
            { layer: 1, packets: 9, bytes: 150 },
          ],
        },
      ]),
      delta(2, layers({ layer: 0, packets: 2, bytes: 1 })),
    ];
    expect(streamsOf(lines)).toEqual([{ videoLayers: [{ packets: 3, bytes: '161', frames: 1 }] }]);
  });

  test('"most bytes, then the higher id"', () => {
    const tied = layers({ layer: 2, bytes: 50 }, { layer: 3, bytes: 0, packets: 9 }, { layer: 1, bytes: 50 });
    expect(streamsOf([delta(1, tied)])).toEqual([{ videoLayers: [{ layer: 2, bytes: '50' }] }]);
  });

  test('"if none has any, videoLayers is absent", and a stopped layer never wins', () => {
    const lines = [
      rtp(1, layers({ layer: 2, bytes: 5000, packets: 5 }, { layer: 0, bytes: 10 })),
      rtp(30_001, layers({ layer: 2, bytes: 5000, packets: 8 }, { layer: 0, bytes: 11 })),
      rtp(60_001, layers({ layer: 2, bytes: 5000, packets: 9 })),
    ];
    expect(streamsOf(lines)).toEqual([
      { videoLayers: [{ layer: 2, packets: 5, bytes: '5000' }] },
      { videoLayers: [{ bytes: '1' }] },
      {},
    ]);
  });

  test('of each SSRC stand for themselves, and packets of a layer wrap', () => {
    const lines = [
      rtp(1, layers({ layer: 0, packets: 2 ** 32 - 2, bytes: 10 }), { participant: 'PA_x' }),
      line(2, 'participant_joined', { participant: 'PA_x' }),
      rtp(
        3,
        [...layers({ layer: 0, packets: 3, bytes: 12 }), { ssrc: 1, videoLayers: [{ layer: 0, bytes: 30 }] }],
        {
          participant: 'PA_x',
        },
      ),
    ];
    expect(streamsOf(lines)).toEqual([{ videoLayers: [{ packets: 5, bytes: '32' }] }]);
  });
});

describe('scores', () => {
  const stat = (...scores: (number | undefined)[]) =>
    only(statsOf(scores.map((score, k) => rtp(k, [], score === undefined ? {} : { score }))));

  test('"only > 0 count"; without any, all three are left out', () => {
    for (const none of [stat(0), stat(undefined), stat(-3, 0)]) {
      expect(none).not.toHaveProperty('score');
      expect(none).not.toHaveProperty('minScore');
      expect(none).not.toHaveProperty('medianScore');
    }
    expect(stat(2, 0, undefined, -1)).toMatchObject({ score: 2, minScore: 2, medianScore: 2 });
  });

  test('the median is the middle, or the mean of the two middles', () => {
    expect(stat(5, 1, 2)).toMatchObject({ minScore: 1, medianScore: 2 });
    expect(stat(5, 1, 2, 3)).toMatchObject({ score: 2.75, minScore: 1, medianScore: 2.5 });
    expect(stat(10, 9, 100)).toMatchObject({ minScore: 9, medianScore: 10 });
  });

  test('"are rounded to float32 when read; the mean is taken in double"', () => {
    const mean = (4.400000095367432 + 4.400000095367432 + 4.300000190734863) / 3;
    expect(stat(4.4, 4.4, 4.3)).toMatchObject({ score: Math.fround(mean), medianScore: 4.400000095367432 });
    expect(stat(1e-46)).not.toHaveProperty('score');
  });

  test('begin anew in each window', () => {
    const stats = statsOf([rtp(1, [], { score: 1 }), rtp(30_001, [], { score: 3 }), rtp(60_001, [])]);
    expect(stats.map(({ score }) => score)).toEqual([1, 3, undefined]);
  });
});

describe('mime, rtt, jitter', () => {
  test('the mime is "the last that a valid sample of the window named, else empty"', () => {
    const lines = [
      rtp(1, [], { mimeType: 'video/VP8' }),
      rtp(2, [], { mimeType: 'video/AV1' }),
      rtp(3, []),
      rtp(4, [], { mimeType: '' }),
      rtp(30_001, []),
    ];
    expect(statsOf(lines).map(({ mime }) => mime)).toEqual(['video/AV1', undefined]);
  });

  test('rtt and jitter are the largest of the window, and no more than 32 bits', () => {
    const lines = [
      rtp(1, [
        { rtt: 5, jitter: 2 ** 33 },
        { ssrc: 1, rtt: 20, jitter: 1 },
      ]),
      rtp(2, [{ rtt: 11 }]),
      rtp(30_001, [{ rtt: 3 }]),
      rtp(60_001, [{ rtt: 2 ** 40 }]),
    ];
    expect(streamsOf(lines)).toEqual([{ rtt: 20, jitter: 2 ** 32 - 1 }, { rtt: 3 }, { rtt: 2 ** 32 - 1 }]);
  });
});

describe('data and signal', () => {
  test('have tracks of their own, by direction, and count one message unless told', () => {
    const stats = statsOf([
      data(1, 100),
      data(2, 50, { messages: 3 }),
      data(2, 7, { direction: 'DOWNSTREAM' }),
      data(3, 9, { op: 'signal' }),
      data(3, 11, { track: 'TR_own', messages: 0 }),
    ]);
    const said = stats.map(({ kind, trackId, streams }) => {
      const [{ primaryPackets, primaryBytes }] = streams as [ReferenceStat];
      return [kind, trackId, primaryPackets, primaryBytes];
    });
    expect(said).toEqual([
      [undefined, 'TR_DTPA_a', 4, '150'],
      [undefined, 'TR_SGPA_a', 1, '9'],
      [undefined, 'TR_own', undefined, '11'],
      ['DOWNSTREAM', 'TR_DTPA_a', 1, '7'],
    ]);
  });

  test('are in the books as messages, not packets', () => {
    const { summary } = referenceReplay([
      ...OPEN,
      data(1, 100, { messages: 3 }),
      rtp(2, [{ primaryPackets: 5 }]),
    ]);
    expect(upstream(summary.recorded)).toEqual([2, 3, 5, 100]);
    expect(upstream(summary.reported)).toEqual([2, 3, 5, 100]);
  });
});

describe('the books', () => {
  test('count primary, retransmit and padding, by direction', () => {
    const stream: TraceStream = {
      primaryPackets: 1,
      retransmitPackets: 2,
      paddingPackets: 4,
      primaryBytes: 10,
      retransmitBytes: 20,
      paddingBytes: 40,
      frames: 99,
      packetsLost: 99,
      videoLayers: [{ layer: 0, packets: 99, bytes: 99 }],
    };
    const { summary } = referenceReplay([...OPEN, rtp(1, [stream], { direction: 'DOWNSTREAM' })]);
    expect(summary.recorded.DOWNSTREAM).toEqual({ samples: 1, messages: 0, packets: 7, bytes: 70 });
    expect(upstream(summary.recorded)).toEqual([0, 0, 0, 0]);
    expect(summary.reported).toEqual(summary.recorded);
  });

  test('"a line whose participant is not known is counted as unattributed; its totals are the new base"', () => {
    const x = { participant: 'PA_x' };
    const lines = [
      rtp(1, [{ primaryPackets: 100, primaryBytes: 5 }], x),
      data(2, 8, x),
      rtp(3, [{ primaryPackets: 2 ** 31 + 100 }], x),
      line(4, 'participant_active', x),
      rtp(5, [{ primaryPackets: 2 ** 31 + 103, primaryBytes: 6 }], x),
    ];
    const { summary } = referenceReplay([...OPEN, ...lines]);
    expect(upstream(summary.dropped.unattributed)).toEqual([3, 1, 100 + 2 ** 31, 13]);
    expect(upstream(summary.dropped.invalid)).toEqual([0, 0, 0, 0]);
    expect(upstream(summary.reported)).toEqual([1, 0, 3, 1]);
    expect(streamsOf(lines)).toEqual([{ primaryPackets: 3, primaryBytes: '1' }]);
  });
});

describe('a participant', () => {
  const REAP = 180_000;
  /** The times at which a data line of each of these moments is attributed. */
  function knownAt(lines: TraceLine[], moments: number[]): number[] {
    const x = { participant: 'PA_x' };
    const all = [...lines, ...moments.map((t) => data(t, 1, x))].sort((a, b) => a.t - b.t);
    return moments.filter((moment) => {
      // One moment at a time: the others are there only to make the same flushes.
      const trace = all.filter(({ op, t }) => op !== 'data' || t === moment);
      return referenceReplay([...OPEN, ...trace]).summary.reported.UPSTREAM.samples === 1;
    });
  }
  const x = (t: number, op: string, over: Partial<TraceLine> = {}) =>
    line(t, op, { participant: 'PA_x', ...over });

  test.each(['participant_joined', 'participant_active', 'participant_resumed'])(
    'is known from %s on',
    (op) => {
      expect(knownAt([x(10, op)], [9, 11, 1_000_000])).toEqual([11, 1_000_000]);
    },
  );

  test('is not known by its left alone', () => {
    expect(knownAt([x(10, 'participant_left')], [11])).toEqual([]);
  });

  test('is known until the flush that finds it closed for more than 180,000 ms', () => {
    const lines = [x(10, 'participant_joined'), x(30_000, 'participant_left')];
    // The flush at 210,000 finds it closed for 180,000 exactly; the one at 240,000 reaps it.
    expect(knownAt(lines, [30_000 + REAP, 239_999, 240_000])).toEqual([210_000, 239_999]);
  });

  test('is reaped by a flush line too, after that flush has reported', () => {
    const lines = [x(10, 'participant_joined'), x(20, 'participant_left'), { t: 21 + REAP, op: 'flush' }];
    expect(knownAt(lines, [20 + REAP])).toEqual([20 + REAP]);
    expect(knownAt([...lines, x(22 + REAP, 'flush')], [23 + REAP])).toEqual([]);
  });

  test('of one room is not known in another', () => {
    expect(knownAt([x(10, 'participant_joined', { room: 'RM_2' })], [11])).toEqual([]);
  });

  const FAR = 1_000_000;

  test('is held by each guard: joined and active of one ref count once', () => {
    const once = [x(1, 'participant_joined'), x(2, 'participant_active'), x(3, 'participant_left')];
    expect(knownAt(once, [FAR])).toEqual([]);
    const two = [
      x(1, 'participant_joined'),
      x(2, 'participant_joined', { ref: 'signal' }),
      x(3, 'participant_left'),
    ];
    expect(knownAt(two, [FAR])).toEqual([FAR]);
    expect(knownAt([...two, x(4, 'participant_left', { ref: 'signal' })], [FAR])).toEqual([]);
  });

  test('is not closed by the release of a guard never activated, or released before', () => {
    const never = [x(1, 'participant_joined'), x(2, 'participant_left', { ref: 'signal' })];
    expect(knownAt(never, [FAR])).toEqual([FAR]);
    const twice = [
      x(1, 'participant_joined'),
      x(2, 'participant_joined', { ref: 'signal' }),
      x(3, 'participant_left'),
      x(4, 'participant_left'),
    ];
    expect(knownAt(twice, [FAR])).toEqual([FAR]);
  });

  test('closed counts from when it closed, not from a later left', () => {
    const lines = [x(1, 'participant_joined'), x(2, 'participant_left'), x(100_000, 'participant_left')];
    expect(knownAt(lines, [209_999, 210_000])).toEqual([209_999]);
  });

  test('"a ref activated again after its release is a new guard"', () => {
    const again = [x(1, 'participant_joined'), x(2, 'participant_left'), x(100_000, 'participant_active')];
    expect(knownAt(again, [FAR])).toEqual([FAR]);
    expect(knownAt([...again, x(100_001, 'participant_left')], [FAR])).toEqual([]);
  });

  test('"resumed alone holds a guard, which any participant_left releases"', () => {
    const resumed = [x(1, 'participant_resumed')];
    expect(knownAt([...resumed, x(2, 'participant_left', { ref: 'signal' })], [FAR])).toEqual([]);
    const joined = [...resumed, x(2, 'participant_joined'), x(3, 'participant_left')];
    expect(knownAt(joined, [FAR])).toEqual([]);
    const held = [...resumed, x(2, 'participant_joined', { ref: 'signal' }), x(3, 'participant_left')];
    expect(knownAt(held, [FAR])).toEqual([FAR]);
  });

  test('resumed while open gets no guard from it, resumed while closed is open again', () => {
    const open = [x(1, 'participant_joined'), x(2, 'participant_resumed'), x(3, 'participant_left')];
    expect(knownAt(open, [FAR])).toEqual([]);
    const closed = [x(1, 'participant_joined'), x(2, 'participant_left'), x(3, 'participant_resumed')];
    expect(knownAt(closed, [FAR])).toEqual([FAR]);
  });

  test('left without event is released all the same', () => {
    const lines = [x(1, 'participant_joined'), x(2, 'participant_left', { sendEvent: false })];
    expect(knownAt(lines, [FAR])).toEqual([]);
  });

  test('reaped and joined again goes on from the totals its tracks had', () => {
    const lines = [
      rtp(1, [{ frames: 10, packetsLost: 5 }]),
      line(2, 'participant_left'),
      rtp(210_000, [{ frames: 20, packetsLost: 9 }]),
      line(300_000, 'participant_joined'),
      rtp(300_001, [{ frames: 25, packetsLost: 11 }]),
    ];
    // Reaped at 210,000, before the line of that time: the line is only a base.
    expect(streamsOf(lines)).toEqual([
      { frames: 10, packetsLost: 5 },
      { frames: 5, packetsLost: 2 },
    ]);
  });
});

describe('the room name', () => {
  const named = (t: number, op: string, name: string, over: Partial<TraceLine> = {}) =>
    line(t, op, { room: { sid: ROOM, name }, ...over });
  const namesOf = (lines: TraceLine[]) =>
    referenceReplay(lines).flushes.map(({ stats }) => stats[0]!.roomName);

  test("is the latest object's at the time of the flush, whatever the line", () => {
    const lines = [...OPEN, data(1, 1), named(2, 'track_published', 'two'), data(30_001, 1), data(30_002, 1)];
    expect(namesOf(lines)).toEqual(['two', 'two']);
    expect(
      namesOf([...OPEN, data(1, 1), named(30_000, 'rtp', 'two', { streams: [], direction: 'UPSTREAM' })]),
    ).toEqual(['one', 'two']);
  });

  test('stays when the sid alone is given, and is nothing for a room never named', () => {
    expect(namesOf([...OPEN, line(1, 'room_started'), data(2, 1)])).toEqual(['one']);
    expect(namesOf([line(0, 'participant_joined'), data(2, 1)])).toEqual([undefined]);
  });

  test('is known until the room has ended and the last participant is reaped', () => {
    const lines = [
      ...OPEN,
      line(1, 'participant_left'),
      line(2, 'room_ended'),
      data(29_000, 1),
      line(29_500, 'participant_joined'),
      data(31_000, 1),
      line(31_001, 'participant_left'),
      line(300_000, 'participant_joined'),
      data(300_001, 1),
    ];
    expect(namesOf(lines)).toEqual(['one', 'one', undefined]);
    const started = lines.filter(({ op }) => op !== 'room_ended');
    expect(namesOf(started)).toEqual(['one', 'one', 'one']);
  });

  test('is gone at once where a room ends with nobody in it', () => {
    const lines = [OPEN[0]!, line(1, 'room_ended'), line(2, 'participant_joined'), data(3, 1)];
    expect(namesOf(lines)).toEqual([undefined]);
  });
});

describe('the real meeting', () => {
  const meeting = gunzipSync(
    readFileSync(new URL('../../traces/meeting.jsonl.gz', import.meta.url)),
  ).toString();
  const { flushes, summary } = referenceReplay(meeting);

  test('has the sums of its windows equal to the last running totals of its SSRCs', () => {
    const last = new Map<string, number>();
    for (const text of meeting.trim().split('\n')) {
      const { op, participant, track, direction, streams = [] } = JSON.parse(text) as TraceLine;
      if (op !== 'rtp') continue;
      for (const { ssrc, primaryBytes } of streams) {
        last.set(JSON.stringify([participant, track, direction, ssrc]), Number(primaryBytes ?? 0));
      }
    }
    const expected = new Map<string, number>();
    for (const [key, bytes] of last) {
      const track = JSON.stringify((JSON.parse(key) as unknown[]).slice(0, 3));
      expected.set(track, (expected.get(track) ?? 0) + bytes);
    }

    const reported = new Map<string, number>();
    for (const { participantId, trackId, kind, streams } of flushes.flatMap(({ stats }) => stats)) {
      const key = JSON.stringify([participantId, trackId, kind ?? 'UPSTREAM']);
      if (!expected.has(key)) continue;
      const [{ primaryBytes }] = streams as [ReferenceStat];
      reported.set(key, (reported.get(key) ?? 0) + Number(primaryBytes ?? 0));
    }
    expect(expected.size).toBeGreaterThan(10);
    expect(reported).toEqual(expected);
  });

  test('is reported whole', () => {
    expect(summary.reported).toEqual(summary.recorded);
    expect(summary.recorded.UPSTREAM.samples).toBeGreaterThan(1000);
  });
});
