import { describe, expect, test } from 'vitest';
import { type ReferenceBooks, referenceReplay } from './reference.js';
import type { ReferenceTotals } from './reference-sample.js';
import { generateTrace } from './trace-generator.js';
import type { Count, TraceLine } from './trace-line.js';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);
const TRACES = SEEDS.map((seed) => generateTrace(seed, 500));
const LINES = TRACES.flat();
const STREAMS = LINES.flatMap(({ streams }) => streams ?? []);

const NO_ROOM = [
  'flush',
  'egress_started',
  'egress_ended',
  'ingress_created',
  'report',
  'api_call',
  'node_rooms',
];

function isWhole(count: Count): boolean {
  return /^-?\d+$/.test(String(count)) && Number.isSafeInteger(Number(count));
}

function plus(...books: ReferenceBooks[]): ReferenceBooks {
  const totals = (direction: 'UPSTREAM' | 'DOWNSTREAM'): ReferenceTotals => ({
    samples: books.reduce((sum, book) => sum + book[direction].samples, 0),
    messages: books.reduce((sum, book) => sum + book[direction].messages, 0),
    packets: books.reduce((sum, book) => sum + book[direction].packets, 0),
    bytes: books.reduce((sum, book) => sum + book[direction].bytes, 0),
  });
  return { UPSTREAM: totals('UPSTREAM'), DOWNSTREAM: totals('DOWNSTREAM') };
}

describe('a generated trace', () => {
  test('is the same for the same seed and another for another', () => {
    expect(generateTrace(3, 500)).toEqual(TRACES[3]);
    expect(new Set(TRACES.map((trace) => JSON.stringify(trace))).size).toBe(SEEDS.length);
  });

  test("is a longer one's beginning", () => {
    expect(generateTrace(5, 1200).slice(0, 500)).toEqual(TRACES[5]);
  });

  test('has as many lines as asked for, in order of time', () => {
    for (const trace of TRACES) {
      expect(trace).toHaveLength(500);
      expect(trace.every(({ t }) => Number.isSafeInteger(t))).toBe(true);
      expect(trace.map(({ t }) => t)).toEqual(trace.map(({ t }) => t).sort((a, b) => a - b));
    }
  });

  test('has on each line what its op requires', () => {
    const lacks = (line: TraceLine): boolean => {
      const { op } = line;
      if (NO_ROOM.includes(op)) return op !== 'flush' && line.info === undefined;
      if (line.room === undefined) return true;
      if (!op.startsWith('room_') && line.participant === undefined) return true;
      if ((op.startsWith('track_') || op === 'rtp') && line.track === undefined) return true;
      if (op === 'rtp') return line.direction === undefined || line.streams === undefined;
      if (op === 'data' || op === 'signal') return line.direction === undefined || line.bytes === undefined;
      return false;
    };
    expect(LINES.filter(lacks)).toEqual([]);
  });

  test('holds nothing that is bad input', () => {
    const counts: Count[] = [];
    for (const { ssrc, rtt, jitter, packetsLost, videoLayers = [], ...counters } of STREAMS) {
      counts.push(...Object.values(counters), ssrc ?? 0, rtt ?? 0, jitter ?? 0);
      for (const { layer, ...layerCounters } of videoLayers) {
        expect([0, 1, 2, 3]).toContain(layer);
        counts.push(...Object.values(layerCounters));
      }
      expect(isWhole(packetsLost ?? 0)).toBe(true);
      expect(ssrc ?? 0).toBeLessThan(2 ** 32);
    }
    expect(counts.length).toBeGreaterThan(10_000);
    expect(counts.filter((count) => !isWhole(count) || Number(count) < 0)).toEqual([]);
    expect(LINES.filter(({ score }) => score !== undefined && !Number.isFinite(score))).toEqual([]);
  });

  test('names an SSRC once a line, and a layer once a stream', () => {
    for (const { streams = [] } of LINES) {
      expect(new Set(streams.map(({ ssrc }) => ssrc ?? 0)).size).toBe(streams.length);
      for (const { videoLayers = [] } of streams) {
        expect(new Set(videoLayers.map(({ layer }) => layer)).size).toBe(videoLayers.length);
      }
    }
  });

  test('has scores whose sum is the same double in whatever order they are added', () => {
    const scores = LINES.map(({ score = 0 }) => Math.fround(score)).filter((score) => score > 0);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const ascending = scores.toSorted((a, b) => a - b);
    expect(sum(ascending)).toBe(sum(scores));
    expect(sum(ascending.toReversed())).toBe(sum(scores));
  });

  test('has books that balance in numbers a double holds', () => {
    for (const trace of TRACES) {
      const { recorded, reported, dropped } = referenceReplay(trace).summary;
      expect(plus(reported, dropped.invalid, dropped.unattributed)).toEqual(recorded);
      for (const totals of Object.values(recorded)) {
        expect(Object.values(totals).every((total) => Number.isSafeInteger(total))).toBe(true);
      }
    }
  });
});

