import { AnalyticsStat, AnalyticsStats } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { encodedStats, StatDecoder } from '../../../dist/src/cli/demo/stat-decoder.js';

function statsNamed(names: readonly string[]): AnalyticsStats {
  return new AnalyticsStats({ stats: names.map((trackId) => new AnalyticsStat({ trackId })) });
}

describe('the stat decoder', () => {
  test('cuts an encoded AnalyticsStats into its stats, short ones and long ones', () => {
    const stats = statsNamed(['', 'a', 'b'.repeat(200), 'c'.repeat(70_000), '']);
    const cut = [...encodedStats(stats.toBinary())].map((one) => AnalyticsStat.fromBinary(one));
    expect(cut).toEqual(stats.stats);
    expect([...encodedStats(new Uint8Array())]).toEqual([]);
  });

  test('refuses bytes that are no AnalyticsStats', () => {
    expect(() => [...encodedStats(Uint8Array.of(0x12, 0))]).toThrow('no stat at byte 0');
  });

  test('gives whole snapshots in order, and lets the loop turn within a large one', async () => {
    const taken: number[] = [];
    const decoder = new StatDecoder((stats) => taken.push(stats.length));
    const large = statsNamed(Array.from({ length: 30_000 }, (_, i) => `TR_${i}`));
    decoder.add(large.toBinary());
    decoder.add(statsNamed(['a']).toBinary());
    let turns = 0;
    let isSettled = false;
    const settled = decoder.settled().then(() => {
      isSettled = true;
    });
    while (!isSettled) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    await settled;
    expect(taken).toEqual([30_000, 1]);
    expect(turns).toBeGreaterThan(2);
  });
});
