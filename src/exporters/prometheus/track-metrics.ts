import type { TrackTraffic, Traffic } from '../../snapshot/track-traffic.js';
import type { MetricFamily, MetricSource } from './families.js';
import { DIRECTION_LABELS } from './packet-metrics.js';

const TRACK_LABELS = ['room', 'participant', 'track', 'direction'] as const;
const ROOM_LABELS = ['room', 'direction'] as const;

/** Series of single tracks and rooms, for those who asked for them; they end with their track or room. Timer thread. */
export class TrackMetrics implements MetricSource {
  readonly #traffic: TrackTraffic;

  constructor(traffic: TrackTraffic) {
    this.#traffic = traffic;
  }

  collect(): readonly MetricFamily[] {
    const traffic = this.#traffic;
    traffic.update();
    const tracks = [...traffic.tracks];
    const rooms = [...traffic.rooms];
    const families = [
      family('sfu_stats_track_packets_total', 'Packets of a track.', TRACK_LABELS, tracks, 'packets'),
      family('sfu_stats_track_bytes_total', 'Bytes of a track.', TRACK_LABELS, tracks, 'bytes'),
      family('sfu_stats_room_packets_total', 'Packets of a room.', ROOM_LABELS, rooms, 'packets'),
      family('sfu_stats_room_bytes_total', 'Bytes of a room.', ROOM_LABELS, rooms, 'bytes'),
    ];
    return families.filter(({ series }) => series.length > 0);
  }
}

function family(
  name: string,
  help: string,
  labelNames: typeof TRACK_LABELS | typeof ROOM_LABELS,
  traffic: readonly Traffic[],
  counted: 'packets' | 'bytes',
): MetricFamily {
  const series = traffic.map((one) => {
    const { room, participant, track, direction } = one.identity;
    const values = {
      room: room.sid,
      participant: participant.sid,
      track,
      direction: DIRECTION_LABELS[direction],
    };
    return { labels: labelNames.map((label) => values[label]), value: one[counted] };
  });
  return { type: 'counter', name, help, labelNames, series };
}
