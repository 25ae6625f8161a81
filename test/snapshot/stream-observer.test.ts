import { describe, expect, test } from 'vitest';
import { StreamMetrics } from '../../dist/src/exporters/prometheus/stream-metrics.js';
import type { SlotIdentity } from '../../dist/src/memory/frames.js';
import { createLedger, Ledger } from '../../dist/src/memory/ledger.js';
import { Row } from '../../dist/src/memory/row.js';
import { StreamCounts } from '../../dist/src/memory/stream-counts.js';
import { Direction, Totals } from '../../dist/src/memory/totals.js';
import { rowViews } from '../../dist/src/snapshot/row-merge.js';
import { type KnownTracks, type ObservedTrack, UNOBSERVED } from '../../dist/src/snapshot/row-observer.js';
import { StreamObserver } from '../../dist/src/snapshot/stream-observer.js';
import { valuesOf } from '../helpers/metric-values.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const utf8 = new TextEncoder();

interface RowValues {
  packets?: number;
  padding?: number;
  lost?: number;
  outOfOrder?: number;
  rtt?: number;
  jitter?: number;
  scores?: readonly number[];
}

type ObservedRow = readonly [track: ObservedTrack, values: RowValues, mime?: string];

class Tracks implements KnownTracks {
  #version = 0;
  readonly #kinds = new Map<string, { source: number; type: number }>();

  set(track: string, source: number, type: number): void {
    this.#kinds.set(track, { source, type });
    this.#version++;
  }

  versionOf(): number {
    return this.#version;
  }

  kindOf(_: string, track: string): { source: number; type: number } | undefined {
    return this.#kinds.get(track);
  }
}

/** A ledger, and an observer that is told of rows by hand. */
class Bench {
  readonly memory = createLedger({ shards: 1, lanes: 1, metricWords: StreamCounts.WORDS });
  readonly ledger = new Ledger(this.memory);
  readonly tracks = new Tracks();
  readonly metrics = new StreamMetrics(this.memory);
  observer = new StreamObserver(this.tracks);

  track(identity: Partial<SlotIdentity> = {}): ObservedTrack {
    const whose = { room: { sid: 'RM' }, participant: { sid: 'PA' }, track: 'TR', direction: UPSTREAM };
    return { identity: { ...whose, ...identity }, ...UNOBSERVED };
  }

  /** One flush, written but not committed. */
  write(...rows: readonly ObservedRow[]): void {
    this.observer.begin(this.ledger.words, this.ledger.begin() + this.ledger.layout.metrics);
    for (const [track, values, mime = ''] of rows) {
      const views = rowViews(2);
      const at = Row.WORDS;
      views.words[at + Row.DELTAS + Totals.PRIMARY_PACKETS] = values.packets ?? 0;
      views.words[at + Row.DELTAS + Totals.PADDING_PACKETS] = values.padding ?? 0;
      views.words[at + Row.DELTAS + Totals.PACKETS_LOST] = values.lost ?? 0;
      views.words[at + Row.DELTAS + Totals.PACKETS_OUT_OF_ORDER] = values.outOfOrder ?? 0;
      views.ints[2 * at + Row.I32_RTT] = values.rtt ?? 0;
      views.ints[2 * at + Row.I32_JITTER] = values.jitter ?? 0;
      views.ints[2 * at + Row.I32_SCORES] = values.scores?.length ?? 0;
      views.words[at + Row.SCORE_SUM] = (values.scores ?? []).reduce((sum, score) => sum + score, 0);
      this.observer.observe(views, at, track, utf8.encode(mime));
    }
  }

  flush(...rows: readonly ObservedRow[]): void {
    this.write(...rows);
    this.ledger.commit();
  }

