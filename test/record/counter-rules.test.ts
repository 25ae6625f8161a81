import { describe, expect, test } from 'vitest';
import { RecordResult } from '../../dist/src/record/result.js';
import type { StreamSample } from '../../dist/src/record/sample.js';
import { RecordingBench, type ReportedRow } from '../helpers/recording.js';
import { TOTAL_NAMES } from '../helpers/shard.js';

const U32 = 2 ** 32;

/** Counters that count in u32, and those that count bytes. */
const COUNTERS = TOTAL_NAMES.filter(
  (name) => name !== 'samples' && name !== 'packetsLost' && !name.endsWith('Bytes'),
);
const BYTE_COUNTERS = TOTAL_NAMES.filter((name) => name.endsWith('Bytes'));

/** A track of which a test records samples, one after the other, and flushes when it likes. */
function aTrack() {
  const bench = new RecordingBench();
  const track = bench.openTrack();
  return {
    record: (...streams: StreamSample[]): RecordResult => track.record({ streams }),
    recordDelta: (...streams: StreamSample[]): RecordResult => track.recordDelta({ streams }),
    row(): ReportedRow {
      const [row, ...others] = bench.flush();
      expect(others).toEqual([]);
      return row!;
    },
  };
}

describe('a cumulative counter', () => {
  test.each([...COUNTERS, ...BYTE_COUNTERS])('%s counts in full when it is first seen', (counter) => {
    const { record, row } = aTrack();
    record({ ssrc: 1, [counter]: 1000 });
    expect(row().deltas[counter]).toBe(1000);
  });

  test.each([...COUNTERS, ...BYTE_COUNTERS])('%s counts what was added since', (counter) => {
    const { record, row } = aTrack();
    record({ ssrc: 1, [counter]: 1000 });
    row();
    record({ ssrc: 1, [counter]: 1030 });
    record({ ssrc: 1, [counter]: 1100 });
    expect(row().deltas[counter]).toBe(100);
  });

  test.each(COUNTERS)('%s wraps from the last sixteenth of u32 into the first', (counter) => {
    const { record, row } = aTrack();
    record({ [counter]: 2 ** 31 - 1 });
    record({ [counter]: U32 - 10 });
    row();
    record({ [counter]: 90 });
    expect(row().deltas[counter]).toBe(100);
  });

  test.each(COUNTERS)('%s restarts from zero when it steps back from elsewhere', (counter) => {
    const { record, row } = aTrack();
    record({ [counter]: 5000 });
    row();
    record({ [counter]: 20 });
    expect(row().deltas[counter]).toBe(20);
  });

  test.each(BYTE_COUNTERS)('%s never wraps: a step back is a restart', (counter) => {
    const { record, row } = aTrack();
    record({ [counter]: U32 - 10 });
    row();
    record({ [counter]: 90 });
    expect(row().deltas[counter]).toBe(90);
  });

  test('that is absent says nothing: its total stays where it was', () => {
    const { record, row } = aTrack();
    record({ primaryPackets: 100, frames: 30 });
    record({ frames: 40 });
    record({ primaryPackets: 130 });
    expect(row().deltas).toMatchObject({ primaryPackets: 130, frames: 40 });
  });

  test('stands for itself: another that restarts does not touch it', () => {
    const { record, row } = aTrack();
    record({ primaryPackets: 1000, primaryBytes: 90_000, nacks: 7 });
    row();
    record({ primaryPackets: 3, primaryBytes: 90_500, nacks: 8 });
    expect(row().deltas).toMatchObject({ primaryPackets: 3, primaryBytes: 500, nacks: 1 });
  });

  test('of one SSRC stands for itself: another SSRC has its own totals', () => {
    const { record, row } = aTrack();
    record({ ssrc: 1, primaryPackets: 1000 }, { ssrc: 2, primaryPackets: 50 });
    row();
    record({ ssrc: 2, primaryPackets: 60 }, { ssrc: 1, primaryPackets: 1001 });
    expect(row().deltas.primaryPackets).toBe(11);
  });

  test('of an SSRC that comes later counts in full', () => {
    const { record, row } = aTrack();
    record({ ssrc: 1, primaryPackets: 1000 });
    row();
    record({ ssrc: 9, primaryPackets: 4 }, { ssrc: 1, primaryPackets: 1000 });
    expect(row().deltas.primaryPackets).toBe(4);
  });

  test('of an SSRC that was gone for a while goes on where it was', () => {
    const { record, row } = aTrack();
    record({ ssrc: 1, primaryPackets: 1000 });
    record({ ssrc: 2, primaryPackets: 10 });
    row();
    record({ ssrc: 1, primaryPackets: 1010 });
    expect(row().deltas.primaryPackets).toBe(10);
  });

  test('of a stream without an ssrc is that of SSRC 0', () => {
    const { record, row } = aTrack();
    record({ primaryPackets: 100 });
    record({ ssrc: 0, primaryPackets: 130 });
    expect(row().deltas.primaryPackets).toBe(130);
  });

  test('named twice in one sample goes from the first to the second', () => {
    const { record, row } = aTrack();
    record({ ssrc: 1, primaryPackets: 100 }, { ssrc: 1, primaryPackets: 130 });
    expect(row().deltas.primaryPackets).toBe(130);
  });
});

