import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { MetricFamily, MetricSource } from '../../../dist/src/exporters/prometheus/families.js';
import { MetricsPage, type Page } from '../../../dist/src/exporters/prometheus/metrics-page.js';
import { sampleOf, samplesOf } from '../../helpers/exposition.js';
import { FixedSource, gauge } from '../../helpers/metrics.js';

const textOf = ({ chunks, bytes }: Page): string => {
  const whole = Buffer.concat(chunks);
  expect(whole).toHaveLength(bytes);
  return whole.toString();
};

/** A page of these sources, at a time that stands still until it is set. */
function pageOf(...sources: MetricSource[]) {
  const clock = { ms: 0 };
  const errors: string[] = [];
  const page = new MetricsPage({
    sources,
    constantLabels: {},
    monotonicMs: () => clock.ms,
    failed: (error) => errors.push(error),
  });
  return { page, clock, errors };
}

const tracks = (count: number): MetricFamily => ({
  name: 'sfu_stats_track_bytes_total',
  help: 'Bytes.',
  type: 'counter',
  labelNames: ['room', 'participant', 'track', 'direction'],
  series: Array.from({ length: count }, (_, n) => ({
    labels: [`RM_${n % 1_000}`, `PA_${n}`, `TR_${n}`, 'downstream'],
    value: n * 1_234,
  })),
});

describe('what was rendered', () => {
  test('is shown for a second, then rendered again', async () => {
    const source = new FixedSource([gauge('a', 1)]);
    const { page, clock } = pageOf(source);
    expect(sampleOf(textOf(await page.text()), 'a')).toBe(1);
    source.families = [gauge('a', 2)];
    clock.ms = 999;
    expect(sampleOf(textOf(await page.text()), 'a')).toBe(1);
    expect(source.asked).toBe(1);
    clock.ms = 1_000;
    expect(sampleOf(textOf(await page.text()), 'a')).toBe(2);
    expect(source.asked).toBe(2);
  });

  test('is shared by all who ask while it is being rendered, however long that takes', async () => {
    const source = new FixedSource([tracks(2_000)]);
    const { page, clock } = pageOf(source);
    const first = page.text();
    clock.ms = 5_000;
    const [one, other, zipped] = await Promise.all([first, page.text(), page.gzipped()]);
    expect(source.asked).toBe(1);
    expect(other).toBe(one);
    expect(gunzipSync(Buffer.concat(zipped.chunks)).toString()).toBe(textOf(one));
  });

  test('is compressed once, and again with the next page', async () => {
    const source = new FixedSource([gauge('a', 1)]);
    const { page, clock } = pageOf(source);
    const zipped = await page.gzipped();
    expect(await page.gzipped()).toBe(zipped);
    source.families = [gauge('a', 2)];
    clock.ms = 1_000;
    const next = await page.gzipped();
    expect(sampleOf(gunzipSync(Buffer.concat(next.chunks)).toString(), 'a')).toBe(2);
  });

  test('has the families of all sources by name, their series as they were given', async () => {
    const { page } = pageOf(
      new FixedSource([gauge('c', 1), tracks(3)]),
      new FixedSource([gauge('b', 2), gauge('a', 3)]),
    );
    const samples = samplesOf(textOf(await page.text()));
    const track = 'sfu_stats_track_bytes_total';
    expect(samples.map(({ name }) => name)).toEqual(['a', 'b', 'c', track, track, track]);
    expect(samples.slice(3).map(({ labels }) => labels.track)).toEqual(['TR_0', 'TR_1', 'TR_2']);
  });

  test('of nothing is empty', async () => {
    expect(await pageOf().page.text()).toEqual({ chunks: [], bytes: 0 });
  });
});

describe('a source', () => {
  const broken: MetricSource = {
    collect: () => {
      throw new Error('broken');
    },
  };

  test('that throws leaves the others their place, and is told of', async () => {
    const { page, errors } = pageOf(
      new FixedSource([gauge('a', 1)]),
      broken,
      new FixedSource([gauge('b', 2)]),
    );
    expect(samplesOf(textOf(await page.text())).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(errors).toEqual(['Error: broken']);
  });

  test('with a family that another has too is not shown with it, and is told of', async () => {
    const { page, errors } = pageOf(new FixedSource([gauge('a', 1)]), new FixedSource([gauge('a', 2)]));
    expect(sampleOf(textOf(await page.text()), 'a')).toBe(1);
    expect(errors).toEqual(['two sources have a']);
  });

  test('with a family prom-client does not take fails its page, not the next', async () => {
    const source = new FixedSource([{ ...gauge('a', 1), help: undefined as unknown as string }]);
    const { page, clock } = pageOf(source);
    await expect(page.text()).rejects.toThrow();
    await expect(page.gzipped()).rejects.toThrow();
    source.families = [gauge('a', 2)];
    clock.ms = 1_000;
    expect(sampleOf(textOf(await page.text()), 'a')).toBe(2);
  });
});

test('100,000 series are rendered in turns: the loop goes on between them', async () => {
  const source = new FixedSource([tracks(100_000)]);
  const page = new MetricsPage({
    sources: [source],
    constantLabels: { node_id: 'ND_test', node_type: 'SERVER' },
    monotonicMs: () => performance.now(),
    failed: () => {},
  });
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { bytes } = await page.text();
  delay.disable();
  isOver = true;
  expect(bytes).toBeGreaterThan(10_000_000);
  // Turns of 5 ms and a piece of a few: rendered in one turn this would be 1, whatever the machine.
  expect(turns).toBeGreaterThan(page.lastRenderMs / 100);
  expect(turns).toBeGreaterThan(10);
  if (process.env.SFU_STATS_FIGURES) {
    const [mean, p99, max] = [delay.mean, delay.percentile(99), delay.max].map((ns) => (ns / 1e6).toFixed(1));
    console.log(`render ${page.lastRenderMs.toFixed(0)} ms, ${bytes} bytes, ${turns} turns`);
    console.log(`loop delay: mean ${mean} ms, p99 ${p99} ms, max ${max} ms`);
    const began = performance.now();
    const zipped = await page.gzipped();
    console.log(`gzip ${(performance.now() - began).toFixed(0)} ms more, ${zipped.bytes} bytes`);
  }
});
