import { describe, expect, test } from 'vitest';
import { LabelOverflow } from '../../../dist/src/exporters/prometheus/label-overflow.js';
import { TrackMetrics } from '../../../dist/src/exporters/prometheus/track-metrics.js';
import { FrameType } from '../../../dist/src/memory/frames.js';
import { Direction } from '../../../dist/src/memory/totals.js';
import { SlotDirectory, type SlotEntry } from '../../../dist/src/snapshot/slot-directory.js';
import { TrackTraffic, type TrackTrafficOptions } from '../../../dist/src/snapshot/track-traffic.js';
import { valuesOf } from '../../helpers/metric-values.js';
import { RecordingBench } from '../../helpers/recording.js';

const { UPSTREAM, DOWNSTREAM } = Direction;
const ALL: TrackTrafficOptions = { perRoom: true, perTrack: true, maxSeries: 1_000 };
const STREAM = {
  ...{ primaryPackets: 10, primaryBytes: 1000, paddingPackets: 2, paddingBytes: 20 },
  ...{ retransmitPackets: 1, retransmitBytes: 100 },
};

/** A recording thread, and the series of its tracks. */
class Bench extends RecordingBench {
  readonly slotDirectory = new SlotDirectory<SlotEntry>(1);
  readonly traffic: TrackTraffic;
  readonly metrics: TrackMetrics;

  constructor(options: Partial<TrackTrafficOptions> = {}) {
    super({ laneSlots: 8 });
    const entries = () => {
      for (const frame of this.readEvents()) {
        if (frame[0] !== FrameType.SLOT) continue;
        const [, shard, slot, generation, identity] = frame;
        this.slotDirectory.set({ shard, slot, generation, identity });
      }
      return this.slotDirectory.inOrder();
    };
    const laneSlots = this.shard.memory.layout.laneSlots;
    this.traffic = new TrackTraffic([{ cells: this.memory.cells }], laneSlots, entries, {
      ...ALL,
      ...options,
    });
    this.metrics = new TrackMetrics(this.traffic);
  }

  values(): Record<string, number | readonly number[]> {
    return valuesOf(this.metrics.collect());
  }

  /** A flush, as the timer thread does it: counted, then given back. */
  override flush(): [] {
    this.thread.publishAll();
    this.shard.request();
    this.drain();
    this.traffic.update();
    this.take();
    this.thread.publishAll();
    return [];
  }
}