describe('a layer’s cumulative counter', () => {
  test('stands for itself, in each layer of each SSRC', () => {
    const { record, row } = aTrack();
    record({ ssrc: 1, layers: [{ layer: 0, bytes: 100 }] }, { ssrc: 2, layers: [{ layer: 0, bytes: 1000 }] });
    row();
    record(
      { ssrc: 1, layers: [{ layer: 0, bytes: 150, packets: 9 }] },
      {
        ssrc: 2,
        layers: [
          { layer: 0, bytes: 30 },
          { layer: 1, bytes: 7 },
        ],
      },
    );
    expect(row().layers.slice(0, 2)).toEqual([
      [9, 80, 0],
      [0, 7, 0],
    ]);
  });

  test('wraps where it counts packets or frames, never where it counts bytes', () => {
    const { record, row } = aTrack();
    const edge = U32 - 10;
    record({ layers: [{ layer: 3, packets: 2 ** 31 - 1, frames: 2 ** 31 - 1 }] });
    record({ layers: [{ layer: 3, packets: edge, bytes: edge, frames: edge }] });
    row();
    record({ layers: [{ layer: 3, packets: 90, bytes: 90, frames: 90 }] });
    expect(row().layers[3]).toEqual([100, 90, 100]);
  });

  test('that is absent says nothing', () => {
    const { record, row } = aTrack();
    record({ layers: [{ layer: 1, bytes: 100 }] });
    record({ layers: [{ layer: 1 }] });
    record({});
    record({ layers: [{ layer: 1, bytes: 130 }] });
    expect(row().layers[1]).toEqual([0, 130, 0]);
  });
});

describe('a delta', () => {
  test('adds up as it is, whatever was there before', () => {
    const { recordDelta, row } = aTrack();
    recordDelta({ ssrc: 1, primaryPackets: 100, layers: [{ layer: 0, bytes: 5 }] });
    recordDelta({ ssrc: 1, primaryPackets: 30, layers: [{ layer: 0, bytes: 5 }] }, { primaryPackets: 1 });
    expect(row()).toMatchObject({
      deltas: { samples: 2, primaryPackets: 131 },
      layers: [[0, 10, 0], expect.anything(), expect.anything(), expect.anything()],
    });
  });

  test('leaves the running totals of its SSRC as they were', () => {
    const { record, recordDelta, row } = aTrack();
    record({ ssrc: 1, primaryPackets: 1000, packetsLost: 10, layers: [{ layer: 0, bytes: 500 }] });
    recordDelta({ ssrc: 1, primaryPackets: 7, packetsLost: 2, layers: [{ layer: 0, bytes: 3 }] });
    record({ ssrc: 1, primaryPackets: 1100, packetsLost: 11, layers: [{ layer: 0, bytes: 600 }] });
    const { deltas, layers } = row();
    expect(deltas).toMatchObject({ primaryPackets: 1107, packetsLost: 13 });
    expect(layers[0]).toEqual([0, 603, 0]);
  });
});

describe('a sample', () => {
  test('counts though nothing grew and though it has no streams: a window of zeros', () => {
    const { record, recordDelta, row } = aTrack();
    expect(record()).toBe(RecordResult.RECORDED);
    expect(row().deltas).toMatchObject({ samples: 1, primaryPackets: 0 });
    record({ primaryPackets: 10 });
    row();
    record({ primaryPackets: 10 });
    recordDelta({ primaryPackets: 0 });
    expect(row().deltas).toMatchObject({ samples: 2, primaryPackets: 0 });
  });

  test('can have more SSRCs than a track usually has, in any order', () => {
    const { record, row } = aTrack();
    const streams = (total: number): StreamSample[] =>
      Array.from({ length: 12 }, (_, ssrc) => ({ ssrc: 100 + ssrc, primaryPackets: total + ssrc }));
    record(...streams(10));
    record(...streams(20).reverse());
    record(...streams(30).slice(3), ...streams(30).slice(0, 3));
    const first = streams(30).reduce((sum, { primaryPackets }) => sum + primaryPackets!, 0);
    expect(row().deltas.primaryPackets).toBe(first);
  });
});