  /** Values that are not nothing. */
  values(): Record<string, number | readonly number[]> {
    const isSomething = (value: number | readonly number[]): boolean =>
      typeof value === 'number' ? value !== 0 : value.some((count) => count !== 0);
    return Object.fromEntries(
      Object.entries(valuesOf(this.metrics.collect())).filter(([, value]) => isSomething(value)),
    );
  }

  /** The label sets there are. */
  sets(): string[] {
    return this.metrics.collect()[0]!.series.map(({ labels }) => labels.join());
  }
}

describe('a row is observed', () => {
  test('with what it lost of primary and padding packets, and what came out of order', () => {
    const bench = new Bench();
    bench.flush([bench.track(), { packets: 150, padding: 50, lost: 9, outOfOrder: 1 }]);
    expect(bench.values()).toEqual({
      'livekit_packet_loss_total{incoming,UNKNOWN,UNKNOWN,}': 9,
      'livekit_packet_loss_percent{incoming,UNKNOWN,UNKNOWN,}': [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4.5],
      'livekit_packet_out_of_order_total{incoming,UNKNOWN,UNKNOWN,}': 1,
      'livekit_packet_out_of_order_percent{incoming,UNKNOWN,UNKNOWN,}': [
        0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0.5,
      ],
    });
  });

  test('no loss is an observation, where there was a packet; no jitter, no round trip and no score are none', () => {
    const bench = new Bench();
    bench.flush([bench.track(), { packets: 1 }], [bench.track(), {}]);
    const set = '{incoming,UNKNOWN,UNKNOWN,}';
    expect(bench.values()).toEqual({
      [`livekit_packet_loss_percent${set}`]: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      [`livekit_packet_out_of_order_percent${set}`]: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    });
  });

  test.each([
    [1_000, 0],
    [1_001, 1],
    [1_000_000, 8],
    [1_000_001, 9],
    [4_294_967_295, 9],
  ])('jitter of %i us is in bucket %i: a bound belongs to the bucket below it', (jitter, bucket) => {
    const bench = new Bench();
    bench.flush([bench.track({ direction: DOWNSTREAM }), { jitter }]);
    const counts = new Array(10).fill(0).with(bucket, 1);
    expect(bench.values()).toEqual({ 'livekit_jitter_us{outgoing,UNKNOWN,UNKNOWN,}': [...counts, jitter] });
  });

  test('with its largest round trip and the mean of its scores, which have no labels', () => {
    const bench = new Bench();
    bench.flush(
      [bench.track(), { rtt: 10_001, scores: [4, 3, 3.5] }],
      [bench.track(), { rtt: 50, scores: [4.75] }],
    );
    expect(bench.values()).toEqual({
      'livekit_rtt_ms{incoming,UNKNOWN,UNKNOWN,}': [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 10_051],
      'livekit_quality_score{}': [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 8.25],
    });
  });
});

describe('a row is labelled', () => {
  test('with what was said of its track last, before what its recorder was opened with', () => {
    const bench = new Bench();
    const track = bench.track({ track: 'TR', country: 'DE', source: 4, type: 0 });
    bench.flush([track, { packets: 1 }, 'video/VP8']);
    bench.tracks.set('TR', 1, 1);
    bench.flush([track, { packets: 1 }, 'audio/opus']);
    bench.tracks.set('TR', 3, 1);
    bench.flush([track, { packets: 1 }, 'audio/opus']);
    expect(bench.sets()).toEqual([
      'incoming,SCREEN_SHARE_AUDIO,AUDIO,DE',
      'incoming,CAMERA,VIDEO,DE',
      'incoming,SCREEN_SHARE,VIDEO,DE',
    ]);
  });

  test.each([
    ['audio/opus', 'AUDIO'],
    ['VIDEO/vp8', 'VIDEO'],
    ['audio', 'UNKNOWN'],
    ['', 'UNKNOWN'],
    ['application/x', 'UNKNOWN'],
  ])('of whom nothing was said, with what %j begins with: %s', (mime, type) => {
    const bench = new Bench();
    bench.flush([bench.track(), { packets: 1 }, mime]);
    expect(bench.sets()).toEqual([`incoming,UNKNOWN,${type},`]);
  });

  test('as unknown, where a later protocol has sources and types of its own', () => {
    const bench = new Bench();
    bench.tracks.set('TR', 17, 9);
    bench.flush([bench.track(), { packets: 1 }]);
    expect(bench.sets()).toEqual(['incoming,UNKNOWN,UNKNOWN,']);
  });
});