describe('series of tracks and rooms', () => {
  test('say all that was sent, padding and repetition too, in each direction', () => {
    const bench = new Bench();
    bench.openTrack({ track: 'TR_1' }).recordDelta({ streams: [STREAM] });
    bench.openTrack({ track: 'TR_2' }).recordDelta({ streams: [{ primaryPackets: 100 }] });
    bench
      .openTrack({ track: 'TR_1', participant: 'PA_2', direction: DOWNSTREAM })
      .recordDelta({ streams: [STREAM] });
    expect(bench.values()).toEqual({
      'sfu_stats_track_packets_total{RM_1,PA_1,TR_1,incoming}': 13,
      'sfu_stats_track_bytes_total{RM_1,PA_1,TR_1,incoming}': 1120,
      'sfu_stats_track_packets_total{RM_1,PA_1,TR_2,incoming}': 100,
      'sfu_stats_track_bytes_total{RM_1,PA_1,TR_2,incoming}': 0,
      'sfu_stats_track_packets_total{RM_1,PA_2,TR_1,outgoing}': 13,
      'sfu_stats_track_bytes_total{RM_1,PA_2,TR_1,outgoing}': 1120,
      'sfu_stats_room_packets_total{RM_1,incoming}': 113,
      'sfu_stats_room_bytes_total{RM_1,incoming}': 1120,
      'sfu_stats_room_packets_total{RM_1,outgoing}': 13,
      'sfu_stats_room_bytes_total{RM_1,outgoing}': 1120,
    });
  });

  test('end with their track, and their room with its last track; what ended tracks brought stays in the room', () => {
    const bench = new Bench();
    const one = bench.openTrack({ track: 'TR_1' });
    const two = bench.openTrack({ track: 'TR_2' });
    one.recordDelta({ streams: [{ primaryPackets: 1 }] });
    two.recordDelta({ streams: [{ primaryPackets: 20 }] });
    bench.values();
    one.recordDelta({ streams: [{ primaryPackets: 300 }] });
    one.close();
    bench.flush();
    const packets = () => Object.entries(bench.values()).filter(([name]) => /packets/.test(name));
    expect(Object.fromEntries(packets())).toEqual({
      'sfu_stats_track_packets_total{RM_1,PA_1,TR_2,incoming}': 20,
      'sfu_stats_room_packets_total{RM_1,incoming}': 321,
    });
    two.close();
    bench.flush();
    expect(bench.values()).toEqual({});
    expect([...bench.traffic.tracks, ...bench.traffic.rooms], 'nothing is kept').toEqual([]);
  });

  test('go on where a track is closed and opened again', () => {
    const bench = new Bench();
    const first = bench.openTrack();
    first.recordDelta({ streams: [{ primaryPackets: 5 }] });
    first.close();
    bench.openTrack().recordDelta({ streams: [{ primaryPackets: 70 }] });
    const name = 'sfu_stats_track_packets_total{RM_1,PA_1,TR_1,incoming}';
    expect(bench.values()[name]).toBe(75);
    bench.flush();
    bench.flush();
    expect(bench.thread.slots.inUse).toBe(1);
    expect(bench.values()[name]).toBe(75);
  });

  test('do not fall where messages turn out to be unattributed', () => {
    const bench = new Bench({ perRoom: false });
    const data = bench.openData();
    data.addBytes(UPSTREAM, 100);
    bench.thread.publishAll();
    bench.directory.setKnown('PA_1', false);
    data.addBytes(UPSTREAM, 1);
    const name = 'sfu_stats_track_bytes_total{RM_1,PA_1,TR_DTPA_1,incoming}';
    expect(bench.values()[name]).toBe(101);
    bench.thread.publishAll();
    expect(bench.values()[name]).toBe(101);
    bench.directory.setKnown('PA_1', true);
    data.addBytes(UPSTREAM, 20);
    expect(bench.values()[name]).toBe(121);
  });

  test('are those that were asked for', () => {
    for (const [options, names] of [
      [{ perTrack: false }, ['room']],
      [{ perRoom: false }, ['track']],
      [{ perRoom: false, perTrack: false }, []],
    ] as const) {
      const bench = new Bench(options);
      bench.openTrack();
      const kinds = Object.keys(bench.values()).map((name) => name.split('_')[2]);
      expect([...new Set(kinds)]).toEqual(names);
    }
  });

  test('are no more than asked for: what has no room is counted, and comes in when there is', () => {
    const bench = new Bench({ perRoom: false, maxSeries: 2 });
    const tracks = ['TR_1', 'TR_2', 'TR_3', 'TR_4'].map((track) => bench.openTrack({ track }));
    for (const track of tracks) track.recordDelta({ streams: [{ primaryPackets: 3 }] });
    bench.values();
    expect([...bench.traffic.tracks].map(({ identity }) => identity.track)).toEqual(['TR_1', 'TR_2']);
    bench.values();
    const overflow = new LabelOverflow(['track', 'traffic', bench.traffic]);
    expect(valuesOf(overflow.collect())).toEqual({ 'sfu_stats_label_overflow_total{track,traffic}': 2 });
    tracks[0]!.close();
    bench.flush();
    expect(bench.values()).toMatchObject({ 'sfu_stats_track_packets_total{RM_1,PA_1,TR_2,incoming}': 3 });
    expect(bench.values()).toMatchObject({ 'sfu_stats_track_packets_total{RM_1,PA_1,TR_3,incoming}': 3 });
    expect(bench.traffic.overflowed).toBe(2);
  });

  test('tell hostile names apart', () => {
    const bench = new Bench();
    for (const [participant, track] of [
      ['a","b', 'c'],
      ['a', 'b","c'],
      ['"}\n{', '<script>'],
    ] as const) {
      bench.openTrack({ participant, track });
    }
    expect([...bench.traffic.tracks]).toEqual([]);
    bench.traffic.update();
    expect([...bench.traffic.tracks]).toHaveLength(3);
  });
});