describe('twenty generated traces', () => {
  const summaries = TRACES.map((trace) => referenceReplay(trace).summary);
  const stats = TRACES.flatMap((trace) => referenceReplay(trace).flushes.flatMap((flush) => flush.stats));
  const some = (name: string, holds: (line: TraceLine, index: number) => boolean) =>
    expect(LINES.filter(holds).length, name).toBeGreaterThan(5);

  test('have every op that decides a stat, and others', () => {
    const ops = new Set(LINES.map(({ op }) => op));
    for (const op of [
      'room_started',
      'room_ended',
      'rtp',
      'data',
      'signal',
      'flush',
      'track_published',
      'report',
    ]) {
      expect(ops, op).toContain(op);
    }
    for (const op of ['joined', 'active', 'resumed', 'left']) expect(ops, op).toContain(`participant_${op}`);
  });

  test('have samples reported, invalid and unattributed, of which most are reported', () => {
    const samples = (books: ReferenceBooks) => books.UPSTREAM.samples + books.DOWNSTREAM.samples;
    const sum = (of: (summary: (typeof summaries)[0]) => ReferenceBooks) =>
      summaries.reduce((total, summary) => total + samples(of(summary)), 0);
    expect(sum(({ reported }) => reported)).toBeGreaterThan(3000);
    expect(sum(({ dropped }) => dropped.invalid)).toBeGreaterThan(100);
    expect(sum(({ dropped }) => dropped.unattributed)).toBeGreaterThan(500);
  });

  test('have times that are equal, on a flush, beside it, and minutes apart', () => {
    const gap = (line: TraceLine, index: number) => line.t - (LINES[index - 1]?.t ?? 0);
    some('equal', (line, index) => gap(line, index) === 0);
    some('on a flush', ({ t }) => t > 0 && t % 30_000 === 0);
    some('before a flush', ({ t }) => t % 30_000 === 29_999);
    some('after a flush', ({ t }) => t % 30_000 === 1);
    some('two windows apart', (line, index) => gap(line, index) > 60_000);
    some('longer than a closed participant is kept', (line, index) => gap(line, index) > 180_000);
  });

  test('have every form a sample can take', () => {
    some('cumulative by default', ({ op, counters }) => op === 'rtp' && counters === undefined);
    some('cumulative by name', ({ counters }) => counters === 'cumulative');
    some('delta', ({ counters }) => counters === 'delta');
    some('no streams', ({ streams }) => streams?.length === 0);
    some('several streams', ({ streams = [] }) => streams.length > 1);
    some('no ssrc', ({ streams = [] }) => streams.some(({ ssrc }) => ssrc === undefined));
    some('loss as a large u32', ({ streams = [] }) =>
      streams.some((s) => Number(s.packetsLost) > 2 ** 32 - 100),
    );
    some('loss below zero', ({ streams = [] }) => streams.some((s) => Number(s.packetsLost) < 0));
    some('numbers as strings', ({ streams = [] }) => streams.some((s) => typeof s.primaryBytes === 'string'));
    some('an empty track sid', ({ op, track }) => op === 'rtp' && track === '');
    some('no mime', ({ op, mimeType }) => op === 'rtp' && mimeType === undefined);
    some('a negative score', ({ score = 0 }) => score < 0);
    some('rtt beyond 32 bits', ({ streams = [] }) => streams.some(({ rtt = 0 }) => rtt >= 2 ** 32));
    some('no messages', ({ messages }) => messages === 0);
    some('data on a track of its own', ({ op, track }) => op === 'data' && track !== undefined);
    some('a guard by name', ({ op, ref }) => op === 'participant_joined' && ref === 'signal');
    some('a left without event', ({ op, sendEvent }) => op === 'participant_left' && sendEvent === false);
  });

  test('have stats with every part, some at the most a field can hold', () => {
    const streams = stats.map(({ streams }) => (streams as Record<string, unknown>[])[0]!);
    const atLeast = (name: string, count: number) => expect(count, name).toBeGreaterThan(5);
    atLeast('loss', streams.filter(({ packetsLost }) => packetsLost !== undefined).length);
    atLeast('layers', streams.filter(({ videoLayers }) => videoLayers !== undefined).length);
    atLeast('saturated', streams.filter((stream) => Object.values(stream).includes(2 ** 32 - 1)).length);
    atLeast('nothing', streams.filter((stream) => Object.keys(stream).length === 2).length);
    atLeast('unequal scores', stats.filter((stat) => stat.score !== stat.minScore).length);
    atLeast('no name', stats.filter(({ roomName }) => roomName === undefined).length);
    atLeast('a name beyond ASCII', stats.filter(({ roomName }) => roomName === 'Zürich 🎥').length);
  });

  test('have windows with more scores than a slot and its first blocks hold', () => {
    const scores = new Map<string, number>();
    TRACES.forEach((trace, index) => {
      for (const { t, op, room, participant, track, direction, score = 0 } of trace) {
        if (op !== 'rtp' || score <= 0) continue;
        const sids = [room, participant, track].map((ref) => (typeof ref === 'object' ? ref.sid : ref));
        const key = JSON.stringify([index, Math.floor(t / 30_000), ...sids, direction]);
        scores.set(key, (scores.get(key) ?? 0) + 1);
      }
    });
    expect(Math.max(...scores.values())).toBeGreaterThan(20 + 16);
    expect(new Set(scores.values()).size).toBeGreaterThan(15);
  });
});
