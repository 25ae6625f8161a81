import { describe, expect, test } from 'vitest';
import { full, type Json, parse, refusalOf } from './full-lines.js';

/** Where counters stand, each with how to put one there. */
const COUNTERS: readonly (readonly [name: string, path: string, line: (value: unknown) => Json])[] = [
  ...[
    'primaryPackets',
    'primaryBytes',
    'retransmitPackets',
    'retransmitBytes',
    'paddingPackets',
    'paddingBytes',
    'packetsOutOfOrder',
    'frames',
    'nacks',
    'plis',
    'firs',
    'rtt',
    'jitter',
  ].map(
    (name) =>
      [
        name,
        `streams[1].${name}`,
        (value: unknown) => ({ ...full('rtp'), streams: [{}, { [name]: value }] }),
      ] as const,
  ),
  ...['packets', 'bytes', 'frames'].map(
    (name) =>
      [
        `layer ${name}`,
        `streams[0].videoLayers[1].${name}`,
        (value: unknown) => ({
          ...full('rtp'),
          streams: [{ videoLayers: [{ layer: 0 }, { layer: 1, [name]: value }] }],
        }),
      ] as const,
  ),
  ...['bytes', 'messages'].map(
    (name) => [`data ${name}`, name, (value: unknown) => ({ ...full('data'), [name]: value })] as const,
  ),
];

describe('a counter', () => {
  test.each(COUNTERS)('%s is refused when it is negative, broken or not a number', (_, path, line) => {
    for (const wrong of [-1, 0.5, '1.0', '-1', '', ' 1', '1e3', '0x1', true, null, {}, []]) {
      expect(refusalOf(line(wrong))).toContain(`7: ${path}: a whole number, not negative, got `);
    }
  });

  test.each(COUNTERS)('%s may be any whole number, however large', (_, _path, line) => {
    for (const whole of [0, 1, 2 ** 31, 2 ** 32, 2 ** 63, 1e300])
      expect(() => parse(line(whole))).not.toThrow();
    const beyondDoubles = JSON.stringify(line(987_654_321)).replace('987654321', '1e400');
    expect(() => parse(beyondDoubles)).not.toThrow();
    expect(JSON.stringify(parse(beyondDoubles).line)).toContain('1.7976931348623157e+308');
  });

  test.each(COUNTERS)('%s may be a string if and only if it has 64 bits', (name, _, line) => {
    if (/bytes/i.test(name)) expect(() => parse(line('123'))).not.toThrow();
    else expect(refusalOf(line('123'))).toMatch(/a whole number, not negative, got "123"$/);
  });

  test('of lost packets may be negative, but not broken', () => {
    const line = (packetsLost: unknown): Json => ({ ...full('rtp'), streams: [{ packetsLost }] });
    for (const whole of [-5, 0, 4294967283, -(2 ** 40)]) {
      expect(parse(line(whole)).line).toMatchObject({ streams: [{ packetsLost: whole }] });
    }
    for (const wrong of [-0.5, '1', null]) {
      expect(refusalOf(line(wrong))).toContain('7: streams[0].packetsLost: a whole number, got ');
    }
  });

  test('of bytes is never rounded up, as a string or as digits', () => {
    const bytesOf = (digits: string): unknown => {
      const { line } = parse(
        `{"t":0,"op":"data","room":"R","participant":"P","direction":"UPSTREAM","bytes":${digits}}`,
      );
      return line.op === 'data' ? line.bytes : undefined;
    };
    for (const quote of ['', '"']) {
      expect(bytesOf(`${quote}9223372036854775807${quote}`)).toBe(2 ** 63 - 1024);
      expect(bytesOf(`${quote}9223372036854775808${quote}`)).toBe(2 ** 63);
    }
    expect(bytesOf('"9007199254740993"')).toBe(2 ** 53);
    expect(bytesOf('"9007199254740995"')).toBe(2 ** 53 + 2);
    expect(bytesOf('"9007199254740991"')).toBe(2 ** 53 - 1);
    expect(bytesOf('"18446744073709551615"')).toBe(2 ** 64 - 2048);
    expect(bytesOf('"00000000000000000000000000012"')).toBe(12);
    expect(bytesOf(`"${'9'.repeat(400)}"`)).toBe(Number.MAX_VALUE);
  });

  test('of bytes near the limit is read beside text that looks like one', () => {
    const mimeType = '"bytes":9223372036854775807,';
    const { line } = parse({ ...full('rtp'), mimeType, streams: [{ primaryBytes: 2 ** 63 }] });
    expect(line).toMatchObject({ mimeType, streams: [{ primaryBytes: 2 ** 63 }] });
  });
});

describe('a stream', () => {
  test('is given as a recorder takes it', () => {
    const stream = {
      ssrc: 4294967295,
      primaryPackets: 1,
      primaryBytes: '2',
      retransmitPackets: 3,
      retransmitBytes: 4,
      paddingPackets: 5,
      paddingBytes: 6,
      packetsLost: -7,
      packetsOutOfOrder: 8,
      frames: 9,
      nacks: 12,
      plis: 13,
      firs: 14,
    };
    const layers = [{ packets: 1, bytes: '2', frames: 3 }, { layer: 3 }];
    const { line } = parse({
      ...full('rtp'),
      streams: [{ ...stream, rtt: 10, jitter: 11, videoLayers: layers }, {}],
    });
    expect(line).toMatchObject({
      streams: [
        {
          ...stream,
          primaryBytes: 2,
          rttMs: 10,
          jitterUs: 11,
          layers: [{ layer: 0, packets: 1, bytes: 2, frames: 3 }, { layer: 3 }],
        },
        {},
      ],
    });
  });

  test.each([
    [{ streams: {} }, '7: streams: an array, got an object'],
    [{ streams: [1] }, '7: streams[0]: an object, got 1'],
    [{ streams: [null] }, '7: streams[0]: an object, got null'],
    [{ streams: [{ ssrc: -1 }] }, '7: streams[0].ssrc: a whole number from 0 to 4294967295, got -1'],
    [
      { streams: [{ ssrc: 2 ** 32 }] },
      '7: streams[0].ssrc: a whole number from 0 to 4294967295, got 4294967296',
    ],
    [{ streams: [{ videoLayers: 1 }] }, '7: streams[0].videoLayers: an array, got 1'],
    [
      { streams: [{ videoLayers: [{ layer: 4 }] }] },
      '7: streams[0].videoLayers[0].layer: a layer from 0 to 3, got 4',
    ],
    [{ counters: 'sum' }, '7: counters: cumulative or delta, got "sum"'],
    [{ direction: 'UP' }, '7: direction: UPSTREAM or DOWNSTREAM, got "UP"'],
    [{ direction: 0 }, '7: direction: UPSTREAM or DOWNSTREAM, got 0'],
  ])('is refused by path in %j', (change, message) => {
    expect(refusalOf({ ...full('rtp'), ...change })).toBe(message);
  });
});

describe('a score', () => {
  test('may be any number that float32 holds, below 0 too', () => {
    for (const score of [0, 4.4, -1, 3.4028234e38]) {
      expect(parse({ ...full('rtp'), score }).line).toMatchObject({ score });
    }
  });

  test.each(['1e39', '-1e39', '1e400', '"4"', 'null'])('is refused when it is %s', (score) => {
    const text = JSON.stringify(full('rtp')).replace('"score":4.25', `"score":${score}`);
    expect(refusalOf(text)).toMatch(/^7: score: a number that float32 can hold, got /);
  });
});