describe('what was counted', () => {
  test('is what was committed: a window that is written again counts once', () => {
    const bench = new Bench();
    const [one, two] = [bench.track(), bench.track({ direction: DOWNSTREAM })];
    bench.flush([one, { packets: 10, lost: 1 }]);
    bench.write([two, { packets: 10, lost: 5 }], [one, { packets: 10, lost: 3 }]);
    bench.write([one, { packets: 10, lost: 3 }], [two, { packets: 10, lost: 5 }]);
    expect(bench.values()['livekit_packet_loss_total{incoming,UNKNOWN,UNKNOWN,}']).toBe(1);
    bench.ledger.commit();
    expect(bench.sets()).toEqual(['incoming,UNKNOWN,UNKNOWN,', 'outgoing,UNKNOWN,UNKNOWN,']);
    expect(bench.values()).toMatchObject({
      'livekit_packet_loss_total{incoming,UNKNOWN,UNKNOWN,}': 4,
      'livekit_packet_loss_total{outgoing,UNKNOWN,UNKNOWN,}': 5,
    });
  });

  test('goes on in the same series in a thread that starts anew', () => {
    const bench = new Bench();
    bench.flush(
      [bench.track({ country: 'NZ' }), { packets: 1, lost: 1 }],
      [bench.track(), { packets: 1, lost: 1 }],
    );
    bench.observer = new StreamObserver(bench.tracks);
    bench.flush(
      [bench.track(), { packets: 1, lost: 1 }],
      [bench.track({ country: 'NZ' }), { packets: 1, lost: 4 }],
    );
    expect(bench.sets()).toEqual(['incoming,UNKNOWN,UNKNOWN,NZ', 'incoming,UNKNOWN,UNKNOWN,']);
    expect(bench.values()).toMatchObject({
      'livekit_packet_loss_total{incoming,UNKNOWN,UNKNOWN,NZ}': 5,
      'livekit_packet_loss_total{incoming,UNKNOWN,UNKNOWN,}': 2,
    });
  });

  test('of countries without a place is of "other" ones, with all other labels as they are, and how often', () => {
    const bench = new Bench();
    const countries = Array.from({ length: 400 }, (_, n) =>
      String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26)),
    );
    const tracks = countries.map((country) => bench.track({ country, source: 1, type: 1 }));
    const late = [UPSTREAM, DOWNSTREAM].flatMap((direction) =>
      [0, 1, 2, 3, 4].flatMap((source) =>
        [0, 1, 2].map((type) => bench.track({ country: 'ZZ', direction, source, type })),
      ),
    );
    for (let n = 0; n < 2; n++)
      bench.flush(...[...tracks, ...late].map((track) => [track, { packets: 1, lost: 1 }] as const));
    const values = bench.values();
    expect(values['livekit_packet_loss_total{incoming,CAMERA,VIDEO,AA}']).toBe(2);
    expect(values['livekit_packet_loss_total{incoming,CAMERA,VIDEO,other}']).toBe(2 * (400 - 216 + 1));
    expect(values['livekit_packet_loss_total{outgoing,MICROPHONE,AUDIO,other}']).toBe(2);
    expect(bench.sets()).toHaveLength(216 + 30);
    expect(bench.metrics.overflowed).toBe(2 * (400 - 216 + 30));
    expect(Object.keys(values).filter((name) => /loss_total/.test(name))).toHaveLength(216 + 30);
  });
});
