import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MetricFamily } from '../../../dist/src/exporters/prometheus/families.js';
import { TextFormat } from '../../../dist/src/exporters/prometheus/text-format.js';
import { samplesOf } from '../../helpers/exposition.js';

const CONSTANT = { node_id: 'ND_test', node_type: 'SERVER' };

async function textOf(family: MetricFamily, format = new TextFormat(CONSTANT)): Promise<string> {
  let text = '';
  for await (const piece of format.pieces(family)) text += piece;
  return text;
}

const counter = (series: MetricFamily['series'], labelNames = ['room']): MetricFamily =>
  ({ name: 'livekit_test_total', help: 'A test.', type: 'counter', labelNames, series }) as MetricFamily;

const labelled = (label: string): MetricFamily => counter([{ labels: [label], value: 1 }]);

/** The label as a scraper reads it. */
async function readBack(label: string): Promise<string | undefined> {
  const bytes = Buffer.from(await textOf(labelled(label)));
  const [sample, ...others] = samplesOf(bytes.toString());
  expect(others).toEqual([]);
  return sample!.labels.room;
}

describe('a family is written', () => {
  test('a counter', async () => {
    const family: MetricFamily = {
      name: 'livekit_packet_total',
      help: 'Packets.',
      type: 'counter',
      labelNames: ['direction', 'transmission'],
      series: [
        { labels: ['upstream', 'initial'], value: 12 },
        { labels: ['downstream', 'retransmit'], value: 2 ** 53 },
      ],
    };
    expect(await textOf(family)).toBe(
      `# HELP livekit_packet_total Packets.
# TYPE livekit_packet_total counter
livekit_packet_total{direction="upstream",transmission="initial",node_id="ND_test",node_type="SERVER"} 12
livekit_packet_total{direction="downstream",transmission="retransmit",node_id="ND_test",node_type="SERVER"} 9007199254740992
`,
    );
  });

  test('a gauge without labels of its own', async () => {
    const family: MetricFamily = {
      name: 'livekit_room_total',
      help: 'Rooms.',
      type: 'gauge',
      labelNames: [],
      series: [{ labels: [], value: -0.5 }],
    };
    expect(await textOf(family)).toBe(
      `# HELP livekit_room_total Rooms.
# TYPE livekit_room_total gauge
livekit_room_total{node_id="ND_test",node_type="SERVER"} -0.5
`,
    );
  });

  test('a histogram, its buckets summed up', async () => {
    const family: MetricFamily = {
      name: 'livekit_jitter_us',
      help: 'Jitter.',
      type: 'histogram',
      labelNames: ['kind'],
      bounds: [0.1, 1, 50],
      series: [{ labels: ['audio'], counts: [1, 2, 0, 4], sum: 300.5 }],
    };
    const constant = 'node_id="ND_test",node_type="SERVER"';
    expect(await textOf(family)).toBe(
      `# HELP livekit_jitter_us Jitter.
# TYPE livekit_jitter_us histogram
livekit_jitter_us_bucket{kind="audio",le="0.1",${constant}} 1
livekit_jitter_us_bucket{kind="audio",le="1",${constant}} 3
livekit_jitter_us_bucket{kind="audio",le="50",${constant}} 3
livekit_jitter_us_bucket{kind="audio",le="+Inf",${constant}} 7
livekit_jitter_us_sum{kind="audio",${constant}} 300.5
livekit_jitter_us_count{kind="audio",${constant}} 7
`,
    );
  });

  test('one without series: its head stands there', async () => {
    expect(await textOf(counter([]))).toBe(
      '# HELP livekit_test_total A test.\n# TYPE livekit_test_total counter\n',
    );
  });

  test('its help on one line, whatever it is', async () => {
    const text = await textOf({ ...counter([]), help: 'two\nlines and a \\' });
    expect(text).toMatch(/^# HELP livekit_test_total two\\nlines and a \\\\\n# TYPE [^\n]+\n$/);
  });

  test('a long one in pieces, with one head', async () => {
    const series = Array.from({ length: 1_001 }, (_, n) => ({ labels: [`RM_${n}`], value: n }));
    const pieces: string[] = [];
    for await (const piece of new TextFormat(CONSTANT).pieces(counter(series))) pieces.push(piece);
    expect(pieces.map((piece) => samplesOf(piece).length)).toEqual([500, 500, 1]);
    expect(pieces.join('').match(/^#/gm)).toHaveLength(2);
    expect(samplesOf(pieces.join('')).map(({ value }) => value)).toEqual(series.map(({ value }) => value));
  });
});

describe('values that are no finite numbers', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, undefined])(
    '%s is left out and counted',
    async (value) => {
      const format = new TextFormat(CONSTANT);
      const series = [
        { labels: ['a'], value: value as number },
        { labels: ['b'], value: 2 },
      ];
      const samples = samplesOf(await textOf(counter(series), format));
      expect(samples.map(({ labels }) => labels.room)).toEqual(['b']);
      expect(format.refused).toBe(1);
    },
  );

  test('a histogram with one is left out whole', async () => {
    const format = new TextFormat(CONSTANT);
    const series = [
      { labels: ['a'], counts: [1, Number.NaN], sum: 1 },
      { labels: ['b'], counts: [1, 0], sum: Number.NaN },
    ];
    const family = { ...counter([]), type: 'histogram', bounds: [1], series } as MetricFamily;
    expect(samplesOf(await textOf(family, format))).toEqual([]);
    expect(format.refused).toBe(2);
  });
});

describe('a hostile label', () => {
  test.each([
    'a "room"',
    'line\nfeed',
    'carriage\r\nreturn',
    'back\\slash\\n',
    '\\',
    '"}\n{',
    '"} 1\nlivekit_room_total 999\n',
    '<script>alert(1)</script>',
    '𝕏 ünïcödé',
    '\u0000\u0007',
    '__proto__',
    '# HELP x',
    '',
  ])('%j is read back as it was', async (label) => {
    expect(await readBack(label)).toBe(label);
  });

  test('is read back as it was, whatever it is', async () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', '{', '}', ',', '=', ' ', 'é') });
    await fc.assert(
      fc.asyncProperty(text, async (label) => {
        expect(await readBack(label)).toBe(label);
      }),
    );
  });

  test('of 1 MB is cut, and still not the same as another that begins like it', async () => {
    const long = 'x'.repeat(1_000_000);
    const [one, other] = [await readBack(`${long}1`), await readBack(`${long}2`)];
    expect(one).toHaveLength(256);
    expect(one).not.toBe(other);
    expect(await readBack(`${long}1`)).toBe(one);
  });

  test('is not cut in the middle of a character', async () => {
    const label = await readBack('𝕏'.repeat(500));
    expect(label).not.toContain('\ufffd');
    expect(await readBack(`.${'𝕏'.repeat(500)}`)).not.toContain('\ufffd');
    expect(label!.length).toBeGreaterThan(250);
  });

  test('with half a character is still text', async () => {
    expect(await readBack('\ud835 half')).toBe('\ufffd half');
  });

  test('does not become another metric: a constant label is not overwritten', async () => {
    const family = counter([{ labels: ['mine'], value: 1 }], ['node_id']);
    expect(samplesOf(await textOf(family))[0]!.labels).toEqual(CONSTANT);
  });
});
